/** Every file in exactly one visit of each visitor, whatever runs beside it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import type { ListedFile } from "../../src/domain/GistFile.ts"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import { maxVisitors } from "../../src/store/Visits.ts"
import { databases, layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"

const stored = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const found = yield* sql<{ visits: number; positions: number }>`
    select (select count(*) from visits) as visits, (select count(*) from visitor_positions) as positions`
  return found[0]
})

for (const [kind, database] of databases) {
  describe(kind, () => {
    it.effect("each visitor is shown each file once while scans add more and visitors crowd in", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          const visitors = [undefined, Visitor.make("eve"), Visitor.make("mallory")]
          const seen = new Map<Visitor | undefined, Array<number>>(visitors.map((visitor) => [visitor, []]))
          const visit = (visitor: Visitor | undefined) =>
            Effect.map(gitpip.latest(name("ann"), visitor), ({ files }) => {
              seen.get(visitor)?.push(...files.map(({ id }) => id as number))
            })
          for (let round = 0; round < 8; round++) {
            for (let n = 0; n < 5; n++) github.addGist("ann", { files: { [`${round}-${n}.md`]: "", "b.md": "" } })
            yield* Effect.all(
              [
                gitpip.scan({ username: name("ann") }),
                ...visitors.flatMap((visitor) => [visit(visitor), visit(visitor), visit(visitor)])
              ],
              { concurrency: "unbounded", discard: true }
            )
          }
          for (const visitor of visitors) yield* visit(visitor)
          const all = (yield* gitpip.history(name("ann"), everything))
            .map(({ id }) => id as number)
            .toSorted((a, b) => a - b)
          assert.strictEqual(all.length, 80)
          for (const shown of seen.values())
            assert.deepStrictEqual(
              shown.toSorted((a, b) => a - b),
              all
            )
        })
      )
    )

    it.effect("a visit that shows nothing new stores nothing, also of a visitor who comes for the first time", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          for (let n = 0; n < 50; n++) {
            const { files, id } = yield* gitpip.latest(name("ann"), Visitor.make(`visitor-${n}`))
            assert.deepStrictEqual([files, id], [[], null])
          }
          assert.deepStrictEqual(yield* stored, { visits: 0, positions: 0 })

          // Nothing is forgotten: what comes later is new to each of them.
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.scan()
          for (const visitor of ["visitor-1", "visitor-2"]) {
            assert.lengthOf((yield* gitpip.latest(name("ann"), Visitor.make(visitor))).files, 1)
            for (let n = 0; n < 5; n++) {
              assert.deepInclude(yield* gitpip.latest(name("ann"), Visitor.make(visitor)), { id: null, files: [] })
            }
          }
          assert.deepStrictEqual(yield* stored, { visits: 2, positions: 2 })
        })
      )
    )

    it.effect("a user takes no more than 10,000 visitors, and shows each of them what is new as before", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          for (const login of ["ann", "bob"]) {
            github.addUser(login)
            github.addGist(login, { files: { "a.md": "" } })
            yield* gitpip.track(name(login))
          }
          yield* gitpip.scan()
          yield* sql`insert into visitor_positions (user_key, visitor, until_file)
            select u.key, n::text, 0 from users u, generate_series(1, ${maxVisitors - 1}::integer) n where u.username = 'ann'`
          assert.lengthOf((yield* gitpip.latest(name("ann"), Visitor.make("last"))).files, 1)
          const before = yield* stored
          const refused = yield* Effect.flip(gitpip.latest(name("ann"), Visitor.make("another")))
          assert.strictEqual(refused._tag, "TooManyVisitors")
          assert.deepStrictEqual(yield* stored, before)
          assert.lengthOf((yield* gitpip.latest(name("ann"), Visitor.make("7"))).files, 1)
          assert.lengthOf((yield* gitpip.latest(name("bob"), Visitor.make("another"))).files, 1)
        })
      )
    )
  })
}

it.effect("a visit can be read again, by its own user only", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (const login of ["ann", "bob"]) {
        github.addUser(login)
        github.addGist(login, { files: { "a.md": "" } })
        yield* gitpip.track(name(login))
      }
      yield* gitpip.scan()
      const visit = yield* gitpip.latest(name("ann"))
      github.addGist("ann", { files: { "b.md": "" } })
      yield* gitpip.scan()
      assert.deepStrictEqual(yield* gitpip.visit(name("ann"), visit.id ?? 0), visit)
      assert.strictEqual((yield* Effect.flip(gitpip.visit(name("bob"), visit.id ?? 0)))._tag, "VisitNotFound")
      assert.strictEqual((yield* Effect.flip(gitpip.latest(name("nobody"))))._tag, "UserNotTracked")
    })
  )
)

it.effect("a file whose scan is slow to commit is not passed over by a visit", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      const { files, users } = yield* Store
      yield* gitpip.track(name("ann"))
      const userKey = yield* users.key("ann")
      yield* sql`insert into scans (kind, user_key, state, requested_at) values ('requested', ${userKey}, 'done', now())`
      const file = (gistId: string): ListedFile => ({
        gistId,
        filename: "f",
        htmlUrl: gistId,
        rawUrl: null,
        description: null,
        language: null,
        type: null,
        size: 0,
        createdAt: `2020-01-01T00:00:0${gistId.length}Z`,
        updatedAt: "2020-01-01T00:00:00Z"
      })
      /** As scans of two processes do: those of one process share a statement. */
      const add = (...gistIds: ReadonlyArray<string>) =>
        files.addAll([
          {
            userKey,
            scanKey: 1,
            files: gistIds.map(file),
            githubId: null,
            etag: null,
            pages: 1,
            isFullListing: true,
            backfill: "all"
          }
        ])
      /** How many statements wait for a lock. */
      const waiting = Effect.map(
        sql<{
          n: number
        }>`select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        (rows) => rows[0]?.n ?? 0
      )
      const settled = (fiber: Fiber.Fiber<unknown, unknown>, waiters: number) =>
        Effect.gen(function* () {
          while (fiber.pollUnsafe() === undefined && (yield* waiting) < waiters) yield* Effect.yieldNow
        })

      // Another transaction holds the name of the first scan's second file: that scan has drawn its first key and waits.
      const release = yield* Effect.acquireRelease(
        Effect.gen(function* () {
          const held = Promise.withResolvers<void>()
          const inserted = Promise.withResolvers<void>()
          const holder = yield* Effect.forkChild(
            sql
              .withTransaction(
                Effect.gen(function* () {
                  yield* sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
                  values (${userKey}, 1, 'xx', 'f', 'xx', 0, now(), now(), now())`
                  inserted.resolve()
                  yield* Effect.promise(() => held.promise)
                  return yield* Effect.fail("rolled back" as const)
                })
              )
              .pipe(Effect.ignore)
          )
          yield* Effect.promise(() => inserted.promise)
          return Effect.andThen(
            Effect.sync(() => held.resolve()),
            Fiber.join(holder)
          )
        }),
        (release) => release
      )
      const first = yield* Effect.forkChild(add("a", "xx"))
      yield* settled(first, 1)
      const second = yield* Effect.forkChild(add("bbb"))
      yield* settled(second, 2)
      const visit = yield* Effect.forkChild(gitpip.latest(name("ann")))
      yield* settled(visit, 3)
      yield* release
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      const shown = [...(yield* Fiber.join(visit)).files, ...(yield* gitpip.latest(name("ann"))).files]
      assert.sameMembers(
        shown.map(({ gistId }) => gistId),
        ["a", "bbb", "xx"]
      )
    })
  )
)
