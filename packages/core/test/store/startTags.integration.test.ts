/** Where new and retried files come in the queue. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld } from "../world.ts"
import { begin, file, intake, named, now } from "./intakes.ts"

const startTags = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const found = yield* sql<{ gistId: string; startTag: number }>`
    select f.gist_id, p.start_tag from publications p join gist_files f on f.key = p.file_key
    where p.state = 'pending' order by p.start_tag, p.key`
  return found.map(({ gistId, startTag }) => `${startTag} ${gistId}`)
})

const lastFailed = Effect.flatMap(Store, ({ publications }) =>
  Effect.map(
    publications.list({ state: Option.some("failed"), before: everything.before, limit: 1 }),
    ([last]) => last?.id ?? 0
  )
)

describe("the order of the queue", () => {
  it.effect("a later user's files start at the queue head, and behind the user's own waiting files", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, named("a", 5)), intake(2, named("b", 2))])
        yield* sql`update publications set state = 'failed' where start_tag < 2`
        yield* files.addAll([intake(2, named("c", 2)), intake(1, named("d", 1)), intake(3, named("e", 2))])
        assert.deepStrictEqual(yield* startTags, ["2 a2", "2 c0", "2 e0", "3 a3", "3 c1", "3 e1", "4 a4", "5 d0"])
      })
    )
  )

  it.effect("new files get start tags behind the waiting ones although an old file was snoozed", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, [file("failing")]), intake(2, [file("waiting")])])
        yield* sql`update publications set error_reason = 'Refused', error_message = 'no' where user_key = 1`
        yield* sql`update publications set start_tag = 50 where user_key = 2`
        for (const seconds of [60, 0]) {
          // Snoozed, and due again but not claimed, as in a pause.
          yield* sql`update publications set due_at = ${new Date(now.getTime() + seconds * 1_000)} where user_key = 1`
          yield* files.add(intake(3, [file(`new-${seconds}`)]))
        }
        assert.deepStrictEqual(yield* startTags, ["0 failing", "50 waiting", "50 new-60", "51 new-0"])
        // Nothing else waits, so nothing has to go first.
        yield* sql`update publications set state = 'failed' where user_key <> 1`
        yield* files.add(intake(3, [file("newer")]))
        assert.include(yield* startTags, "0 newer")
        // All that waited is being sent, and may return.
        yield* sql`update publications set state = 'sending', start_tag = 7, lease_until = now() where state = 'pending'`
        yield* files.add(intake(2, [file("newest")]))
        assert.deepStrictEqual(yield* startTags, ["7 newest"])
      })
    )
  )

  it.effect("retried files start at the queue head, each user's one after the other", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files, publications } = yield* Store
        yield* begin(3)
        yield* files.addAll([intake(1, named("a", 3)), intake(2, named("b", 2))])
        yield* sql`update publications set state = 'failed'`
        yield* files.add(intake(3, named("c", 2)))
        // They failed long ago, or the queue was empty since and started again.
        yield* sql`update publications set start_tag = start_tag + 50 where user_key in (2, 3)`
        yield* publications.retry(yield* lastFailed)
        assert.deepStrictEqual(yield* startTags, ["50 b1", "50 c0", "51 c1"])
        assert.strictEqual(yield* publications.retryFailed, 4)
        assert.deepStrictEqual(yield* startTags, ["50 a0", "50 b0", "50 b1", "50 c0", "51 a1", "51 c1", "52 a2"])
      })
    )
  )

  it.effect("a retry waits for a locked row on a connection of its own", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { files, publications } = yield* Store
        yield* begin(1)
        yield* files.add(intake(1, named("a", 2)))
        yield* sql`update publications set state = 'failed'`
        const last = yield* lastFailed
        const locked = yield* Deferred.make<void>()
        const release = yield* Deferred.make<void>()
        const lock = yield* Effect.forkChild(
          sql.withTransaction(
            Effect.andThen(
              sql`select 1 from publications for update`,
              Effect.andThen(Deferred.succeed(locked, undefined), Deferred.await(release))
            )
          )
        )
        yield* Deferred.await(locked)
        const retries = yield* Effect.forkChild(
          // The second retry finds the row retried.
          Effect.all([Effect.ignore(publications.retry(last)), publications.retryFailed], {
            concurrency: 2
          })
        )
        // Other statements are answered meanwhile, else this loop has no end.
        const waiting = sql<{ n: number }>`
          select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
        yield* Effect.repeat(waiting, { until: ([found]) => found?.n === 2 })
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(lock)
        yield* Fiber.join(retries)
        assert.deepStrictEqual(
          (yield* sql`select distinct state from publications`).map(({ state }) => state),
          ["pending"]
        )
      })
    )
  )
})
