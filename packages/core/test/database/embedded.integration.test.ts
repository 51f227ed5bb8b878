/** One session of the embedded database serves one connection after the other, and what one leaves behind ends with it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { chmod, rename } from "node:fs/promises"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { start } from "../../src/database/embedded/embedded.ts"
import { freshDirectory } from "../database.ts"

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

describe("a data directory that is moved while it is in use", () => {
  it.live("a data directory that is moved while it is in use fails all statements until it is back", () =>
    Effect.gen(function* () {
      const path = yield* freshDirectory
      const moved = `${path}-moved`
      yield* Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const names = sql<{ username: string }>`select username from users`
          yield* sql`insert into users (id, username, tracked_at) values (1, 'ann', now())`
          for (const part of [".", "postgres"]) {
            yield* Effect.promise(() => rename(join(path, part), moved))
            for (const statement of [names, sql.withTransaction(names), names]) {
              const { message } = yield* Effect.flip(Database.orDatabaseError(statement))
              assert.match(message, /was removed, moved or replaced while it was in use\. Stop Gitpip/)
            }
            yield* Effect.promise(() => rename(moved, join(path, part)))
            assert.deepStrictEqual(yield* names, [{ username: "ann" }])
          }
          yield* Effect.promise(() => rename(path, moved))
        }).pipe(Effect.provide(Layer.fresh(Database.layerEmbedded(path))))
      )
      assert.isFalse(existsSync(path), "nothing was written at the path at the end")
      yield* Effect.promise(() => rename(moved, path))
    })
  )
})

describe("a data directory that another command has", () => {
  it.live("a data directory that another command has is waited for, until the command ends", () =>
    Effect.gen(function* () {
      const path = yield* freshDirectory
      const database = join(path, "postgres")
      yield* Effect.promise(() => chmod(database, 0o755))
      // Ends once the other process has begun, which shuts the database's own folder first.
      const program = `
        import { statSync } from "node:fs"
        const { take } = await import(${JSON.stringify(new URL("../../src/database/embedded/lockFile.ts", import.meta.url).href)})
        take(${JSON.stringify(path)})
        console.log("taken")
        setInterval(() => { if ((statSync(${JSON.stringify(database)}).mode & 0o077) === 0) process.exit() }, 20)`
      const command = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["--input-type=module", "-e", program])),
        (child) => Effect.sync(() => void child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => once(command.stdout, "data"))
      yield* start(path)
    })
  )
})
