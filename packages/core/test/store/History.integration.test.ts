/** Old history goes, and nothing that decides anything goes with it. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { batchSize, maxBatches } from "../../src/store/History.ts"
import { Store } from "../../src/store/Store.ts"
import { databases, freshUrl, layerPostgres, layerServer, within } from "../database.ts"
import { everything, inWorld, name, statementsOf } from "../world.ts"

const eve = Visitor.make("eve")
const ninetyDays = Duration.days(90)

const counts = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* sql<Record<string, number>>`select (select count(*) from attempts) as attempts,
    (select count(*) from visits) as visits, (select count(*) from scan_failures) as failures,
    (select count(*) from scans) as scans`
  return found as { attempts: number; visits: number; failures: number; scans: number }
})

/** A user with a file and a visitor, and a user who is not there. */
const begin = Effect.fnUntraced(function* (github: { addUser: (login: string) => unknown }) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  yield* gitpip.track(name("ann"))
  yield* gitpip.track(name("missing"))
  yield* gitpip.scan()
})

/** Makes all history older. An embedded database's clock shows the real time after an idle minute, so no time passes. */
const age = Effect.fnUntraced(function* (by: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update attempts set at = at - ${by}::text::interval`
  yield* sql`update visits set visited_at = visited_at - ${by}::text::interval`
  yield* sql`update scans set requested_at = requested_at - ${by}::text::interval`
})

/** Attempts of that age. */
const addAttempts = Effect.fnUntraced(function* (count: number, age: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`insert into attempts (publication_key, at, outcome)
    select (select min(key) from publications), clock_timestamp() - ${age}::text::interval, 'ItemRefused' from generate_series(1, ${count}::integer)`
})

for (const [kind, database] of databases) {
  describe(kind, () => {
    it.effect(
      "history older than 90 days is deleted after a scan, and no file is found, published or shown again",
      () =>
        inWorld(database, {}, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            yield* begin(github)
            github.addGist("ann", { files: { "old.md": "old" } })
            yield* gitpip.scan()
            yield* gitpip.publish
            assert.lengthOf((yield* gitpip.latest(name("ann"), eve)).files, 1)
            yield* gitpip.scan()
            const before = yield* counts
            assert.deepStrictEqual(before, { attempts: 1, visits: 1, failures: 3, scans: 3 })

            yield* age("89 days")
            yield* gitpip.scan()
            assert.deepStrictEqual(yield* counts, { ...before, failures: 4, scans: 4 })

            yield* age("2 days")
            github.addGist("ann", { files: { "new.md": "new" } })
            yield* gitpip.scan()
            assert.deepStrictEqual(yield* counts, { attempts: 0, visits: 0, failures: 2, scans: 5 })
            // A scan is deleted after its failures. The scan that found the old file stays, as long as the file.
            yield* gitpip.scan()
            assert.deepStrictEqual(yield* counts, { attempts: 0, visits: 0, failures: 3, scans: 4 })

            yield* gitpip.publish
            assert.sameMembers(
              pipedrive.activities.map(({ subject }) => subject),
              ["old.md", "new.md"]
            )
            assert.deepStrictEqual(
              (yield* gitpip.latest(name("ann"), eve)).files.map(({ filename }) => filename),
              ["new.md"]
            )
            const [, old] = yield* gitpip.publications(everything)
            assert.deepInclude(old, { filename: "old.md", state: "published" })
            assert.deepStrictEqual((yield* gitpip.publication(old?.id ?? 0)).attempts, [])
          })
        )
    )

    it.effect("history stays for ever with GITPIP_KEEP_HISTORY=forever", () =>
      inWorld(database, { env: { GITPIP_KEEP_HISTORY: "forever" } }, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* begin(github)
          yield* gitpip.scan()
          yield* age("4000 days")
          yield* gitpip.scan()
          assert.deepInclude(yield* counts, { failures: 3, scans: 3 })
        })
      )
    )
  })
}

it.effect("the last full scan that was done stays, and what came after, however old they are", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      const { history, scans } = yield* Store
      yield* begin(github)
      yield* gitpip.scan()
      const { id } = yield* gitpip.scan()
      yield* sql`insert into scans (kind, state, requested_at, started_at, cursor)
        values ('scheduled', 'stopped', clock_timestamp(), clock_timestamp(), 7)`
      yield* age("2000 days")
      for (let run = 0; run < 2; run++) yield* history.trim(ninetyDays)
      assert.deepInclude(yield* counts, { failures: 0, scans: 2 })
      assert.strictEqual(Option.getOrThrow(yield* scans.lastDone).id, id)
      assert.strictEqual(yield* scans.resumeAfter, 7)
    })
  )
)

it.effect("much history is deleted in short transactions, a bounded number of rows after each scan", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const { history } = yield* Store
      yield* begin(github)
      github.addGist("ann", { files: { "a.md": "a" } })
      yield* gitpip.scan()
      const bound = batchSize * maxBatches
      yield* addAttempts(bound + 1_500, "91 days")
      yield* addAttempts(10, "1 day")
      const statements = yield* statementsOf<unknown, unknown, SqlClient.SqlClient>(history.trim(ninetyDays))
      assert.lengthOf(statements, 1 + maxBatches)
      assert.strictEqual((yield* counts).attempts, 1_510)
      yield* history.trim(ninetyDays)
      assert.strictEqual((yield* counts).attempts, 10)
      // Nothing is due: one query, and no deletion.
      assert.lengthOf(yield* statementsOf<unknown, unknown, SqlClient.SqlClient>(history.trim(ninetyDays)), 1)
    })
  )
)

it.live("history is deleted by one process at a time, and no process waits for another's rows", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const { history } = yield* Store
        yield* begin(github)
        github.addGist("ann", { files: { "a.md": "a" } })
        yield* gitpip.scan()
        yield* addAttempts(5, "91 days")
        // Another process is at it.
        yield* within(url, (sql) =>
          sql.withTransaction(
            Effect.andThen(
              sql`select pg_advisory_xact_lock(hashtextextended('gitpip history', 0))`,
              Effect.orDie(history.trim(ninetyDays))
            )
          )
        )
        assert.strictEqual((yield* counts).attempts, 5)
        // Another program holds two rows.
        yield* within(url, (sql) =>
          sql.withTransaction(
            Effect.andThen(
              sql`select from attempts order by key limit 2 for update`,
              Effect.orDie(history.trim(ninetyDays))
            )
          )
        )
        assert.strictEqual((yield* counts).attempts, 2)
        yield* history.trim(ninetyDays)
        assert.strictEqual((yield* counts).attempts, 0)
      })
    )
  }).pipe(Effect.scoped)
)

it.effect("history is found by indexes, with many rows that are kept", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      const { history } = yield* Store
      yield* begin(github)
      github.addGist("ann", { files: { "a.md": "a" } })
      yield* gitpip.scan()
      yield* addAttempts(1_500, "91 days")
      yield* addAttempts(20_000, "1 day")
      yield* sql`insert into visits (user_key, visitor, after_file, until_file, visited_at)
        select 1, 'eve', n, n + 1, now() from generate_series(1, 20000) n`
      yield* sql`update visits set visited_at = clock_timestamp() - interval '91 days' where key < 1500`
      // Old scans, every second one with a file or a failure.
      yield* sql`insert into scans (kind, state, requested_at, files)
        select 'feed', 'done', clock_timestamp() - interval '91 days', n % 2 from generate_series(1, 20000) n`
      yield* sql`insert into scan_failures (scan_key, user_key, reason, message)
        select key, 1, 'Unexpected', '' from scans where kind = 'feed' and files = 1`
      yield* sql`update scans set requested_at = clock_timestamp() - interval '91 days'`
      yield* sql`insert into scans (kind, state, requested_at) values ('requested', 'done', clock_timestamp())`
      yield* sql.unsafe("analyze attempts, visits, scans, scan_failures, gist_files")
      const statements = new Set(yield* statementsOf<unknown, unknown, SqlClient.SqlClient>(history.trim(ninetyDays)))
      assert.strictEqual(statements.size, 5)
      assert.deepInclude(yield* counts, { attempts: 20_000, visits: 18_501, failures: 0 })
      for (const statement of statements) {
        const plan = yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`set local plan_cache_mode = force_generic_plan`
            // Shows that the planner prefers the indexes.
            yield* sql`set local enable_seqscan = on`
            yield* sql.unsafe(`prepare asked as ${statement}`)
            const values = [...new Set(statement.match(/\$\d+/g))].map(() => "null").join()
            const plan = yield* sql.unsafe<Record<string, string>>(`explain execute asked(${values})`)
            yield* sql`deallocate asked`
            return plan
          })
        )
        const text = plan.flatMap((row) => Object.values(row)).join("\n")
        assert.notMatch(text, /Seq Scan on (attempts|visits|scans|scan_failures)/, `${statement}\n${text}`)
      }
    })
  )
)

it.effect("a scan succeeds when old history cannot be deleted", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      yield* begin(github)
      github.addGist("ann", { files: { "a.md": "a" } })
      yield* gitpip.scan()
      yield* addAttempts(5, "91 days")
      yield* sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`
      yield* sql`create trigger refuse before delete on attempts execute function refuse()`
      assert.strictEqual((yield* gitpip.scan()).state, "done")
      assert.strictEqual((yield* counts).attempts, 5)
      yield* sql`drop trigger refuse on attempts`
      yield* gitpip.scan()
      assert.strictEqual((yield* counts).attempts, 0)
    })
  )
)
