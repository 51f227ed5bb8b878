/** A new version takes over the database of every older one in the middle of its work, while other processes do the same. */
import { existsSync, readFileSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it, vi } from "@effect/vitest"
import { PGlite } from "@electric-sql/pglite"
import { Effect, Exit, Layer, Record } from "effect"
import { Migrator, SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { migrations, newest } from "../../src/database/migrations/index.ts"
import * as Cadence from "../../src/domain/Cadence.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import { emptyUrl, fill, freshDirectory } from "../database.ts"
import { everything, makeWorld, name, services } from "../world.ts"

const open = <R, E>(layer: Layer.Layer<SqlClient.SqlClient, E, R>) => Layer.build(Layer.fresh(layer))

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-test-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const number = (migration: string) => Number.parseInt(migration, 10)
const fixture = (version: number) =>
  fileURLToPath(new URL(`schemas/${String(version).padStart(4, "0")}.sql`, import.meta.url))

/** A database as a program of that version left it. */
const left = Effect.fnUntraced(function* (version: number) {
  const sql = yield* SqlClient.SqlClient
  const older = Record.filter(migrations, (_, name) => number(name) <= version)
  yield* Migrator.make({})({ loader: Migrator.fromRecord(older), table: "gitpip_migrations" })
  for (const statement of readFileSync(fixture(version), "utf8").split(/;\n/)) {
    if (statement.trim() !== "") yield* sql.unsafe(statement)
  }
})

describe("an upgrade", () => {
  for (let version = 1; version < newest; version++) {
    it(`the upgrade from schema ${version} has a database to try it on`, () =>
      assert.isTrue(existsSync(fixture(version))))

    it.live(
      `the upgrade from schema ${version} keeps what is there and goes on with it, raced by eight processes`,
      () =>
        Effect.gen(function* () {
          const url = yield* emptyUrl
          yield* Effect.provide(left(version), PgClient.layer({ url, maxConnections: 1 }))
          yield* Effect.all(
            Array.from({ length: 8 }, () => open(Database.layerServer(url))),
            { concurrency: "unbounded" }
          )

          const { github, pipedrive, settings } = yield* makeWorld()
          yield* Effect.gen(function* () {
            const gitpip = yield* Gitpip
            const [ann, bob] = yield* gitpip.users({ after: 0, limit: 10 })
            assert.deepStrictEqual([ann?.login, ann?.id, ann?.state], ["ann", 7, "ok"])
            assert.deepStrictEqual([bob?.login, bob?.state], ["bob", "failing"])
            const states = (yield* gitpip.publications(everything)).map(({ filename, state }) => `${filename} ${state}`)
            assert.sameMembers(states, [
              "1.md published",
              "2.md sending",
              "3.md failed",
              "4.md gone",
              "5.md pending",
              "6.md pending"
            ])
            assert.strictEqual((yield* gitpip.latest(name("ann"))).files.length, 2)

            // What was under way had arrived; the rest is published now, and what was there twice is deleted.
            github.addUser("ann", { id: 101 })
            for (let n = 1; n <= 6; n++) github.addGist("ann", { id: `aa${n}`, files: { [`${n}.md`]: "hi" } })
            pipedrive.addDeal({ title: "ann" })
            const sent = yield* Effect.promise(() =>
              fetch(new URL("/api/v2/activities", pipedrive.url), {
                method: "POST",
                headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
                body: JSON.stringify({
                  subject: "2.md",
                  type: "task",
                  deal_id: 1,
                  note: '<a href="https://gist.github.com/ann/aa2?file=2.md#file-2-md">x</a>'
                })
              })
            )
            assert.isBelow(sent.status, 300)
            yield* gitpip.publish
            assert.deepStrictEqual(
              (yield* gitpip.publications({ ...everything, state: "published" }))
                .map(({ filename }) => filename)
                .sort(),
              ["1.md", "2.md", "5.md", "6.md"]
            )
            assert.deepStrictEqual(pipedrive.activities.map(({ subject }) => subject).sort(), ["2.md", "5.md", "6.md"])
            assert.strictEqual(pipedrive.count("DELETE", "/api/v2/activities/{id}"), 1)
          }).pipe(Effect.provide(services(settings)), Effect.provide(yield* open(Database.layerServer(url))))
        })
    )
  }
})

describe("the embedded database", () => {
  const track = (login: string) => Effect.flatMap(Gitpip, (gitpip) => gitpip.track(name(login)))
  const users = Effect.flatMap(Gitpip, (gitpip) => gitpip.users({ after: 0, limit: 10 }))
  /** A process on a directory, from its start to its end. */
  const process = <A, E>(path: string, work: Effect.Effect<A, E, Gitpip | SqlClient.SqlClient>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { settings } = yield* makeWorld()
        return yield* work.pipe(Effect.provide(Layer.provideMerge(services(settings), Database.layerEmbedded(path))))
      })
    )

  it.live(
    "an embedded database is backed up by a copy of its directory while no process has it open, and restored by putting it back",
    () =>
      Effect.gen(function* () {
        const root = yield* directory
        const [own, copy] = [join(root, "own"), join(root, "copy")]
        yield* fill(own)
        yield* process(own, track("ann"))
        yield* Effect.promise(() => cp(own, copy, { recursive: true }))
        yield* process(own, track("bob"))
        assert.deepStrictEqual(
          (yield* process(copy, users)).map(({ login }) => login as string),
          ["ann"]
        )
        yield* Effect.promise(() => rm(own, { recursive: true }))
        yield* Effect.promise(() => cp(copy, own, { recursive: true }))
        assert.deepStrictEqual(
          (yield* process(own, Effect.andThen(track("cy"), users))).map(({ login }) => login as string),
          ["ann", "cy"]
        )
      })
  )

  it.live(
    "an embedded database that breaks off in a transaction is opened again with all that was confirmed and nothing else",
    () =>
      Effect.gen(function* () {
        const path = yield* freshDirectory
        yield* process(
          path,
          Effect.gen(function* () {
            yield* track("ann")
            const sql = yield* SqlClient.SqlClient
            const before = yield* sql`select 1 from users`
            const broken = yield* Effect.exit(
              sql.withTransaction(
                Effect.gen(function* () {
                  yield* sql`update users set username = 'nobody'`
                  // A panic of PostgreSQL, as its callers see it.
                  vi.spyOn(PGlite.prototype, "execProtocolRaw").mockRejectedValueOnce(new Error("Aborted()"))
                  yield* sql`update users set id = 9`
                })
              )
            )
            assert.isTrue(Exit.isFailure(broken))
            vi.restoreAllMocks()
            assert.strictEqual(before.length, 1)
            assert.deepStrictEqual(
              (yield* users).map(({ id, login }) => [login as string, id as number]),
              [["ann", 1]]
            )
            yield* track("bob")
          })
        )
        assert.strictEqual((yield* process(path, users)).length, 2)
      })
  )

  it.live(
    "an embedded database starts after a crash that left PostgreSQL's own lock file empty, or cut off the very first start",
    () =>
      Effect.gen(function* () {
        const path = yield* directory
        yield* Effect.promise(async () => {
          await mkdir(join(path, "postgres"), { mode: 0o700 })
          await mkdir(join(path, "postgres.new", "global"), { recursive: true })
          await writeFile(join(path, "postgres.new", "PG_VERSION"), "18\n")
        })
        yield* process(path, track("ann"))
        yield* Effect.promise(() => writeFile(join(path, "postgres", "postmaster.pid"), ""))
        assert.strictEqual((yield* process(path, users)).length, 1)
      })
  )

  it.live("an embedded database whose files are damaged or incomplete is not made again, and a backup is advised", () =>
    Effect.gen(function* () {
      const path = yield* freshDirectory
      const refusal = Effect.flip(process(path, users)).pipe(
        Effect.map((error) => {
          assert.instanceOf(error, Database.DatabaseError)
          assert.strictEqual(error.reason, "damaged")
          return error.message
        })
      )
      yield* process(path, track("ann"))
      yield* Effect.promise(() => truncate(join(path, "postgres", "global", "pg_control"), 100))
      assert.match(yield* refusal, /does not start: Aborted\(\)\. Check that the disk has room.*restore a backup/)
      yield* Effect.promise(() => rm(join(path, "postgres", "PG_VERSION")))
      const files = yield* Effect.promise(() => readdir(join(path, "postgres")))
      assert.match(yield* refusal, /holds no database.*restore a complete backup/)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(join(path, "postgres"))), files)
    })
  )

  it.live("an embedded database keeps its directory to its owner", () =>
    Effect.gen(function* () {
      const path = join(yield* directory, "deep", "data")
      const mask = globalThis.process.umask(0)
      yield* process(path, track("ann")).pipe(Effect.ensuring(Effect.sync(() => globalThis.process.umask(mask))))
      const { mode } = yield* Effect.promise(() => stat(path))
      assert.strictEqual(mode & 0o777, 0o700)
    })
  )
})

it.live(
  "a user whose files were stored by a process that died before it recorded the check is due after the upgrade",
  () =>
    Effect.gen(function* () {
      const url = yield* emptyUrl
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const older = Record.filter(migrations, (_, name) => Number.parseInt(name, 10) <= 3)
        yield* Migrator.make({})({ loader: Migrator.fromRecord(older), table: "gitpip_migrations" })
        yield* sql`insert into users (id, username, tracked_at) values (1, 'ann', now())`
        yield* sql`insert into scans (kind, state, requested_at) values ('scheduled', 'interrupted', now())`
        yield* sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
        select 1, 1, 'g' || n, 'a.md', 'https://gist.github.com/g' || n, 1, now(), now(), now() from generate_series(1, 5) n`
      }).pipe(Effect.provide(PgClient.layer({ url, maxConnections: 1 })))
      const { settings } = yield* makeWorld()
      yield* Effect.gen(function* () {
        const { checks } = yield* Store
        const intervals = Array.from({ length: Cadence.classes }, () => 3_600_000)
        const due = yield* checks.due({ intervals, before: new Date(), limit: 10 })
        assert.deepStrictEqual(
          due.map(({ username }) => username),
          ["ann"]
        )
      }).pipe(Effect.provide(Layer.provideMerge(services(settings), Layer.fresh(Database.layerServer(url)))))
    }).pipe(Effect.scoped)
)
