/** Migrated databases without rows, made once for a run: tests copy them, which is quicker than migrating. */
import { createHash, randomBytes } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { mkdir, rename, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, type Layer, Redacted, References } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../src/database/Database.ts"

/** The template's name on the server. */
export const template = "gitpip_template"

/** PostgreSQL finds the settable `clock_timestamp()` before its own. */
export const searchPath = "search_path = public, virtual, pg_catalog"

/** A clock that shows what a test set, and else the real time. */
const virtualClock = [
  "create schema virtual",
  "create table virtual.clock (at timestamptz)",
  "insert into virtual.clock values (null)",
  `create function virtual.clock_timestamp() returns timestamptz language sql volatile
    as 'select coalesce((select at from virtual.clock), pg_catalog.clock_timestamp())'`
]

const build = (layer: Layer.Layer<SqlClient.SqlClient, Database.DatabaseError>, more: ReadonlyArray<string> = []) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const statement of [...virtualClock, ...more]) yield* sql.unsafe(statement)
    }).pipe(Effect.provide(layer), Effect.provideService(References.MinimumLogLevel, "Warn"))
  )

/** Makes the template on a server, again if it is there. */
export const preparePostgres = async (url: string): Promise<void> => {
  const admin = (statement: string) =>
    Effect.runPromise(
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
        Effect.provide(PgClient.layer({ url: Redacted.make(url), maxConnections: 1 }))
      )
    )
  await admin(`drop database if exists ${template}`)
  await admin(`create database ${template}`)
  const own = new URL(url)
  own.pathname = `/${template}`
  await build(Database.layerServer(Redacted.make(own.href)))
}

const migrations = fileURLToPath(new URL("../src/database/migrations", import.meta.url))
const cache = fileURLToPath(new URL("../../../node_modules/.cache/gitpip-tests", import.meta.url))

/** All that a template's content depends on. */
const version = (): string => {
  const hash = createHash("sha256").update(virtualClock.join())
  for (const file of readdirSync(migrations).toSorted()) hash.update(readFileSync(join(migrations, file)))
  const main = createRequire(import.meta.url).resolve("@electric-sql/pglite")
  hash.update(readFileSync(join(main.slice(0, main.lastIndexOf("pglite/")), "pglite/package.json")))
  return hash.digest("hex").slice(0, 16)
}

/** The data directory with the embedded template. It takes seconds to make, so it is kept between runs. */
export const prepareEmbedded = async (): Promise<string> => {
  const directory = join(cache, version())
  if (existsSync(directory)) return directory
  const aside = join(cache, randomBytes(8).toString("hex"))
  await mkdir(aside, { recursive: true })
  await build(Database.layerEmbedded(aside), [`alter database postgres set ${searchPath}`])
  // Another run may have been quicker.
  await rename(aside, directory).catch(() => rm(aside, { recursive: true }))
  return directory
}
