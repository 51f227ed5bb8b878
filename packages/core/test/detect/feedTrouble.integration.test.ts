/** A public feed that is wrong, late or unreachable, and several processes that poll it: nothing is lost. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import type { FeedPosition } from "../../src/store/FeedPositions.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, services } from "../world.ts"
import { begun, files, isFeed, isList, nextPoll, noise, poll } from "./feed.ts"

describe("trouble of the feed", () => {
  it.effect("the feed has a user checked twice for a gist that the user's list never has, and not again", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "status", status: 200, body: [] }, { when: isList, times: Number.POSITIVE_INFINITY })
        yield* poll
        for (let n = 0; n < 4; n++) {
          noise(github, 1)
          yield* nextPoll
        }
        assert.strictEqual(github.requests.filter(isList).length, 2)
      })
    )
  )

  it.effect("the feed has a user checked again when the feed is ahead of the user's list", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "status", status: 304 }, { when: isList })
        yield* poll
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
        yield* nextPoll
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("the next poll shows the same gist when GitHub refused the check", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        github.addGist("ann", { files: { "b.md": "" } })
        github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 60 }, { when: isList })
        yield* poll
        assert.deepStrictEqual(yield* files("ann"), ["a.md"])
        yield* nextPoll
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("a feed that is empty, in another order, twice the same or full of nonsense loses nothing", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const lies: ReadonlyArray<unknown> = [
          [],
          {},
          [null, 7, { id: "x" }],
          Array.from({ length: 100 }, () => ({ id: "x", owner: { id: "ann", login: 1 } }))
        ]
        for (const body of lies) {
          github.injectFault({ kind: "status", status: 200, body }, { when: isFeed })
          yield* Effect.andThen(TestClock.adjust("1 hour"), poll)
        }
        github.addGist("ann", { files: { "b.md": "" } })
        yield* Effect.andThen(TestClock.adjust("1 hour"), poll)
        assert.deepStrictEqual(yield* files("ann"), ["b.md", "a.md"])
      })
    )
  )

  it.effect("a feed that fails is asked again later each time, or when GitHub says", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const failsFor = Effect.fnUntraced(function* (fault: Parameters<FakeGithub["injectFault"]>[0]) {
          github.injectFault(fault, { when: isFeed })
          const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const next = yield* poll
          const seconds = (next.epochMilliseconds - now) / 1_000
          yield* TestClock.adjust(`${Math.ceil(seconds)} seconds`)
          return seconds
        })
        assert.strictEqual(yield* failsFor({ kind: "status", status: 502 }), 30)
        assert.strictEqual(yield* failsFor({ kind: "reset" }), 60)
        assert.strictEqual(yield* failsFor({ kind: "status", status: 404 }), 1_800)
        assert.strictEqual(yield* failsFor({ kind: "secondary-limit", retryAfterSeconds: 90 }), 90)
        assert.strictEqual((yield* poll)._tag, "Utc")
        assert.strictEqual(github.requests.filter(isFeed).length, 5)
      })
    )
  )

  it.effect("the feed is polled by one process at a time, and by another when that one is lost", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        yield* begun(github)
        yield* Effect.all([poll, Effect.provide(poll, services(settings))], { concurrency: 2 })
        assert.strictEqual(github.requests.filter(isFeed).length, 1)
        yield* TestClock.adjust("1 hour")
        const { feed } = yield* Store
        const lost = yield* feed.claim(github.url.origin)
        assert.strictEqual(lost._tag, "Some")
        yield* poll
        assert.strictEqual(github.requests.filter(isFeed).length, 1)
        yield* nextPoll
        assert.strictEqual(github.requests.filter(isFeed).length, 2)
      })
    )
  )

  it.effect("a poll is forgotten when another process has polled since its beginning", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        yield* begun(github)
        const { feed } = yield* Store
        const claim = Effect.gen(function* () {
          yield* TestClock.adjust("6 minutes")
          return Option.getOrThrow(yield* feed.claim(github.url.origin))
        })
        const slow = yield* claim
        const quick = yield* claim
        const record = (position: FeedPosition, seen: string) =>
          feed.record(github.url.origin, position, {
            etag: seen,
            seen: [seen],
            unsettled: [],
            gap: false,
            wait: Duration.zero
          })
        yield* record(quick, "new")
        yield* record(slow, "old")
        yield* feed.snooze(github.url.origin, slow, Duration.hours(1))
        assert.deepInclude(yield* claim, { etag: "new", seen: ["new"] })
      })
    )
  )
})
