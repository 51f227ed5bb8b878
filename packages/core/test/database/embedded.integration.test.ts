/** One session of the embedded database serves one connection after the other, and what one leaves behind ends with it. */
import type { Duplex } from "node:stream"
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlClient } from "effect/sql"
import { start } from "../../src/database/embedded/embedded.ts"

describe("a connection that is dropped within a transaction", () => {
  it.live("a connection that is dropped within a transaction leaves nothing of the transaction to the next one", () =>
    Effect.gen(function* () {
      const connect = yield* start(undefined)
      /** A client of its own, and the connection it was given, to be dropped. */
      const client = Effect.gen(function* () {
        const connections: Array<Duplex> = []
        const stream = () => {
          const connection = connect()
          connections.push(connection)
          return connection
        }
        const made = yield* PgClient.make({ stream, username: "postgres", database: "postgres", maxConnections: 1 })
        const sql: SqlClient.SqlClient = made
        return { sql, drop: Effect.sync(() => connections.at(-1)?.destroy()) }
      })

      const first = yield* client
      yield* first.sql`create table files (name text)`
      const dropped = yield* first.sql
        .withTransaction(
          Effect.gen(function* () {
            yield* first.sql`insert into files values ('never confirmed')`
            yield* first.drop
            yield* first.sql`insert into files values ('never sent')`
          })
        )
        .pipe(Effect.exit)
      assert.strictEqual(dropped._tag, "Failure")

      const { sql } = yield* client
      yield* sql`insert into files values ('confirmed')`
      // Would take back what was confirmed, were it still within the transaction of the first connection.
      yield* sql`rollback`
      assert.deepStrictEqual(yield* sql`select name from files`, [{ name: "confirmed" }])
    }).pipe(Effect.provide(Reactivity.layer))
  )
})
