/** What the page asks again and again: right, and by indexes alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Database from "../../src/database/Database.ts"
import type { Change } from "../../src/domain/Change.ts"
import { defaultVisitor, Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import * as Days from "../../src/store/Days.ts"
import { freshUrl, layerPostgres, within } from "../database.ts"
import { elapse, inWorld, makeWorld, name, services, statementsOf } from "../world.ts"

const eve = Visitor.make("eve")
const all = { after: 0, limit: 10 }

describe("news", () => {
  it.effect("news counts what is new to each visitor, and is no visit", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const news = (visitor: Visitor) =>
          Effect.map(gitpip.news(visitor, all), (rows) => rows.map(({ files, login }) => `${login} ${files}`))
        for (const login of ["ann", "bob"]) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        github.addGist("ann", { files: { "1.md": "1", "2.md": "2" } })
        yield* gitpip.scan()
        for (let check = 0; check < 2; check++) assert.deepStrictEqual(yield* news(eve), ["ann 2", "bob 0"])

        yield* gitpip.latest(name("ann"), eve)
        assert.deepStrictEqual(yield* news(eve), ["ann 0", "bob 0"])
        assert.deepStrictEqual(yield* news(defaultVisitor), ["ann 2", "bob 0"])

        github.addGist("ann", { files: { "3.md": "3" } })
        github.addGist("bob", { files: { "4.md": "4" } })
        yield* gitpip.scan()
        assert.deepStrictEqual(yield* news(eve), ["ann 1", "bob 1"])
        yield* gitpip.untrack(name("ann"))
        assert.deepStrictEqual(yield* news(eve), ["bob 1"])
        assert.deepStrictEqual(yield* gitpip.news(eve, { after: 2, limit: 10 }), [])
        const sql = yield* SqlClient.SqlClient
        assert.strictEqual((yield* sql`select 1 from visits`).length, 1)
      })
    )
  )

  it.effect("news stops counting at 1,000", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        yield* gitpip.track(name("ann"))
        yield* sql`insert into scans (kind, state, requested_at) values ('requested', 'done', now())`
        yield* sql`
          insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
          select 1, 1, n::text, 'a.md', 'https://gist.github.com/a', 1, now(), now(), now() from generate_series(1, 1500) n`
        assert.strictEqual((yield* gitpip.news(eve, all))[0]?.files, 1_000)
      })
    )
  )
})

describe("days", () => {
  it.effect("days are reported one by one, days without anything as well", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        github.addUser("ann")
        github.addGist("ann", { files: { "1.md": "1", "2.md": "2" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* gitpip.publish
        yield* sql`update scans set started_at = '1969-12-30T23:30:00Z'`
        yield* sql`update publications set published_at = '1970-01-01T00:30:00Z'`
        assert.deepStrictEqual(yield* gitpip.days(4), [
          { day: "1969-12-29", found: 0, published: 0 },
          { day: "1969-12-30", found: 2, published: 0 },
          { day: "1969-12-31", found: 0, published: 0 },
          { day: "1970-01-01", found: 0, published: 2 }
        ])
        assert.deepStrictEqual(yield* gitpip.days(1), [{ day: "1970-01-01", found: 0, published: 2 }])
      })
    )
  )
})

it.live("days are all there, also where a day of the database's own zone begins at one o'clock", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    const database = new URL(Redacted.value(url)).pathname.slice(1)
    yield* within(url, (sql) => sql.unsafe(`alter database ${database} set timezone to 'America/Santiago'`))
    yield* within(url, (sql) => sql`update virtual.clock set at = '2026-09-08T12:00:00Z'`)
    const days = yield* Effect.flatMap(Days.make, ({ list }) => list(3)).pipe(Effect.provide(Database.layerServer(url)))
    assert.deepStrictEqual(
      days.map(({ day }) => day),
      ["2026-09-06", "2026-09-07", "2026-09-08"]
    )
  })
)

it.effect("days are counted once in a while, however many ask", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const counts: Array<number> = []
      for (const wait of ["0 seconds", "4 seconds", "2 seconds"] as const) {
        yield* TestClock.adjust(wait)
        counts.push((yield* statementsOf(gitpip.days(14))).length)
      }
      assert.deepStrictEqual(counts, [1, 0, 1])
    })
  )
)

it.effect("no call of the page reads through a table", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      github.addUser("ann")
      github.addGist("ann", { files: { "1.md": "1" } })
      yield* gitpip.track(name("ann"))
      yield* gitpip.scan()
      yield* gitpip.publish
      const watched = Effect.gen(function* () {
        const watching = yield* Effect.forkChild(Stream.runDrain(gitpip.changes))
        yield* elapse("2 seconds")
        yield* Fiber.interrupt(watching)
      })
      for (const [what, call] of [
        ["news", gitpip.news(eve, all)],
        ["days", gitpip.days(14)],
        ["failing users", gitpip.users({ ...all, state: "failing" })],
        ["failed publications", gitpip.publications({ before: 9, limit: 10, state: "failed" })],
        ["changes", watched]
      ] as const) {
        const statements = yield* statementsOf<unknown, unknown, SqlClient.SqlClient>(call)
        assert.isNotEmpty(statements, what)
        for (const statement of statements) {
          const plan = yield* sql.withTransaction(
            Effect.gen(function* () {
              // On so few rows a scan would be right. Where none is possible without, it would be taken all the same.
              yield* sql`set local enable_seqscan = off`
              yield* sql`set local plan_cache_mode = force_generic_plan`
              yield* sql.unsafe(`prepare asked as ${statement}`)
              const values = [...new Set(statement.match(/\$\d+/g))].map(() => "null").join()
              const plan = yield* sql.unsafe<Record<string, string>>(
                `explain execute asked${values === "" ? "" : `(${values})`}`
              )
              yield* sql`deallocate asked`
              return plan
            })
          )
          const text = plan.flatMap((row) => Object.values(row)).join("\n")
          assert.notInclude(text, "Seq Scan", `${what}: ${statement}\n${text}`)
        }
      }
    })
  )
)

describe("changes", () => {
  it.effect("changes report what another process on the same database does", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const here = yield* Gitpip
        const { github, settings } = yield* makeWorld()
        const seen: Array<Change> = []
        const watching = yield* Effect.forkChild(
          Stream.runForEach(here.changes, (change) => Effect.sync(() => seen.push(change)))
        )
        const until = (type: Change["type"]) =>
          Effect.gen(function* () {
            while (!seen.some((change) => change.type === type)) yield* elapse("1 second")
          })
        yield* until("listening")
        yield* Effect.gen(function* () {
          const there = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "1.md": "1", "2.md": "2" } })
          yield* there.track(name("ann"))
          yield* there.scan()
          yield* until("files")
          yield* there.publish
          yield* until("publication")
        }).pipe(Effect.provide(services(settings)))
        assert.deepInclude(seen, { type: "files", login: name("ann"), files: 2 })
        assert.isTrue(seen.some((change) => change.type === "scan" && change.scan.state === "done"))
        assert.isTrue(seen.some((change) => change.type === "publication" && change.state === "published"))
        yield* Fiber.interrupt(watching)
      })
    )
  )

  it.effect("changes are not read while nobody listens", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const listened = Effect.gen(function* () {
          yield* Stream.runHead(gitpip.changes)
          yield* elapse("1 minute")
        })
        // The first position, and no statement more.
        assert.strictEqual((yield* statementsOf(listened)).length, 1)
      })
    )
  )
})
