/** All state moves from one database to another, and nothing is lost, changed or published again by that. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { newest } from "../../src/database/migrations/index.ts"
import * as State from "../../src/database/StateTransfer.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { databases, layerPostgres, withDatabaseClock } from "../database.ts"
import { everything, makeWorld, name, passTime, services } from "../world.ts"

const [, [, layerEmbedded]] = databases

/** What the database holds, every column of every row, as text. */
const contents = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const all: Record<string, ReadonlyArray<string>> = {}
  for (const { key, name } of State.tables) {
    const found = yield* sql.unsafe<{ readonly row: string }>(
      `select row_to_json(t)::text as row from ${name} t order by ${key.join(", ")}`
    )
    all[name] = found.map(({ row }) => row)
  }
  return all
})

const exported = Effect.gen(function* () {
  const parts: Array<string> = []
  const rows = yield* State.exportTo((text) => Effect.sync(() => void parts.push(text)))
  return { rows, text: parts.join("") }
})

const imported = (text: string) => State.importFrom(Stream.splitLines(Stream.make(text)))

/** Refuses, and leaves the database as empty as it was. */
const refused = Effect.fnUntraced(function* (text: string) {
  const error = yield* Effect.flip(imported(text))
  assert.strictEqual(error._tag, "StateError")
  const rows = Object.values(yield* contents).flat()
  assert.deepStrictEqual(rows, [])
  return error.message
})

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

describe("state", () => {
  it.effect("a state file has every table of the database but those whose rows hold for seconds", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const found = yield* sql<{ readonly name: string; readonly identity: boolean }>`
        select c.relname::text as name, exists (
          select 1 from pg_attribute a where a.attrelid = c.oid and a.attidentity <> ''
        ) as identity
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname = current_schema() and c.relname <> 'gitpip_migrations'`
      assert.includeMembers(
        found.map(({ name }) => name),
        [...State.passing]
      )
      assert.sameDeepMembers(
        found.filter(({ name }) => !State.passing.includes(name)).map(({ identity, name }) => ({ identity, name })),
        State.tables.map(({ identity, name }) => ({ identity, name }))
      )
    }).pipe(Effect.provide(layerPostgres))
  )

  it.effect(
    "state moves from the embedded database to PostgreSQL and back, and publishing goes on with nothing twice",
    () =>
      Effect.gen(function* () {
        const { github, pipedrive, settings } = yield* makeWorld()
        github.addUser("ann")
        for (let n = 0; n < 4; n++) {
          github.addGist("ann", {
            description: "naïve 日本\n\u202e",
            files: { [`${n}.md`]: `${n}` },
            createdAt: n * 1_000
          })
        }
        const first = yield* Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          yield* gitpip.track(name("ann"))
          yield* gitpip.track(name("missing"))
          yield* gitpip.scan()
          yield* gitpip.latest(name("ann"))
          // One reaches Pipedrive and its answer does not reach Gitpip; one is refused.
          pipedrive.injectFault({ kind: "lost", how: "reset" }, { when: isCreate })
          pipedrive.injectFault(
            { kind: "status", status: 400, body: { success: false, error: "no" } },
            { when: isCreate }
          )
          yield* gitpip.publish
          // As a process leaves it that died while it sent.
          yield* sql`update publications set state = 'sending', lease_until = clock_timestamp() where sent_at is not null and state = 'pending'`
          const states = (yield* gitpip.publications(everything)).map(({ state }) => state)
          assert.sameMembers(states, ["sending", "failed", "published", "published"])
          return { ...(yield* exported), contents: yield* contents }
        }).pipe(withDatabaseClock, Effect.provide(Layer.provideMerge(services(settings), layerEmbedded)), Effect.scoped)
        assert.strictEqual(pipedrive.activities.length, 3)

        const second = yield* Effect.gen(function* () {
          const rows = yield* imported(first.text)
          assert.deepStrictEqual(rows, first.rows)
          assert.deepStrictEqual(yield* contents, first.contents)
          const again = yield* Effect.flip(imported(first.text))
          assert.match(again.message, /The database is not empty: it has rows in users, scans,/)
          assert.deepStrictEqual(yield* contents, first.contents)

          const gitpip = yield* Gitpip
          yield* passTime("10 minutes")
          yield* gitpip.publish
          // A lookup has found what was sent.
          assert.strictEqual(pipedrive.activities.length, 3)
          yield* gitpip.retryFailed
          github.addUser("bob")
          github.addGist("bob", { files: { "new.md": "new" } })
          github.addGist("ann", { files: { "newer.md": "newer" } })
          // New rows are numbered behind those that came from elsewhere.
          const { user } = yield* gitpip.track(name("bob"))
          assert.strictEqual(user.id, 3)
          yield* passTime("1 hour")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 6)
          assert.deepStrictEqual(
            (yield* gitpip.latest(name("ann"))).files.map(({ filename }) => filename),
            ["newer.md"]
          )
          return { ...(yield* exported), contents: yield* contents }
        }).pipe(withDatabaseClock, Effect.provide(Layer.provideMerge(services(settings), layerPostgres)), Effect.scoped)

        yield* Effect.gen(function* () {
          assert.deepStrictEqual(yield* imported(second.text), second.rows)
          assert.deepStrictEqual(yield* contents, second.contents)
          const gitpip = yield* Gitpip
          yield* passTime("1 hour")
          yield* gitpip.scan()
          yield* gitpip.publish
          const pages = new Set(pipedrive.activities.map(({ subject }) => subject))
          assert.deepStrictEqual([pages.size, pipedrive.activities.length], [6, 6])
        }).pipe(withDatabaseClock, Effect.provide(Layer.provideMerge(services(settings), layerEmbedded)), Effect.scoped)
      })
  )

  it.effect("state is written page by page, as one snapshot, while others write", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into users (id, username, tracked_at) select n, 'user-' || n, now() from generate_series(1, 1200) n`
      const parts: Array<string> = []
      const begun = yield* Deferred.make<void>()
      const others = yield* Effect.forkChild(
        Effect.andThen(Deferred.await(begun), sql`delete from users where id % 2 = 0`)
      )
      const rows = yield* State.exportTo((text) =>
        parts.push(text) === 3 ? Effect.andThen(Deferred.succeed(begun, undefined), Fiber.join(others)) : Effect.void
      )
      assert.strictEqual(rows.users, 1_200)
      assert.isAtLeast(parts.length, 10)
      assert.strictEqual((yield* contents).users?.length, 600)
      for (const part of parts) assert.isAtMost(part.split("\n").length, 501)
    }).pipe(Effect.provide(layerPostgres))
  )

  it.effect("a state file is refused when it is newer, cut off, changed, or something else", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into users (id, username, tracked_at, failures) values (7, 'ann', now(), 3), (8, 'bob', now(), 0)`
      const { text } = yield* exported
      yield* sql`delete from users`
      const lines = text.trimEnd().split("\n")
      const head = (change: object) =>
        [JSON.stringify({ ...JSON.parse(lines[0] ?? ""), ...change }), ...lines.slice(1)].join("\n")
      for (const newer of [head({ version: 2 }), head({ schema: newest + 1 })]) {
        assert.match(yield* refused(newer), /from a newer Gitpip.*Use the version that wrote the file/)
      }
      assert.match(yield* refused(lines.slice(0, -1).join("\n")), /cut off before its end/)
      assert.match(yield* refused(text.slice(0, text.indexOf('"bob"'))), /Line 4 is not part/)
      assert.match(
        yield* refused(text.replace('"users":2', '"users":3')),
        /should hold 3 rows of users, and 2 were found/
      )
      assert.match(
        yield* refused(text.replace('"id":8', '"id":7')),
        /Lines 3 to 4 cannot be stored in users: .*users_id_key/
      )
      assert.match(yield* refused(text.replace('"username":"bob"', '"username":["b"')), /cannot be stored|is none/)
      assert.match(
        yield* refused(text.replace('"columns":["key"', '"columns":["secrets","key"')),
        /names columns of users/
      )
      assert.match(yield* refused(text.replace('"table":"visits"', '"table":"orders"')), /names a table/)
      assert.match(
        yield* refused(text.replace('"columns":["key"', '"columns":["key\\" from users; drop table users; --"')),
        /columns/
      )
      const twice = [...lines.slice(0, -1), lines[1], lines.at(-1)].join("\n")
      assert.match(
        yield* refused(twice),
        /begins table users after feed_positions; the order must be users, scans, .*, feed_positions\. Nothing/
      )
      assert.match(yield* refused(`${text}${lines[2]}\n`), /is not part of/)
      assert.match(yield* refused("username,id\nann,7\n"), /Line 1 is not part of a `gitpip export` file/)
      assert.match(yield* refused(lines.slice(1).join("\n")), /Line 1 does not begin a file/)
      assert.match(yield* refused(""), /The file is empty/)
      // A column that an older schema had not gets its default.
      const older = lines.filter(
        (line) => !/^\{"table":"(profiles|forgotten_keys|forgotten_files|forgotten_users|sources)"/.test(line)
      )
      const withoutProfiles = older
        .filter((line) => !line.includes('"due_at":') || line.includes('"start_tag":'))
        .map((line) => (line.includes('"end":true') ? line.replace(/"profiles":\d+/, '"profiles":0') : line))
        .join("\n")
      assert.strictEqual((yield* imported(withoutProfiles.replace('"failures",', ""))).users, 2)
      assert.lengthOf(yield* sql`select 1 from profiles`, 2)
      const users = yield* sql<{ readonly failures: number }>`select failures from users`
      assert.deepStrictEqual(
        users.map(({ failures }) => failures),
        [0, 0]
      )
    }).pipe(Effect.provide(layerPostgres))
  )
})
