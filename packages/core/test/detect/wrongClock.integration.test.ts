/** What a process with a wrong clock stores about users, scans and the feed: only the database's clock decides when the next check is due. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { Feed } from "../../src/detect/Feed.ts"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, services } from "../world.ts"

/** Runs in a process of its own, whose clock differs from the database's. */
const withClock = (difference: Duration.Duration, sign: 1 | -1) => {
  const offset = sign * Duration.toMillis(difference)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, Clock.Clock, (clock) => {
      const millis = () => clock.currentTimeMillisUnsafe() + offset
      const nanos = () => BigInt(millis()) * 1_000_000n
      return {
        ...clock,
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos),
        sleep: (duration) => clock.sleep(duration)
      }
    })
}

const scheduled = Effect.flatMap(Scanner, (scanner) => scanner.scan({ kind: "scheduled", userKey: null }))
const poll = Effect.flatMap(Feed, (feed) => feed.poll)

for (const [clock, isWrong] of [
  ["a day ahead", withClock(Duration.days(1), 1)],
  ["a day behind", withClock(Duration.days(1), -1)]
] as const) {
  describe(`a process whose clock is ${clock}`, () => {
    it.effect("a wrong clock delays no check of a failing user, by this process or by others", () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          const other = <A, E>(effect: Effect.Effect<A, E, Scanner>) =>
            isWrong(Effect.provide(effect, services(settings)))
          yield* TestClock.adjust("2 days")
          yield* (yield* Gitpip).track(name("ann"))
          for (const [fails, waits] of [
            [other, (work: typeof scheduled) => work],
            [(work: typeof scheduled) => work, other]
          ] as const) {
            assert.strictEqual((yield* fails(scheduled)).failed, 1)
            assert.strictEqual((yield* waits(scheduled)).users, 0)
            yield* TestClock.adjust("12 minutes")
          }
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* TestClock.adjust("1 hour")
          assert.strictEqual((yield* other(scheduled)).files, 1)
        })
      )
    )

    it.effect("a wrong clock leaves the next scheduled scan due an interval after the last one", () =>
      inWorld(layerPostgres, {}, ({ settings }) =>
        Effect.gen(function* () {
          const wait = Effect.gen(function* () {
            const due = yield* (yield* Scanner).nextScheduled
            return due.epochMilliseconds - (yield* Clock.currentTimeMillis)
          })
          yield* TestClock.adjust("2 days")
          yield* isWrong(Effect.provide(scheduled, services(settings)))
          assert.strictEqual(yield* wait, 300_000)
          assert.strictEqual(yield* isWrong(Effect.provide(wait, services(settings))), 300_000)
          yield* TestClock.adjust("4 minutes")
          assert.strictEqual(yield* wait, 60_000)
        })
      )
    )

    it.effect("a wrong clock leaves the feed to be polled by others when a poll is due", () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          const polls = () => github.requests.filter(({ route }) => route === "/gists/public").length
          yield* TestClock.adjust("2 days")
          yield* isWrong(Effect.provide(poll, services(settings)))
          yield* poll
          assert.strictEqual(polls(), 1)
          yield* TestClock.adjust("1 minute")
          yield* poll
          assert.strictEqual(polls(), 2)
          yield* TestClock.adjust("1 minute")
          yield* isWrong(Effect.provide(poll, services(settings)))
          assert.strictEqual(polls(), 3)
        })
      )
    )
  })
}

it.live("a poll goes on from the one before by a clock that counts microseconds", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const { feed } = yield* Store
      const origin = github.url.origin
      const record = Effect.gen(function* () {
        const position = Option.getOrThrow(yield* feed.claim(origin))
        yield* feed.record(origin, position, { etag: null, seen: [], unsettled: [], gap: true, wait: Duration.zero })
      })
      yield* record
      yield* record
      // Without the second record nothing would be due before the lease ends.
      assert.deepStrictEqual(yield* feed.untilNext(origin), Option.some(Duration.zero))
    })
  )
)
