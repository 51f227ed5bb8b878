/** What a stopped process, a locked row or a standby may hold up. */
import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Visitor } from "../../src/domain/Visit.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { freshUrl, layerServer, within } from "../database.ts"
import { inWorld, name } from "../world.ts"

/** Runs an effect while a transaction of another program holds a user's row. */
const whileHeld = <A, E>(url: Redacted.Redacted, login: string, effect: Effect.Effect<A, E>) =>
  within(url, (sql) =>
    sql.withTransaction(Effect.andThen(sql`select from users where username = ${login} for update`, effect))
  )

/** How many sessions wait for a lock. */
const lockWaits = (url: Redacted.Redacted) =>
  Effect.map(
    within(
      url,
      (sql) => sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
    ),
    ([row]) => row?.n ?? 0
  )

it.live("a held row keeps visits to its user waiting, and leaves connections to everything else", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "# a" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* within(url, (sql) => sql`alter function record_visit reset lock_timeout`)
        const scope = yield* Effect.scope
        const visits = Array.from({ length: 12 }, (_, n) => gitpip.latest(name("ann"), Visitor.make(`visitor-${n}`)))
        const waiting = yield* whileHeld(
          url,
          "ann",
          Effect.gen(function* () {
            const waiting = yield* Effect.forkIn(Effect.all(visits, { concurrency: "unbounded" }), scope)
            yield* Effect.repeat(lockWaits(url), { until: (n) => n === 3 })
            const users = yield* gitpip.users({ after: 0, limit: 10 })
            assert.deepStrictEqual(
              users.map(({ login }) => login),
              [name("ann")]
            )
            return waiting
          })
        )
        for (const { files } of yield* Fiber.join(waiting)) assert.lengthOf(files, 1)
      })
    )
  }).pipe(Effect.scoped)
)

it.live("a held row keeps calls and checks of its user waiting, and leaves all other reads and writes alone", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const login of ["ann", "bob"]) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        yield* gitpip.scan()
        for (const login of ["ann", "bob"]) github.addGist(login, { files: { [`${login}.md`]: login } })
        const scope = yield* Effect.scope
        const calls = Array.from({ length: 12 }, () =>
          Effect.catchTag(gitpip.untrack(name("ann")), "UserNotTracked", () => Effect.void)
        )
        const waiting = yield* whileHeld(
          url,
          "ann",
          Effect.gen(function* () {
            const scan = yield* Effect.forkIn(gitpip.scan(), scope)
            const untracking = yield* Effect.forkIn(Effect.all(calls, { concurrency: "unbounded" }), scope)
            yield* Effect.repeat(lockWaits(url), { until: (n) => n >= 4 })
            for (let round = 0; round < 40; round++) {
              assert.lengthOf(yield* gitpip.users({ after: 0, limit: 100 }), 2 + round)
              yield* gitpip.track(name(`user-${round}`))
            }
            assert.deepStrictEqual(yield* gitpip.overdue(yield* DateTime.now), [])
            return [scan, untracking] as const
          })
        )
        yield* Fiber.join(waiting[0])
        yield* Fiber.join(waiting[1])
        assert.lengthOf((yield* gitpip.latest(name("bob"))).files, 1)
      })
    )
  }).pipe(Effect.scoped)
)

it.live("a visit that shows nothing new waits for no lock", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* gitpip.track(name("ann"))
        assert.deepInclude(yield* whileHeld(url, "ann", gitpip.latest(name("ann"))), { id: null, files: [] })
      })
    )
  }).pipe(Effect.scoped)
)

it.live("a visit to a user whose row is held for long fails, and loses nothing", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "# a" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        // The limit is seconds in operation.
        yield* within(url, (sql) => sql`alter function record_visit set lock_timeout = '100ms'`)
        const error = yield* whileHeld(url, "ann", Effect.flip(gitpip.latest(name("ann"))))
        assert.strictEqual(error._tag === "DatabaseError" && error.reason, "busy")
        assert.strictEqual(error.message, "Another transaction holds what this call needs. Try again in a moment")
        assert.lengthOf((yield* gitpip.latest(name("ann"))).files, 1)
      })
    )
  }).pipe(Effect.scoped)
)

it.live("a connection ends a transaction that its process has left alone, and waits for no lock for ever", () =>
  Effect.gen(function* () {
    const limits = (url: Redacted.Redacted) =>
      Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`select current_setting('idle_in_transaction_session_timeout') as idle,
          current_setting('lock_timeout') as locks`
      ).pipe(Effect.provide(layerServer(url)))
    const url = yield* freshUrl
    assert.deepStrictEqual(yield* limits(url), [{ idle: "20s", locks: "30s" }])
    const withOptions = (options: string) =>
      limits(Redacted.make(`${Redacted.value(url)}?options=${encodeURIComponent(options)}`))
    assert.deepStrictEqual(yield* withOptions("-c lock_timeout=3s"), [{ idle: "20s", locks: "3s" }])
    for (const options of ["--lock_timeout=3s", "-c lock-timeout=3s", "-cLock_Timeout=3s"]) {
      assert.deepStrictEqual(yield* withOptions(options), [{ idle: "20s", locks: "3s" }], options)
    }
    const quoted = "-c application_name=a\\ --lock_timeout=3"
    assert.deepStrictEqual(yield* withOptions(quoted), [{ idle: "20s", locks: "30s" }])
    assert.deepStrictEqual(yield* withOptions("-c application_name=lock_timeout"), [{ idle: "20s", locks: "30s" }])
  }).pipe(Effect.scoped)
)

it.live("a database that becomes read-only is reported", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* inWorld(layerServer(url), {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const since = yield* DateTime.now
        assert.deepStrictEqual(yield* gitpip.overdue(since), [])
        const database = new URL(Redacted.value(url)).pathname.slice(1)
        yield* within(url, (sql) =>
          Effect.andThen(
            sql.unsafe(`alter database ${database} set default_transaction_read_only = on`),
            sql`select pg_terminate_backend(pid) from pg_stat_activity
              where datname = ${database} and pid <> pg_backend_pid()`
          )
        )
        const readOnly = yield* gitpip.overdue(since).pipe(
          Effect.flip,
          // The connections that were ended fail first.
          Effect.repeat({ until: ({ reason }) => reason !== undefined })
        )
        assert.match(readOnly.message, /^The database is read-only: .* Name the primary server/)
        const write = yield* Effect.flip(gitpip.track(name("cat")))
        assert.strictEqual(write.message, readOnly.message)
      })
    )
  }).pipe(Effect.scoped)
)
