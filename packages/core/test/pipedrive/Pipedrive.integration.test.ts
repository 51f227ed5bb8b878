import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber, Layer, Option, Tracer } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import { TestClock } from "effect/testing"
import { fileUrl } from "../../src/domain/GistFile.ts"
import { fromFile } from "../../src/pipedrive/activity.ts"
import type { NewActivity, Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import { FakePipedrive, type FakePipedriveOptions } from "../../src/testing/index.ts"
import { counted, makePipedrive, pipedriveToken, reasonOf, server } from "../net/clients.ts"

const world = Effect.fnUntraced(function* (options: FakePipedriveOptions = {}) {
  const fake = yield* FakePipedrive.make({ token: pipedriveToken, searchLagMillis: 0, ...options })
  const pipedrive = yield* makePipedrive(fake.url)
  const deal = fake.addDeal({ title: "octocat" })
  return { fake, pipedrive, deal }
})

const activity = (deal_id: number, more: Partial<NewActivity> = {}): NewActivity => ({
  subject: "a.ts",
  type: "task",
  deal_id,
  due_date: "2026-01-02",
  done: false,
  note: "note",
  ...more
})

const none = Option.none<string>()
const newest = (pipedrive: Pipedrive["Service"], deal: number) => pipedrive.activitiesOfDeal(deal, none)

const resumeOf = (reason: { readonly _tag: string; readonly resumeAt?: DateTime.Utc }) =>
  [reason._tag, reason.resumeAt === undefined ? undefined : DateTime.toEpochMillis(reason.resumeAt)] as const

describe("each call", () => {
  it.effect(
    "passes Pipedrive's strict checks, costs its documented price, and carries the token in a header only",
    () =>
      Effect.gen(function* () {
        const { deal, pipedrive, fake } = yield* world()
        const price = Effect.fnUntraced(function* <A, E>(tokens: number, call: Effect.Effect<A, E>) {
          const before = fake.tokensSpent
          const result = yield* call
          assert.strictEqual(fake.tokensSpent - before, tokens)
          return result
        })
        const id = yield* price(
          5,
          pipedrive.createActivity(activity(deal, { subject: "😀 <b>", done: true, note: "<b>n</b>" }))
        )
        assert.deepInclude(fake.activities[0], {
          id,
          subject: "😀 <b>",
          type: "task",
          deal_id: deal,
          due_date: "2026-01-02",
          done: true,
          note: "<b>n</b>"
        })
        const { items } = yield* price(10, newest(pipedrive, deal))
        assert.deepStrictEqual(
          items.map(({ id, note }) => [id, note]),
          [[id, "<b>n</b>"]]
        )
        yield* price(3, pipedrive.deleteActivity(id))

        const made = yield* price(5, pipedrive.createDeal("monalisa"))
        assert.strictEqual((yield* price(1, pipedrive.deal(made))).pipe(Option.getOrThrow).title, "monalisa")
        assert.deepStrictEqual(
          (yield* price(10, pipedrive.newestDeals(none))).items.map(({ id }) => id),
          [made, deal]
        )
        assert.deepStrictEqual(
          (yield* price(20, pipedrive.searchDeals("OCTOCAT"))).map(({ id, title }) => [id, title]),
          [[deal, "octocat"]]
        )
        const note = yield* price(10, pipedrive.createNote({ deal_id: made, content: "<b>c</b>" }))
        assert.deepStrictEqual(
          (yield* price(20, pipedrive.notesOfDeal(made))).map(({ content, id }) => [id, content]),
          [[note, "<b>c</b>"]]
        )
        assert.includeMembers([...(yield* price(20, pipedrive.activityTypes))], ["task", "call"])
        yield* price(3, pipedrive.deleteDeal(made))

        for (const { headers, path, query, status } of fake.requests) {
          assert.strictEqual(status, 200)
          assert.strictEqual(headers["x-api-token"], pipedriveToken)
          assert.strictEqual(headers["user-agent"], "gitpip")
          assert.notInclude(path + JSON.stringify(query), pipedriveToken)
        }
      })
  )

  it.effect("accepts both statuses of a successful creation", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ createdStatus: 201 })
      assert.strictEqual(yield* pipedrive.createActivity(activity(deal)), fake.activities[0]?.id)
    })
  )

  it.effect("sends the largest activity that a file can become", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const filename = "長".repeat(600)
      const { note, subject } = fromFile({
        filename,
        htmlUrl: fileUrl("https://gist.github.com/octocat/0123", filename),
        description: '"'.repeat(5_000),
        type: null,
        size: 2_000_000,
        content: { _tag: "Text", text: "<\ud800\t".repeat(100_000), partial: false }
      })
      yield* pipedrive.createActivity(activity(deal, { note, subject }))
      assert.lengthOf(fake.activities, 1)
    })
  )
})

describe("lists", () => {
  it.effect("are read newest first, page by page, to their end", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ burst: false, dailyTokens: false })
      const ids: Array<number> = []
      for (let n = 0; n < 501; n++) {
        yield* TestClock.adjust("1 second")
        ids.push(yield* pipedrive.createActivity(activity(deal)))
      }
      fake.clearRequests()
      const first = yield* newest(pipedrive, deal)
      assert.isTrue(Option.isSome(first.cursor))
      const second = yield* pipedrive.activitiesOfDeal(deal, first.cursor)
      assert.deepStrictEqual(
        [...first.items, ...second.items].map(({ id }) => id),
        ids.toReversed()
      )
      assert.deepStrictEqual([first.items.length, second.items.length, second.cursor], [500, 1, none])
    })
  )

  it.effect("of nothing are empty, also when Pipedrive says so with null", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      assert.deepStrictEqual(yield* newest(pipedrive, deal), { items: [], cursor: none })
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data: null } })
      assert.deepStrictEqual(yield* newest(pipedrive, deal), { items: [], cursor: none })
    })
  )

  it.effect("of activity types leave out the inactive", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      const data = [
        { key_string: "on", active_flag: true },
        { key_string: "off", active_flag: false },
        { key_string: "old" }
      ]
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data } })
      assert.deepStrictEqual(yield* pipedrive.activityTypes, ["on", "old"])
    })
  )
})

describe("an item that does not exist", () => {
  it.effect("is NotFound for an activity's deal, nothing for a deal, and done for a deletion", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const id = yield* pipedrive.createActivity(activity(deal))
      for (let times = 0; times < 2; times++) yield* pipedrive.deleteActivity(id)
      yield* pipedrive.deleteActivity(999)
      for (let times = 0; times < 2; times++) yield* pipedrive.deleteDeal(deal)
      assert.lengthOf(fake.activities, 0)
      assert.deepStrictEqual(yield* pipedrive.deal(deal), Option.none())
      assert.deepStrictEqual(yield* pipedrive.deal(999), Option.none())
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(deal))))._tag, "NotFound")
    })
  )

  it.effect("is not proven by a page in Pipedrive's place", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "html", status: 404 }, { times: 4 })
      for (const call of [
        pipedrive.deleteActivity(1),
        pipedrive.deleteDeal(deal),
        pipedrive.deal(deal),
        pipedrive.createActivity(activity(deal))
      ]) {
        const reason = yield* reasonOf(call)
        assert.isTrue(reason._tag === "Forbidden" && reason.isPage)
      }
    })
  )

  it.effect("may be a deal that Pipedrive shows as deleted", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      fake.injectFault({
        kind: "status",
        status: 200,
        body: { success: true, data: { id: 5, title: "x", is_deleted: true } }
      })
      assert.deepStrictEqual(yield* pipedrive.deal(5), Option.none())
    })
  )
})

describe("a response of Pipedrive that is no success", () => {
  const failure = (error: string, code?: string) => ({ success: false, error, ...(code === undefined ? {} : { code }) })
  const answers: ReadonlyArray<
    readonly [
      what: string,
      fault: Parameters<FakePipedrive["injectFault"]>[0],
      reason: string,
      says: RegExp,
      done?: boolean
    ]
  > = [
    ["a bad token", { kind: "status", status: 401, body: failure("unauthorized access") }, "Denied", /PIPEDRIVE_TOKEN/],
    ["an unpaid account", { kind: "status", status: 402, body: failure("payment") }, "Denied", /unpaid: payment/],
    ["no rights", { kind: "status", status: 403, body: failure("Scope") }, "Forbidden", /denies access: Scope/],
    [
      "a full account",
      { kind: "status", status: 403, body: failure("deal limit", "feature_capping_deals_limit") },
      "Refused",
      /deal limit/
    ],
    ["a block by the front door", { kind: "cloudflare-block" }, "Forbidden", /firewall in front of Pipedrive/],
    [
      "a missing thing",
      { kind: "status", status: 404, body: failure("Deal not found", "ERR_NOT_FOUND") },
      "NotFound",
      /Deal not found ERR_NOT_FOUND/
    ],
    [
      "a bad request",
      { kind: "status", status: 400, body: failure("Validation failed: type") },
      "Refused",
      /Validation failed: type/
    ],
    ["a note too large", { kind: "status", status: 413, body: "Too large" }, "Refused", /HTTP 413/],
    ["a page of a proxy's", { kind: "html", status: 400 }, "Forbidden", /HTTP 400/],
    ["a page of a proxy that does not find it", { kind: "html", status: 404 }, "Forbidden", /in front.*HTTP 404/],
    ["a proxy that gave up", { kind: "html", status: 499 }, "Forbidden", /in front.*HTTP 499/],
    ["a lock", { kind: "status", status: 423, body: failure("Locked") }, "Refused", /Locked/],
    ["an end of life", { kind: "status", status: 410, body: failure("gone") }, "Forbidden", /retired.*Update Gitpip/],
    [
      "success that reports a failure",
      { kind: "status", status: 200, body: failure("Something") },
      "OutcomeUnknown",
      /reports a failure: Something/
    ],
    ["an odd thing", { kind: "status", status: 422, body: failure("odd") }, "Refused", /odd/],
    ["a redirect", { kind: "redirect", location: "https://evil.example/" }, "Denied", /PIPEDRIVE_ORG/],
    ["a timeout of its own", { kind: "status", status: 408 }, "OutcomeUnknown", /408/],
    ["a fault", { kind: "status", status: 500, body: failure("oops") }, "OutcomeUnknown", /500/],
    ["a bad gateway's page", { kind: "html", status: 502 }, "OutcomeUnknown", /502/],
    ["a page with status 200", { kind: "html", status: 200 }, "NotPipedrive", /sign-in page/],
    [
      "success that says it is none",
      { kind: "status", status: 200, body: { success: false } },
      "OutcomeUnknown",
      /cannot be read/
    ],
    [
      "success of what nobody knows",
      { kind: "status", status: 200, body: { success: true, data: {} } },
      "OutcomeUnknown",
      /unknown form/
    ],
    ["a connection broken before the work", { kind: "reset" }, "OutcomeUnknown", /connection failed/],
    ["half of an answer", { kind: "garbage" }, "OutcomeUnknown", /cannot be read/, true],
    ["a connection broken after the work", { kind: "lost" }, "OutcomeUnknown", /connection failed/, true],
    ["an error after the work", { kind: "lost", how: "status", status: 504 }, "OutcomeUnknown", /504/, true]
  ]
  for (const [what, fault, tag, says, done = false] of answers) {
    it.effect(`${what}: ${tag}, and nothing is tried again`, () =>
      Effect.gen(function* () {
        const { deal, pipedrive, fake } = yield* world()
        fake.injectFault(fault)
        const reason = yield* reasonOf(pipedrive.createActivity(activity(deal)))
        assert.strictEqual(reason._tag, tag)
        assert.match(reason.message, says)
        assert.strictEqual(fake.requests.length, 1)
        assert.strictEqual(fake.activities.length, done ? 1 : 0)
        yield* pipedrive.createActivity(activity(deal))
      })
    )
  }

  it.effect("no response: OutcomeUnknown after twenty seconds, whether or not the work was done", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      for (const fault of [{ kind: "hang" }, { kind: "lost", how: "hang" }] as const) {
        fake.clearRequests()
        fake.injectFault(fault)
        const call = yield* Effect.forkChild(reasonOf(pipedrive.createActivity(activity(deal))))
        yield* fake.seen(1)
        yield* TestClock.adjust("19 seconds")
        assert.isUndefined(call.pollUnsafe())
        yield* TestClock.adjust("1 second")
        const reason = yield* Fiber.join(call)
        assert.deepStrictEqual([reason._tag, reason.message], ["OutcomeUnknown", "Pipedrive: no answer within 20s"])
      }
      assert.lengthOf(fake.activities, 1)
    })
  )

  it.effect("no server: Unreachable, so the request may be tried again without a lookup", () =>
    Effect.gen(function* () {
      const gone = yield* server(() => undefined)
      yield* gone.close
      const pipedrive = yield* makePipedrive(gone.url)
      const reason = yield* reasonOf(pipedrive.createActivity(activity(1)))
      assert.strictEqual(reason._tag, "Unreachable")
      assert.include(reason.message, "ECONNREFUSED")
    })
  )

  it.effect("a server that ends while it handles the request: OutcomeUnknown", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const { url } = yield* server((request) => {
        request.resume().on("end", () => {
          Deferred.doneUnsafe(arrived, Effect.void)
          request.socket.destroy()
        })
      })
      const pipedrive = yield* makePipedrive(url)
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(1))))._tag, "OutcomeUnknown")
      yield* Deferred.await(arrived)
    })
  )

  it.effect("a redirect is never followed, so no other host sees the token", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const other = yield* FakePipedrive.make({ token: "theirs" })
      for (const status of [301, 302, 303, 307, 308] as const) {
        fake.injectFault({ kind: "redirect", status, location: new URL("/api/v2/activities", other.url).href })
        assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(deal))))._tag, "Denied")
      }
      assert.deepStrictEqual(other.requests, [])
    })
  )
})

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
      for (const other of [pipedrive.deal(deal), pipedrive.searchDeals("x"), newest(pipedrive, deal)]) {
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
      yield* run(fake, (pipedrive) => Array.from({ length: 35 }, () => pipedrive.searchDeals("octocat")))
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
      yield* pipedrive.searchDeals("octocat")
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

describe("a failure of the transport without a cause", () => {
  it.effect("is no proof that nothing was sent", () =>
    Effect.gen(function* () {
      const odd = HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, cause: new Error(`odd ${pipedriveToken}`) })
          })
        )
      )
      const pipedrive = yield* makePipedrive("http://127.0.0.1:1", {
        transport: Layer.succeed(HttpClient.HttpClient, odd)
      })
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(1))))._tag, "OutcomeUnknown")
    })
  )
})

describe("traces", () => {
  it.effect("of a program that records headers hide the token", () =>
    Effect.gen(function* () {
      const { deal, pipedrive } = yield* world()
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* pipedrive.createActivity(activity(deal)).pipe(
        Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const attributes = spans.flatMap((span) => [...span.attributes])
      assert.isTrue(attributes.some(([name]) => name === "http.request.header.x-api-token"))
      assert.notInclude(JSON.stringify(attributes), pipedriveToken)
    })
  )
})

describe("the limit key", () => {
  it.effect("differs with token and origin, and reveals neither", () =>
    Effect.gen(function* () {
      const limitKey = (url: string, token: string) =>
        Effect.map(makePipedrive(url, { token }), (pipedrive) => pipedrive.limitKey)
      const limits = yield* Effect.all([
        limitKey("https://a.test", "1"),
        limitKey("https://a.test", "2"),
        limitKey("https://b.test", "1")
      ])
      assert.strictEqual(new Set(limits).size, 3)
      assert.strictEqual(yield* limitKey("https://a.test", "1"), limits[0])
      for (const name of limits) assert.match(name, /^pipedrive:[0-9a-f]{16}$/)
    })
  )
})
