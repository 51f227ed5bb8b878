/** The database divides a window among servers: the shares never exceed the limit in sum. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { type Grant, type Quota, type QuotaUse, SharedQuota } from "../../src/limits/SharedQuota.ts"
import * as Throttle from "../../src/limits/Throttle.ts"
import * as Live from "../../src/store/Quotas.ts"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"

const window = { limit: 20, millis: 2_000 }

describe("quotas", () => {
  const inDatabase = <A, E>(
    body: (
      /** The quota of one more process. */
      join: Effect.Effect<Quota>
    ) => Effect.Effect<A, E, SqlClient.SqlClient>
  ) =>
    Effect.scoped(
      body(
        Effect.gen(function* () {
          const made = yield* Layer.build(Layer.fresh(Live.layer))
          return (yield* SharedQuota.pipe(Effect.provide(made))).quota("limit") as Quota
        }) as Effect.Effect<Quota>
      )
    ).pipe(Effect.provide(layerPostgres))
  const ask = (quota: Quota, use: Partial<QuotaUse> = {}) =>
    Effect.map(quota.renew({ window, sent: 0, wants: 20, ...use }), (grant) => (grant as Grant).slots)
  const silentFor = (seconds: number) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql`update quotas set used_at = used_at - ${seconds}::float8 * interval '1 second'`
    )

  it.effect(
    "one server gets the whole window, two that want all get half each, and one that wants less leaves the rest to the other",
    () =>
      inDatabase((join) =>
        Effect.gen(function* () {
          const [a, b] = [yield* join, yield* join]
          assert.strictEqual(yield* ask(a), 20)
          // A granted slot is granted again only when it was released, and its requests have left the window.
          assert.strictEqual(yield* ask(b), 0)
          assert.strictEqual(yield* ask(a, { sent: 20 }), 10)
          assert.strictEqual(yield* ask(b), 0)
          assert.strictEqual(yield* ask(a, { sent: 10 }), 10)
          assert.strictEqual(yield* ask(b), 10)
          assert.strictEqual(yield* ask(a, { wants: 3 }), 3)
          assert.strictEqual(yield* ask(b), 17)
          // A third server reports the window.
          const c = yield* (yield* join).renew({ window: undefined, sent: 0, wants: 1 })
          assert.deepStrictEqual([c?.window, c?.others], [window, 2])
        })
      )
  )

  it.effect("slots of a server that died are freed when none of its requests can be in the window", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        const [a, b] = [yield* join, yield* join]
        assert.strictEqual(yield* ask(a), 20)
        yield* silentFor(9)
        assert.strictEqual(yield* ask(b), 0)
        yield* silentFor(2)
        assert.strictEqual(yield* ask(b), 20)
        // After a long pause a server has no slots, until the other releases some.
        assert.strictEqual(yield* ask(a), 0)
        // Slots of a window of a minute are freed later.
        const minute = { limit: 900, millis: 60_000 }
        yield* silentFor(100)
        assert.strictEqual(yield* ask(a, { window: minute, wants: 900 }), 900)
        yield* silentFor(60)
        assert.strictEqual(yield* ask(b, { window: minute, wants: 900 }), 0)
      })
    )
  )

  it.effect("servers that are killed one after the other leave slots for the next", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        for (let killed = 0; killed < 12; killed++) {
          const throttle = Throttle.make({ concurrency: 20, patience: 0, quota: yield* join })
          throttle.setWindow({ limit: 900, millis: 60_000 })
          yield* throttle.run(Effect.void)
        }
      })
    )
  )

  it.effect("shares never exceed the limit in sum, however many servers ask at once", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const servers = yield* Effect.all(Array.from({ length: 6 }, () => join))
        for (let round = 0; round < 20; round++) {
          yield* sql`delete from quotas`
          const granted = yield* Effect.forEach(servers, (quota) => ask(quota), { concurrency: "unbounded" })
          assert.strictEqual(
            granted.reduce((sum, slots) => sum + slots, 0),
            window.limit
          )
        }
        yield* Effect.forEach(
          servers,
          (quota, server) =>
            Effect.gen(function* () {
              let slots = 0
              for (let round = 0; round < 25; round++) {
                // Each server sends its whole share in some rounds, and nothing in the others.
                const sent = round % 3 === server % 3 ? slots : 0
                slots = yield* ask(quota, { sent, wants: 1 + ((round * 7 + server * 5) % 20) })
                const [found] = yield* sql<{ sum: number }>`select sum(slots) as sum from quotas`
                assert.isAtMost(found?.sum ?? 0, window.limit)
              }
            }),
          { concurrency: "unbounded" }
        )
      })
    )
  )
})

it.effect("a limit holds until its first end when another process reports an earlier one", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const { limits } = yield* Store
      yield* limits.block("limit", { wait: Duration.hours(1), message: "the day's budget" })
      yield* limits.block("limit", { wait: Duration.seconds(30), message: "too fast" })
      assert.deepStrictEqual(
        Option.map(yield* limits.blocked("limit"), ({ wait }) => wait),
        Option.some(Duration.hours(1))
      )
    })
  )
)

it.effect("of refusals that begin together the longest is shown, and later on the last one", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const { limits } = yield* Store
      const [hour, minute] = [
        { wait: Duration.hours(1), message: "for all" },
        { wait: Duration.minutes(1), message: "perhaps for all" }
      ]
      const known = Effect.map(limits.known(["limit"]), ([limit]) => limit?.refusal)
      yield* limits.refuse("limit", hour)
      yield* limits.refuse("limit", minute)
      assert.deepInclude(yield* known, hour)
      yield* passTime("11 seconds")
      yield* limits.refuse("limit", minute)
      assert.deepInclude(yield* known, minute)
    })
  )
)
