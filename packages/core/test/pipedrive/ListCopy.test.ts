/** When a list of Pipedrive is read in place of searches. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { UserKey } from "../../src/domain/User.ts"
import * as ListCopy from "../../src/pipedrive/ListCopy.ts"

const settings = {}

/** A list of eight pages, whose copy costs 100 tokens, for searches of 20 tokens for each user. */
const makeList = ListCopy.make({
  listing: () => {
    let pages = 0
    return {
      page: () =>
        Effect.sync(() => ({ items: [], cursor: ++pages % 8 === 0 ? Option.none<string>() : Option.some("next") })),
      changed: () => Effect.succeed({ items: [], cursor: Option.none<string>() }),
      index: { put: () => {} }
    }
  },
  waiting: Effect.succeed(100),
  searchesCost: 20
})

describe("a list that a copy was made of", () => {
  for (const [users, isReadAgain] of [
    [4, false],
    [5, true]
  ] as const) {
    it.effect(
      `is ${isReadAgain ? "" : "not "}read in the next hour when ${users} users asked the copy three times each`,
      () =>
        Effect.scoped(
          Effect.gen(function* () {
            const list = yield* makeList
            const ask = (user: number) => Effect.map(list.current(settings, UserKey.make(user)), Option.isSome)
            // Two users are searched for before the waiting users are counted.
            for (const user of [101, 102]) assert.isFalse(yield* ask(user))
            for (let n = 0; n < 3 * users; n++) assert.isTrue(yield* ask(n % users))
            yield* TestClock.adjust("61 minutes")
            for (const user of [201, 202]) assert.isFalse(yield* ask(user))
            assert.strictEqual(yield* ask(203), isReadAgain)
          })
        )
    )
  }
})

/** `effect`, by a clock that `set` sets forward, and that measures time rightly all the same. */
const withWallClock = <A, E, R>(
  effect: (set: (input: Duration.Input) => void) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  let ahead = 0
  return Effect.updateService(
    effect((input) => {
      ahead += Duration.toMillis(input)
    }),
    Clock.Clock,
    (clock) => {
      const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + ahead
      return Object.assign(Object.create(clock) as typeof clock, {
        currentTimeMillisUnsafe,
        currentTimeMillis: Effect.sync(currentTimeMillisUnsafe)
      })
    }
  )
}

describe("a copy of a list", () => {
  it.effect("shows every change although this process's clock is set forward", () =>
    withWallClock((set) =>
      Effect.gen(function* () {
        const items = [{ id: 1, update_time: "1970-01-01T00:00:00Z" }]
        const seen = new Set<number>()
        const list = yield* ListCopy.make({
          listing: () => ({
            page: () => Effect.succeed({ items, cursor: Option.none<string>() }),
            changed: ({ since }) =>
              Effect.sync(() => ({
                items: items.filter(
                  ({ update_time }) => since === undefined || Date.parse(update_time) >= since.epochMilliseconds
                ),
                cursor: Option.none<string>()
              })),
            index: { put: ({ id }: { readonly id: number }) => void seen.add(id) }
          }),
          waiting: Effect.succeed(100),
          searchesCost: 20
        })
        const ask = list.current(settings, UserKey.make(1))
        for (let n = 0; n < 3; n++) yield* ask
        set("2 minutes")
        yield* TestClock.adjust("12 seconds")
        yield* ask
        items.push({ id: 2, update_time: "1970-01-01T00:00:15Z" })
        yield* TestClock.adjust("12 seconds")
        yield* ask
        assert.deepStrictEqual([...seen], [1, 2])
      })
    ).pipe(Effect.scoped)
  )
})
