/** How the client keeps to Pipedrive's limits. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import type { Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { counted, makePipedrive, reasonOf } from "../net/clients.ts"
import { activity, newest, resumeOf, world } from "./client.ts"

it.effect("an answer whose body breaks off reports the day's budget in its head", () =>
  Effect.gen(function* () {
    const { deal, pipedrive, fake } = yield* world()
    const headers = { "x-daily-ratelimit-token-limit": "30000", "x-daily-ratelimit-token-remaining": "17" }
    fake.injectFault({ kind: "respond", status: 200, ending: "cut", headers: () => headers })
    assert.strictEqual((yield* reasonOf(pipedrive.deal(deal)))._tag, "OutcomeUnknown")
    assert.strictEqual(Option.getOrThrow(yield* pipedrive.budget).left, 17)
  })
)

describe("a 429", () => {
  const call = (pipedrive: Pipedrive["Service"], deal: number) =>
    Effect.map(reasonOf(pipedrive.createActivity(activity(deal))), resumeOf)

  it.effect("of the burst is waited for as long as its headers say, and at least two seconds", () =>
    Effect.gen(function* () {
      for (const [resetInSeconds, until] of [
        [1, 2_000],
        [2, 2_000],
        [7, 7_000]
      ] as const) {
        const { deal, pipedrive, fake } = yield* world()
        fake.injectFault({ kind: "burst-limit", resetInSeconds })
        assert.deepStrictEqual(yield* call(pipedrive, deal), ["BurstLimited", until])
      }
      const { deal, pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "status", status: 429, headers: { "retry-after": "9", "x-ratelimit-reset": "3" } })
      assert.deepStrictEqual(yield* call(pipedrive, deal), ["BurstLimited", 9_000])
    })
  )

  it.effect("of the day is waited for until just after midnight, and nothing is sent before", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      yield* TestClock.adjust("30 hours")
      fake.setDailyTokens(0)
      const midnight = 2 * 86_400_000 + 60_000
      assert.deepStrictEqual(yield* call(pipedrive, deal), ["BudgetSpent", midnight])
      assert.strictEqual(Option.getOrThrow(yield* pipedrive.budget).left, 0)
      fake.clearRequests()
      for (const other of [
        pipedrive.deal(deal),
        pipedrive.searchDeals("x", { isWholeTitle: true }),
        newest(pipedrive, deal)
      ]) {
        assert.deepStrictEqual(resumeOf(yield* reasonOf(other as Effect.Effect<unknown, Effect.Error<typeof other>>)), [
          "BudgetSpent",
          midnight
        ])
      }
      yield* TestClock.setTime(midnight - 15_001)
      yield* call(pipedrive, deal)
      assert.deepStrictEqual(fake.requests, [])
      yield* TestClock.setTime(midnight)
      yield* pipedrive.createActivity(activity(deal))
      assert.strictEqual(fake.activities.length, 1)
    })
  )

  it.effect("without headers is taken for the burst's, and the third in a row for the day's", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ burst: false, dailyTokens: false })
      const refuse = () => fake.injectFault({ kind: "status", status: 429 })
      const next = Effect.gen(function* () {
        const found = yield* call(pipedrive, deal)
        yield* TestClock.setTime(found[1] ?? 0)
        return found
      })
      refuse()
      assert.deepStrictEqual(yield* next, ["BurstLimited", 2_000])
      refuse()
      assert.deepStrictEqual(yield* next, ["BurstLimited", 4_000])
      refuse()
      // An hour, not the rest of the day, since it is a guess.
      assert.deepStrictEqual(yield* next, ["BudgetSpent", 4_000 + 3_600_000])
      // Any other response restarts the count.
      yield* pipedrive.createActivity(activity(deal))
      refuse()
      assert.strictEqual((yield* next)[0], "BurstLimited")
    })
  )

  it.effect("of the burst keeps later requests back as a limit of the burst, and never as a spent day", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "burst-limit", resetInSeconds: 60 })
      assert.deepStrictEqual(yield* call(pipedrive, deal), ["BurstLimited", 60_000])
      fake.clearRequests()
      assert.deepStrictEqual(yield* call(pipedrive, deal), ["BurstLimited", 60_000])
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  const bursts = [
    ["as the headers say", { kind: "burst-limit", resetInSeconds: 7 }],
    ["as retry-after alone says", { kind: "status", status: 429, headers: { "retry-after": "7" } }]
  ] as const
  it.effect.each(bursts)("of the burst delays the next request, %s", ([, fault]) =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      fake.injectFault(fault)
      yield* call(pipedrive, deal)
      fake.clearRequests()
      const waiting = yield* Effect.forkChild(pipedrive.createActivity(activity(deal)), { startImmediately: true })
      yield* TestClock.adjust("6999 millis")
      assert.deepStrictEqual(fake.requests, [])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(
        fake.requests.map(({ at }) => at),
        [7_000]
      )
    })
  )
})

describe("pacing", () => {
  /** Runs many calls against the clock: time only moves when every request that has left is answered. */
  const run = Effect.fnUntraced(function* <E>(
    fake: FakePipedrive,
    calls: (pipedrive: Pipedrive["Service"]) => ReadonlyArray<Effect.Effect<unknown, E>>
  ) {
    const { count, transport } = counted()
    const pipedrive = yield* makePipedrive(fake.url, { transport })
    const work = yield* Effect.forkChild(Effect.all(calls(pipedrive), { concurrency: "unbounded", discard: true }), {
      startImmediately: true
    })
    while (work.pollUnsafe() === undefined) {
      // A turn of the event loop lets answers arrive; no time passes in it.
      yield* Effect.promise(() => new Promise((turn) => setImmediate(turn)))
      if (count.left === count.answered && work.pollUnsafe() === undefined) yield* TestClock.adjust("50 millis")
    }
    yield* Fiber.join(work)
    return count
  })

  /** The most requests that any stretch of two seconds saw. */
  const busiest = (times: ReadonlyArray<number>) =>
    Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 2_000).length))

  it.effect(
    "keeps 200 creations within a burst limit of 20 in two seconds, without a single refusal or much idling",
    () =>
      Effect.gen(function* () {
        const { deal, fake } = yield* world({ burst: { limit: 20, windowMillis: 2_000 } })
        yield* run(fake, (pipedrive) =>
          Array.from({ length: 200 }, (_, n) => pipedrive.createActivity(activity(deal, { subject: `${n}` })))
        )
        assert.strictEqual(fake.count("POST", "/api/v2/activities", 200), 200)
        assert.strictEqual(fake.count(), 200)
        assert.strictEqual(new Set(fake.activities.map(({ subject }) => subject)).size, 200)
        const times = fake.requests.map(({ at }) => at)
        assert.isAtMost(busiest(times), 20)
        // 20 at once and then 20 every 2.1 seconds.
        assert.isAtMost(times.at(-1) ?? 0, 9 * 2_150)
      })
  )

  it.effect("sends few requests before the first response reports the limit", () =>
    Effect.gen(function* () {
      const { deal, fake } = yield* world({ burst: { limit: 12, windowMillis: 2_000 } })
      const { most } = yield* run(fake, (pipedrive) =>
        Array.from({ length: 40 }, () => pipedrive.createActivity(activity(deal)))
      )
      assert.isAtMost(most, 12)
      assert.strictEqual(fake.count(undefined, undefined, 429), 0)
    })
  )

  it.effect("leaves room for others who use the same token", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ burst: { limit: 20, windowMillis: 2_000 } })
      // Somebody else takes fifteen of the twenty.
      yield* Effect.forEach(Array.from({ length: 15 }), () => pipedrive.deal(deal))
      yield* run(fake, (own) => [
        Effect.andThen(
          own.deal(deal),
          Effect.all(
            Array.from({ length: 10 }, () => own.deal(deal)),
            { concurrency: "unbounded" }
          )
        )
      ])
      assert.strictEqual(fake.count(undefined, undefined, 429), 0)
      assert.isAtMost(busiest(fake.requests.map(({ at }) => at)), 20)
    })
  )

  it.effect("holds searches to ten in two seconds, whatever the plan allows otherwise", () =>
    Effect.gen(function* () {
      const { fake } = yield* world({ burst: { limit: 100, windowMillis: 2_000 } })
      yield* run(fake, (pipedrive) =>
        Array.from({ length: 35 }, () => pipedrive.searchDeals("octocat", { isWholeTitle: true }))
      )
      assert.strictEqual(fake.count("GET", "/api/v2/deals/search", 200), 35)
      assert.strictEqual(fake.count(), 35)
      assert.isAtMost(busiest(fake.requests.map(({ at }) => at)), 10)
    })
  )

  it.effect("sends nothing during a limit that an earlier process met", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      yield* pipedrive.block(DateTime.makeUnsafe(100_000), "the day is over")
      const reason = yield* reasonOf(pipedrive.createActivity(activity(deal)))
      assert.deepStrictEqual(
        [...resumeOf(reason), reason.message],
        ["BudgetSpent", 100_000, "Pipedrive is not asked again yet: the day is over"]
      )
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  it.effect("learns nothing from the headers of a search, which report another window", () =>
    Effect.gen(function* () {
      const { pipedrive } = yield* world()
      yield* pipedrive.searchDeals("octocat", { isWholeTitle: true })
      assert.isUndefined((yield* pipedrive.limits).budget)
    })
  )

  it.effect("reports what is left by Pipedrive's last response", () =>
    Effect.gen(function* () {
      const { deal, pipedrive } = yield* world({ dailyTokens: 1_000 })
      assert.isTrue(Option.isNone(yield* pipedrive.budget))
      yield* pipedrive.createActivity(activity(deal))
      const { budget } = yield* pipedrive.limits
      const { left, limit } = Option.getOrThrow(yield* pipedrive.budget)
      assert.deepStrictEqual([left, limit, budget?.limit, budget?.remaining], [995, 1_000, 20, 19])
      // A budget of yesterday no longer holds.
      yield* TestClock.adjust("24 hours")
      assert.isTrue(Option.isNone(yield* pipedrive.budget))
    })
  )
})
