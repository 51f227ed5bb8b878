/** The leases of a process that is gone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import * as State from "../../src/database/StateTransfer.ts"
import { freshDirectory, layerPostgres } from "../database.ts"

/** All tables of the database that have leases. */
const leased = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const found = yield* sql<{ readonly name: string }>`
    select table_name::text as name from information_schema.columns
    where table_schema = current_schema() and column_name = 'lease_until' order by 1`
  return found.map(({ name }) => name)
})

/** The tables in which a lease holds. */
const held = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const names = yield* leased
  const counted = yield* Effect.forEach(names, (name) =>
    Effect.map(sql`select 1 from ${sql(name)} where lease_until > now()`, (rows) => ({ name, rows: rows.length }))
  )
  return counted.filter(({ rows }) => rows > 0).map(({ name }) => name)
})

/** What a process leaves that is killed in the middle of everything. */
const killed = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const until = sql.literal("now() + interval '5 minutes'")
  yield* sql`insert into users (id, username, tracked_at) values (1, 'ann', now())`
  yield* sql`insert into scans (kind, state, requested_at) values ('requested', 'done', now())`
  yield* sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
    values (1, 1, 'aa1', 'a.md', 'https://gist.github.com/aa1', 1, now(), now(), now())`
  yield* sql`insert into publications (file_key, user_key, state, start_tag, due_at, created_at, lease_until)
    values (1, 1, 'sending', 0, now(), now(), ${until})`
  yield* sql`insert into deals (user_key, lease_until) values (1, ${until})`
  yield* sql`insert into persons (user_key, lease_until) values (1, ${until})`
  yield* sql`insert into organizations (company, lease_until) values ('c', ${until})`
  yield* sql`insert into scans (kind, state, requested_at, started_at, lease_until)
    values ('scheduled', 'running', now(), now(), ${until})`
  // A table that is new has to be added here, and to those whose leases end.
  assert.deepStrictEqual(yield* held, yield* leased)
})

describe("leases", () => {
  it.live("an embedded database ends the leases of its dead predecessor, so that nobody waits for them", () =>
    Effect.gen(function* () {
      const path = yield* freshDirectory
      const open = Database.layerEmbedded(path)
      yield* Effect.scoped(Effect.provide(killed, open, { local: true }))
      assert.deepStrictEqual(yield* Effect.scoped(Effect.provide(held, open, { local: true })), [])
    })
  )

  it.live("an import ends the leases of the old server, so that the new one does not wait for them", () =>
    Effect.gen(function* () {
      const text = yield* Effect.gen(function* () {
        yield* killed
        const parts: Array<string> = []
        yield* State.exportTo((part) => Effect.sync(() => void parts.push(part)))
        return parts.join("")
      }).pipe(Effect.provide(layerPostgres), Effect.scoped)

      yield* Effect.gen(function* () {
        yield* State.importFrom(Stream.splitLines(Stream.make(text)))
        assert.deepStrictEqual(yield* held, [])
        const sql = yield* SqlClient.SqlClient
        // Each row can be claimed again.
        const lost = yield* sql`select 1 from publications where state = 'sending' and lease_until <= now()`
        assert.lengthOf(lost, 1)
      }).pipe(Effect.provide(layerPostgres), Effect.scoped)
    })
  )
})
