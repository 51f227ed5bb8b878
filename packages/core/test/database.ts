/** A database for each test: a copy of a migrated template, on the run's PostgreSQL server or embedded. */
import { randomBytes } from "node:crypto"
import { cp, rm } from "node:fs/promises"
import { join } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Clock, Context, Duration, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import type { TestClock } from "effect/testing"
import { inject } from "vitest"
import * as Database from "../src/database/Database.ts"
import { scratchDirectory } from "./scratch.ts"
import { searchPath, template } from "./templates.ts"

/** Something done in a database by itself, without Gitpip. */
export const within = <A, E>(url: Redacted.Redacted, run: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, run).pipe(
    Effect.provide(PgClient.layer({ url, maxConnections: 1 })),
    Effect.orDie
  )

const databaseFrom = Effect.fnUntraced(function* (source: string) {
  const admin = Redacted.make(inject("postgresUrl"))
  const name = `test_${randomBytes(8).toString("hex")}`
  const run = (statement: string) => within(admin, (sql) => sql.unsafe(statement))
  // By copying files: with `fsync=off` faster than PostgreSQL's default of copying by its log.
  yield* Effect.acquireRelease(run(`create database ${name} template ${source} strategy file_copy`), () =>
    run(`drop database ${name} with (force)`)
  )
  if (source === template) yield* run(`alter database ${name} set ${searchPath}`)
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
})

/** A new database on the server, migrated and without rows, dropped when the scope ends. */
export const freshUrl = databaseFrom(template)

/** The same without a schema, for tests of the migrations. */
export const emptyUrl = databaseFrom("template1")

/** Sets the clock of a test's database, which Gitpip's statements read as `clock_timestamp()`. */
export class DatabaseClock extends Context.Service<
  DatabaseClock,
  { readonly set: (epochMillis: number) => Effect.Effect<void> }
>()("gitpip/test/DatabaseClock") {}

const setClock = (sql: SqlClient.SqlClient) => (epochMillis: number) =>
  sql`update virtual.clock set at = ${new Date(epochMillis)}`.pipe(
    Effect.asVoid,
    Effect.orDie,
    // Tests count the statements of Gitpip.
    Effect.withTracerEnabled(false)
  )

export const isTestClock = (clock: Clock.Clock): clock is TestClock.TestClock => "adjust" in clock

/** The database's clock shows what the test's clock shows from the first statement on. */
const setAtOnce = Effect.fnUntraced(function* (clock: DatabaseClock["Service"]) {
  const testClock = yield* Clock.Clock
  if (isTestClock(testClock)) yield* clock.set(testClock.currentTimeMillisUnsafe())
  return clock
})

/** On a connection of its own: a statement that waits for a lock must not stop the time. */
const layerClock = (url: Redacted.Redacted) =>
  Layer.effect(
    DatabaseClock,
    Effect.gen(function* () {
      const context = yield* Layer.build(PgClient.layer({ url, maxConnections: 1 })).pipe(
        Effect.provideService(Clock.Clock, Clock.Clock.defaultValue()),
        Effect.orDie
      )
      return yield* setAtOnce({ set: setClock(Context.get(context, SqlClient.SqlClient)) })
    })
  )

/**
 * A server's database with its pool on the machine's clock. On a test clock the pool would close its connections in each
 * idle minute of simulated hours, and new connections plan all statements again.
 */
export const layerServer = (url: Redacted.Redacted) =>
  Layer.fresh(
    Layer.effectContext(
      Effect.provideService(Layer.build(Database.layerServer(url)), Clock.Clock, Clock.Clock.defaultValue())
    )
  )

/** A migrated database on the server. */
export const layerPostgres = Layer.unwrap(
  Effect.map(freshUrl, (url) => layerServer(url).pipe(Layer.provideMerge(layerClock(url))))
).pipe(Layer.fresh)

/** A data directory with a migrated embedded database, removed when the scope ends. */
export const freshDirectory = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => scratchDirectory("data")),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  yield* fill(directory)
  return directory
})

/** Puts a migrated embedded database into a data directory. */
export const fill = (directory: string) =>
  Effect.promise(() =>
    cp(join(inject("embeddedTemplate"), "postgres"), join(directory, "postgres"), { recursive: true })
  )

/** A migrated embedded database. */
const layerEmbedded = Layer.effect(
  DatabaseClock,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // PGlite sets the path of its session itself, whatever the database says.
    yield* Effect.orDie(sql.unsafe(`set ${searchPath}`))
    return yield* setAtOnce({ set: setClock(sql) })
  })
).pipe(Layer.provideMerge(Layer.unwrap(Effect.map(freshDirectory, Database.layerEmbedded))), Layer.fresh)

/** Moves the database's clock along with the test's. */
export const withDatabaseClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const database = yield* Effect.serviceOption(DatabaseClock)
    const clock = yield* Clock.Clock
    if (database._tag === "None" || !isTestClock(clock)) return yield* effect
    const { set } = database.value
    const both: TestClock.TestClock = {
      ...clock,
      adjust: (time) =>
        Effect.andThen(
          Effect.suspend(() =>
            set(clock.currentTimeMillisUnsafe() + Duration.toMillis(Duration.fromInputUnsafe(time)))
          ),
          clock.adjust(time)
        ),
      setTime: (epochMillis) => Effect.andThen(set(epochMillis), clock.setTime(epochMillis))
    }
    return yield* Effect.provideService(effect, Clock.Clock, both)
  })

/** Both kinds of database, for suites that every store must pass. */
export const databases = [
  ["PostgreSQL", layerPostgres],
  ["PGlite", layerEmbedded]
] as const
