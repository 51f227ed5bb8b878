/** How many files a scan found, while many transactions add files to it at once. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { inWorld } from "../world.ts"
import { begin, intake, named } from "./intakes.ts"

/** A running scan of all users. */
const running = Effect.gen(function* () {
  const { scans } = yield* Store
  return Option.getOrThrow(yield* scans.start("requested", null)).key
})

/** Runs the work within a transaction that stays open until the second effect is run. */
const open = Effect.fnUntraced(function* <A, E, R>(work: Effect.Effect<A, E, R>) {
  const sql = yield* SqlClient.SqlClient
  const done = yield* Deferred.make<void>()
  const commit = yield* Deferred.make<void>()
  const transaction = yield* Effect.forkChild(
    sql.withTransaction(Effect.andThen(work, Effect.andThen(Deferred.succeed(done, undefined), Deferred.await(commit))))
  )
  yield* Deferred.await(done)
  return Effect.andThen(Deferred.succeed(commit, undefined), Fiber.join(transaction))
})

const ending = { state: "done", reason: null, message: null, resumeIn: null } as const

describe("the files of a scan", () => {
  it.effect("two checks of one scan store their files without waiting for each other's commit", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const { files, scans } = yield* Store
        yield* begin(2)
        const scan = yield* running
        const commit = yield* open(files.add(intake(1, named("a", 3), { scanKey: scan })))
        // PostgreSQL ends the open transaction when this one waits for it.
        assert.strictEqual(yield* files.add(intake(2, named("b", 2), { scanKey: scan })), 2)
        yield* commit
        yield* scans.end(scan, ending)
        assert.strictEqual((yield* scans.find(scan)).files, 5)
      })
    )
  )

  for (const how of ["ends", "is reaped"]) {
    it.effect(`a scan that ${how} counts the files of a transaction that is still open, and of a later one`, () =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const { files, scans } = yield* Store
          yield* begin(2)
          const scan = yield* running
          const commit = yield* open(files.add(intake(1, named("a", 3), { scanKey: scan })))
          if (how !== "ends")
            yield* sql`update scans set lease_until = clock_timestamp() - interval '1 second' where key = ${scan}`
          const end = yield* Effect.forkChild(how === "ends" ? scans.end(scan, ending) : scans.reap)
          yield* Effect.repeat(
            sql<{ n: number }>`
              select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
            { until: ([found]) => found?.n === 1 }
          )
          yield* commit
          yield* Fiber.join(end)
          assert.strictEqual((yield* scans.find(scan)).files, 3)
          yield* files.add(intake(2, named("b", 2), { scanKey: scan }))
          assert.strictEqual((yield* scans.find(scan)).files, 5)
        })
      )
    )
  }
})
