/** Who is tracked under which number, and what keeps two from getting mixed up. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Database from "../../src/database/Database.ts"
import { UserId, UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import { databases, freshUrl, layerPostgres, within } from "../database.ts"
import { everything, inWorld, name, statementsOf } from "../world.ts"

const id = (n: number) => ({ id: UserId.make(n) })

for (const [kind, database] of databases) {
  describe(kind, () => {
    it.effect("a name and an id belong to one user, whatever the case of the name", () =>
      inWorld(database, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          assert.isTrue((yield* gitpip.track(name("Ann"), id(7))).created)
          const again = yield* gitpip.track(name("ann"), id(7))
          assert.deepStrictEqual([again.created, again.user.login as string], [false, "Ann"])
          assert.include((yield* Effect.flip(gitpip.track(name("ANN"), id(8)))).message, "under the id 7")
          assert.include((yield* Effect.flip(gitpip.track(name("bob"), id(7)))).message, "belongs to Ann")
          assert.strictEqual((yield* gitpip.track(name("bob"))).user.id, 8)
          assert.isFalse((yield* gitpip.track(name("bob"))).created)
          assert.deepStrictEqual(
            (yield* gitpip.users({ after: 0, limit: 10 })).map((user) => user.id as number),
            [7, 8]
          )
          assert.deepStrictEqual(
            (yield* gitpip.users({ after: 7, limit: 10 })).map((user) => user.id as number),
            [8]
          )
        })
      )
    )

    it.effect("one statement reads a user's details, so the user who is forgotten meanwhile is not tracked", () =>
      inWorld(database, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* gitpip.track(name("ann"))
          assert.lengthOf(yield* statementsOf(gitpip.user(name("ANN"))), 1)
          yield* gitpip.untrack(name("ann"))
          assert.strictEqual((yield* Effect.flip(gitpip.user(name("ann"))))._tag, "UserNotTracked")
        })
      )
    )

    it.effect("untracking keeps the history, and tracking again goes on with it", () =>
      inWorld(database, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"), id(3))
          yield* gitpip.scan()
          yield* gitpip.latest(name("ann"))
          yield* gitpip.untrack(name("ANN"))
          assert.strictEqual((yield* Effect.flip(gitpip.untrack(name("ann"))))._tag, "UserNotTracked")
          assert.deepStrictEqual(yield* gitpip.users({ after: 0, limit: 10 }), [])
          assert.include((yield* Effect.flip(gitpip.track(name("bob"), id(3)))).message, "no longer tracked")
          github.addGist("ann", { files: { "b.md": "" } })
          assert.isTrue((yield* gitpip.track(name("ann"), id(4))).created)
          yield* gitpip.scan()
          assert.deepStrictEqual(
            (yield* gitpip.latest(name("ann"))).files.map(({ filename }) => filename),
            ["b.md"]
          )
          assert.strictEqual((yield* gitpip.history(name("ann"), everything)).length, 2)
        })
      )
    )
  })
}

it.effect("twenty users who are tracked at once each get a number of their own", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const tracked = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, n) => name(`user-${n}`)),
        (username) => gitpip.track(username),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(tracked.map(({ user }) => user.id)).size, 20)
      const same = yield* Effect.all(
        Array.from({ length: 10 }, () => gitpip.track(name("same"), id(99))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(same.filter(({ created }) => created).length, 1)
    })
  )
)

it.effect("the largest possible number leaves room for users without a number", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* gitpip.track(name("last"), id(Number.MAX_SAFE_INTEGER))
      assert.strictEqual((yield* gitpip.track(name("ann"))).user.id, 1)
      assert.isFalse((yield* gitpip.track(name("last"))).created)
    })
  )
)

it.live("two checks of one user that are recorded at the same moment both count", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* within(url, (sql) => sql`update virtual.clock set at = to_timestamp(0)`)
    yield* inWorld(Layer.fresh(Database.layerServer(url)), {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const { checks } = yield* Store
        yield* (yield* Gitpip).track(name("ann"))
        const [ann] = yield* sql<{ key: number }>`select key from users`
        const record = checks.record([
          {
            key: UserKey.make(ann?.key ?? 0),
            fingerprint: null,
            gained: 1,
            isFullListing: true,
            failure: null
          }
        ])
        const recorded = yield* Deferred.make<void>()
        const end = yield* Deferred.make<void>()
        const first = yield* Effect.forkChild(
          sql.withTransaction(
            record.pipe(Effect.andThen(Deferred.succeed(recorded, undefined)), Effect.andThen(Deferred.await(end)))
          )
        )
        yield* Deferred.await(recorded)
        const second = yield* Effect.forkChild(record)
        // By a connection of its own: on a shared one the question would wait behind the statement that it is about.
        yield* within(url, (sql) =>
          sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.pipe(
            Effect.repeat({ until: (waiting) => waiting.length === 1 })
          )
        )
        yield* Deferred.succeed(end, undefined)
        yield* Fiber.join(first)
        yield* Fiber.join(second)
        assert.deepStrictEqual(yield* sql`select rate from users`, [{ rate: 2 }])
      })
    )
  })
)
