/** An empty database whose first migration waits until the test lets it go on, or fails. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { emptyUrl, within } from "./database.ts"

/** A trigger that runs this before each statement of a migration: before them, only their table is made. */
const beforeMigrations = (statement: string) =>
  Effect.tap(emptyUrl, (url) =>
    within(url, (sql) =>
      Effect.andThen(
        sql.unsafe(`create function before_migrations() returns event_trigger language plpgsql as $$ begin
          if to_regclass('gitpip_migrations') is not null then ${statement}; end if; end $$`),
        sql.unsafe("create event trigger migrating on ddl_command_start execute function before_migrations()")
      )
    )
  )

/** The address, `begun`: waits until the first migration waits, and `release`: lets it go on. */
export const heldMigrations = Effect.gen(function* () {
  const url = yield* beforeMigrations("perform pg_advisory_xact_lock(1)")
  const context = yield* Effect.orDie(Layer.build(Layer.fresh(PgClient.layer({ url, maxConnections: 1 }))))
  const sql = Context.get(context, SqlClient.SqlClient)
  yield* Effect.orDie(sql`select pg_advisory_lock(1)`)
  const begun: Effect.Effect<void> = Effect.flatMap(
    Effect.orDie(sql`select from pg_locks where locktype = 'advisory' and not granted`),
    (waiting) => (waiting.length > 0 ? Effect.void : begun)
  )
  return { url, begun, release: Effect.orDie(sql`select pg_advisory_unlock(1)`) }
})

/** The address of a database whose first migration fails. */
export const failingMigrations = beforeMigrations("raise exception 'the disk is full'")
