/** The schema: made once by the first process, refused when it is newer, guarded against two owners. */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { newest } from "../../src/database/migrations/index.ts"
import { databases, emptyUrl, within } from "../database.ts"

const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-test-"))),
  (directory) => Effect.promise(() => rm(directory, { recursive: true, force: true }))
)

const open = <R, E>(layer: Layer.Layer<SqlClient.SqlClient, E, R>) => Layer.build(Layer.fresh(layer))

describe("migrations", () => {
  it.live("migrations run once when eight processes start together", () =>
    Effect.gen(function* () {
      const url = yield* emptyUrl
      yield* Effect.all(
        Array.from({ length: 8 }, () => open(Database.layerServer(url))),
        { concurrency: "unbounded" }
      )
      const sql = yield* Effect.map(open(Database.layerServer(url)), (context) => context)
      const done = yield* Effect.provide(
        Effect.flatMap(
          SqlClient.SqlClient,
          (client) => client<{ n: number }>`select count(*) as n from gitpip_migrations`
        ),
        sql
      )
      assert.strictEqual(done[0]?.n, newest)
    })
  )

  it.live("the schema of a newer program is refused, with a message that says so", () =>
    Effect.gen(function* () {
      const url = yield* emptyUrl
      const context = yield* open(Database.layerServer(url))
      yield* Effect.provide(
        Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql`insert into gitpip_migrations (migration_id, name) values (9999, 'future')`
        ),
        context
      )
      const error = yield* Effect.flip(open(Database.layerServer(url)))
      assert.match(error.message, /schema 9999, newer than/)
    })
  )

  it.live("a database that is not there is reported, with what to do", () =>
    Effect.gen(function* () {
      const url = new URL(Redacted.value(yield* emptyUrl))
      url.pathname = "/nobody-made-it"
      const error = yield* Effect.flip(open(Database.layerServer(Redacted.make(url.href))))
      assert.match(error.message, /^There is no such database\. Create it/)
    })
  )

  it.live("a schema that is not there is reported by its setting, with what to do", () =>
    Effect.gen(function* () {
      const url = new URL(Redacted.value(yield* emptyUrl))
      url.searchParams.set("schema", "crm")
      const error = yield* Effect.flip(open(Database.layerServer(Redacted.make(url.href))))
      assert.strictEqual(
        error.message,
        "The database has no schema of that name. Create it (`create schema …`), or correct `schema` in POSTGRES_CONNECTION_STRING"
      )
    })
  )

  it.live("another program's database is refused before anything is changed there", () =>
    Effect.gen(function* () {
      const url = yield* emptyUrl
      yield* within(url, (sql) => sql`create table users (user_id int primary key, username varchar(39))`)
      const error = yield* Effect.flip(open(Database.layerServer(url)))
      assert.strictEqual(
        error.message,
        "The database holds tables of another program (users). Name an empty one in POSTGRES_CONNECTION_STRING"
      )
      const left = yield* within(
        url,
        (sql) => sql<{ tablename: string }>`select tablename from pg_tables
        where schemaname = 'public'`
      )
      assert.deepStrictEqual(left, [{ tablename: "users" }])
    })
  )

  for (const [kind, database] of databases) {
    it.live(`the schema refuses what no program may store: ${kind}`, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into users (id, username, tracked_at) values (1, 'Ann', now())`
        const refuse = (what: string, statement: Effect.Effect<unknown, unknown>) =>
          Effect.map(Effect.exit(statement), (exit) => assert.strictEqual(exit._tag, "Failure", what))
        yield* refuse(
          "the same name in another case",
          sql`insert into users (id, username, tracked_at) values (2, 'aNN', now())`
        )
        yield* refuse("the same id", sql`insert into users (id, username, tracked_at) values (1, 'bob', now())`)
        yield* refuse("an invalid name", sql`insert into users (id, username, tracked_at) values (3, 'a b', now())`)
        yield* refuse("id 0", sql`insert into users (id, username, tracked_at) values (0, 'c', now())`)
        yield* sql`insert into scans (kind, state, requested_at) values ('scheduled', 'running', now())`
        yield* refuse(
          "two full scans at once",
          sql`insert into scans (kind, state, requested_at) values ('scheduled', 'running', now())`
        )
        yield* sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
          values (1, 1, 'g', 'f', 'u', 0, now(), now(), now())`
        yield* refuse(
          "a file twice",
          sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
          values (1, 1, 'g', 'f', 'u', 0, now(), now(), now())`
        )
        const publish = (state: string, remoteId: string | null) =>
          sql`insert into publications (file_key, user_key, state, start_tag, due_at, created_at, remote_id) values (1, 1, ${state}, 0, now(), now(), ${remoteId})`
        yield* refuse("published without a remote id", publish("published", null))
        yield* publish("pending", null)
        yield* refuse("a publication twice", publish("pending", null))
      }).pipe(Effect.provide(database))
    )
  }
})

describe("a server", () => {
  it.live("a server is used as its address says, down to its parameters", () =>
    Effect.gen(function* () {
      const url = new URL(Redacted.value(yield* emptyUrl))
      const named = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        return yield* sql<{ name: string }>`select current_setting('application_name') as name`
      })
      const at = (address: URL) => Effect.provide(named, Layer.fresh(Database.layerServer(Redacted.make(address.href))))
      assert.deepStrictEqual(yield* at(url), [{ name: "gitpip" }])
      url.searchParams.set("application_name", "somebody's own")
      assert.deepStrictEqual(yield* at(url), [{ name: "somebody's own" }])
    })
  )
})

describe("a server that cannot be used", () => {
  it.live("a server that cannot be used is named without its password", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        open(Database.layerServer(Redacted.make("postgres://someone:hunter2@127.0.0.1:1/gitpip")))
      )
      assert.strictEqual(error._tag, "DatabaseError")
      assert.notInclude(error.message, "hunter2")
      assert.match(error.message, /cannot be reached.*POSTGRES_CONNECTION_STRING/)
    })
  )
})

describe("an embedded directory", () => {
  it.live("an embedded directory keeps what was stored, and belongs to one owner at a time", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.scoped(
        Effect.gen(function* () {
          const context = yield* open(Database.layerEmbedded(directory))
          yield* Effect.provide(
            Effect.flatMap(
              SqlClient.SqlClient,
              (sql) => sql`insert into users (id, username, tracked_at) values (5, 'ann', now())`
            ),
            context
          )
          const second = yield* Effect.flip(open(Database.layerEmbedded(directory)))
          assert.match(second.message, /is in use by process/)
          assert.strictEqual(second.reason, "inUse")
        })
      )
      const again = yield* open(Database.layerEmbedded(directory))
      const users = yield* Effect.provide(
        Effect.flatMap(SqlClient.SqlClient, (sql) => sql<{ id: number }>`select id from users`),
        again
      )
      assert.deepStrictEqual(
        users.map(({ id }) => id),
        [5]
      )
    })
  )

  it.live("an embedded directory is refused while its owner lives, and taken over from a dead one", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const source = (name: string) =>
        JSON.stringify(new URL(`../../src/database/embedded/${name}.ts`, import.meta.url).href)
      const program = `
        const { take } = await import(${source("lockFile")})
        const { write } = await import(${source("serverFile")})
        take(${JSON.stringify(directory)})
        await write(${JSON.stringify(directory)}, "http://127.0.0.1:8080")
        console.log("announced")
        setInterval(() => {}, 1000)`
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["--input-type=module", "-e", program])),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.callback<void>((resume) => void other.stdout.once("data", () => resume(Effect.void)))
      const refused = yield* Effect.flip(open(Database.layerEmbedded(directory)))
      assert.include(refused.message, String(other.pid))
      assert.strictEqual(refused.server, "http://127.0.0.1:8080")

      yield* Effect.callback<void>((resume) => {
        other.once("exit", () => resume(Effect.void))
        other.kill("SIGKILL")
      })
      yield* open(Database.layerEmbedded(directory))
    })
  )

  it.live("an embedded directory that cannot be made is refused, not waited for", () =>
    Effect.gen(function* () {
      // Linux answers ENOENT below /proc, which exists; elsewhere nobody may make a directory at the root.
      const error = yield* Effect.flip(open(Database.layerEmbedded("/proc/gitpip")))
      assert.match(error.message, /cannot be used/)
    })
  )
})
