/** A server that is stopped, with its locks, in the midst of a transaction. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { done, freePort, makeWorld, start, type World, withEnv } from "./process.ts"

/** The other server's limit, in place of 20 seconds. */
const limit = "-c idle_in_transaction_session_timeout=1s"

/** A session of the test in the world's database. */
const session = ({ env }: World) =>
  Effect.map(
    Layer.build(PgClient.layer({ url: Redacted.make(env.POSTGRES_CONNECTION_STRING ?? ""), maxConnections: 1 })),
    (context) => Context.get(context, SqlClient.SqlClient)
  )

/** Sessions that name themselves `stopped` wait before they store a file, while they hold its user's row. */
const holdFiles = (sql: SqlClient.SqlClient) =>
  Effect.forEach(
    [
      `create function hold() returns trigger language plpgsql as $$ begin
        if current_setting('application_name') = 'stopped' then perform pg_advisory_xact_lock(1); end if;
        return new; end $$`,
      "create trigger hold before insert on gist_files for each row execute function hold()",
      "select pg_advisory_lock(1)"
    ],
    (statement) => sql.unsafe(statement)
  )

/** Waits until a session of this name waits for a lock. */
const isWaiting = (sql: SqlClient.SqlClient, application: string) =>
  sql`select from pg_stat_activity where datname = current_database() and application_name = ${application}
    and wait_event_type = 'Lock'`.pipe(Effect.repeat({ until: (rows) => rows.length > 0 }))

const serve = Effect.fnUntraced(function* (world: World, parameters: Readonly<Record<string, string>>) {
  const url = new URL(world.env.POSTGRES_CONNECTION_STRING ?? "")
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const port = yield* freePort
  const env = { POSTGRES_CONNECTION_STRING: url.href, GITPIP_PORT: String(port) }
  const server = yield* start(withEnv(world, env), "serve", "--json")
  const call = (method: string, path: string) =>
    Effect.promise(() => fetch(`http://127.0.0.1:${port}${path}`, { method })).pipe(Effect.map(({ status }) => status))
  return { ...server, call }
})

const published = ({ pipedrive }: World, files: number) =>
  pipedrive.seen(files, ({ method, route }) => method === "POST" && route === "/api/v2/activities")

it.live(
  "a server that is stopped within its scan's transaction delays another server only until PostgreSQL ends it",
  () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.md": "a" } })
      yield* done(world, "track", "ann")
      const sql = yield* session(world)
      yield* holdFiles(sql)

      const stopped = yield* serve(world, { application_name: "stopped", options: limit })
      yield* isWaiting(sql, "stopped")
      yield* stopped.signal("SIGSTOP")
      const other = yield* serve(world, { application_name: "other" })
      yield* other.says("http.listening")
      assert.strictEqual(yield* other.call("POST", "/scans?username=ann"), 202)
      yield* isWaiting(sql, "other")
      // The statement ends, and its transaction stays open: nobody reads the answer.
      yield* sql`select pg_advisory_unlock(1)`
      yield* published(world, 1)
      yield* other.signal("SIGTERM")
      assert.strictEqual((yield* other.ended).code, 0)

      yield* stopped.signal("SIGCONT")
      world.github.addGist("ann", { files: { "b.md": "b" } })
      assert.strictEqual(yield* stopped.call("POST", "/scans?username=ann"), 202)
      yield* published(world, 2)
      yield* stopped.says(/"message":"publication\.published".*b\.md/)
      assert.strictEqual(yield* stopped.call("GET", "/ready"), 200)
      assert.lengthOf(world.pipedrive.activities, 2)
    }).pipe(Effect.scoped)
)
