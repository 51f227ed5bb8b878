/** A fresh database for each test file and layer, on the run's PostgreSQL server or embedded. */
import { randomBytes } from "node:crypto"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import * as Database from "../src/Database.ts"

/** Something done in a database by itself, without Gitpip. */
export const within = <A, E>(url: Redacted.Redacted, run: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, run).pipe(
    Effect.provide(PgClient.layer({ url, maxConnections: 1 })),
    Effect.orDie
  )

/** A new, empty database on the server, dropped when the scope ends. */
export const freshUrl = Effect.gen(function* () {
  const admin = Redacted.make(inject("postgresUrl"))
  const name = `test_${randomBytes(8).toString("hex")}`
  const run = (statement: string) => within(admin, (sql) => sql.unsafe(statement))
  yield* Effect.acquireRelease(run(`create database ${name}`), () => run(`drop database ${name} with (force)`))
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
})

/** A migrated database on the server. */
export const layerPostgres = Layer.unwrap(Effect.map(freshUrl, Database.layerServer)).pipe(Layer.fresh)

/** Both kinds of database, for suites that every store must pass. */
export const databases = [
  ["PostgreSQL", layerPostgres],
  ["PGlite", Layer.fresh(Layer.suspend(() => Database.layerMemory))]
] as const
