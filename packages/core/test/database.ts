/** A database for each test: a copy of a migrated template, on the run's PostgreSQL server or embedded. */
import { randomBytes } from "node:crypto"
import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"
import * as Database from "../src/database/Database.ts"
import { template } from "./templates.ts"

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
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${name}`
  return Redacted.make(url.href)
})

/** A new database on the server, migrated and without rows, dropped when the scope ends. */
export const freshUrl = databaseFrom(template)

/** The same without a schema, for tests of the migrations. */
export const emptyUrl = databaseFrom("template1")

/** A migrated database on the server. */
export const layerPostgres = Layer.unwrap(Effect.map(freshUrl, Database.layerServer)).pipe(Layer.fresh)

/** A data directory with a migrated embedded database, removed when the scope ends. */
export const freshDirectory = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-data-"))),
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
export const layerEmbedded = Layer.unwrap(Effect.map(freshDirectory, Database.layerEmbedded)).pipe(Layer.fresh)

/** Both kinds of database, for suites that every store must pass. */
export const databases = [
  ["PostgreSQL", layerPostgres],
  ["PGlite", layerEmbedded]
] as const
