/** Gauges show what is in the database, the same at every server, cheaply, and go on when the database cannot be read. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Metric } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Database from "../../src/database/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import { Gauges } from "../../src/status/Gauges.ts"
import { Store } from "../../src/store/Store.ts"
import * as Totals from "../../src/store/Totals.ts"
import * as Telemetry from "../../src/telemetry/Telemetry.ts"
import { freshUrl, layerPostgres, within } from "../database.ts"
import { inWorld, makeWorld, name, services } from "../world.ts"

/** Metrics of this test alone. */
const apart = Effect.provideServiceEffect(
  Metric.MetricRegistry,
  Effect.sync(() => new Map())
)

const value = (gauge: Metric.Metric<number, Metric.GaugeState<number>>) =>
  Effect.map(Metric.value(gauge), (state) => state.value)

const refresh = Effect.flatMap(Gauges, (gauges) => gauges.refresh)
/** Beyond what is shown for a while. */
const refreshLater = Effect.andThen(TestClock.adjust("6 seconds"), refresh)

describe("gauges", () => {
  it.effect("gauges show users, publications and scans, and how late they are", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.scanAge), 0)
        yield* TestClock.adjust("2 minutes")
        yield* refresh
        // Before the first scan: since the start.
        assert.strictEqual(yield* value(Telemetry.scanAge), 120)

        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "", "b.md": "" } })
        for (const login of ["ann", "bob"]) yield* gitpip.track(name(login))
        yield* gitpip.scan()
        yield* TestClock.adjust("1 minute")
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.usersTracked), 2)
        assert.strictEqual(yield* value(Telemetry.usersFailing), 1)
        assert.strictEqual(yield* value(Telemetry.pending), 2)
        assert.strictEqual(yield* value(Telemetry.oldestPending), 60)
        assert.strictEqual(yield* value(Telemetry.scanAge), 60)
        assert.strictEqual(yield* value(Telemetry.lastScan), 120)

        pipedrive.injectFault(
          { kind: "status", status: 400, body: { success: false, error: "no" } },
          { when: ({ method, route }) => method === "POST" && route === "/api/v2/activities" }
        )
        yield* gitpip.publish
        yield* refreshLater
        assert.strictEqual(yield* value(Telemetry.pending), 0)
        assert.strictEqual(yield* value(Telemetry.failed), 1)
        assert.strictEqual(yield* value(Telemetry.oldestPending), 0)
        assert.strictEqual(yield* value(Telemetry.overdue), 0)
      })
    ).pipe(apart)
  )

  it.effect("a gauge shows how overdue a new file is, and leaves out a backlog that waits for its allowance", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "", "b.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* sql`update publications set backlog = true`
        yield* TestClock.adjust("10 minutes")
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.overdue), 0)
        assert.strictEqual(yield* value(Telemetry.oldestPending), 600)
        yield* sql`update publications set backlog = false where key = 1`
        yield* refreshLater
        assert.strictEqual(yield* value(Telemetry.overdue), 606)
      })
    ).pipe(apart)
  )

  it.effect("gauges show the same at every server of one database, whichever did the work", () =>
    Effect.gen(function* () {
      const url = yield* freshUrl
      yield* within(url, (sql) => sql`update virtual.clock set at = to_timestamp(0)`)
      const database = Database.layerServer(url)
      const { github, settings } = yield* makeWorld()
      github.addUser("ann")
      github.addGist("ann", { files: { "a.md": "" } })
      const worker = yield* Layer.build(Layer.provideMerge(services(settings), Layer.fresh(database)))
      const other = yield* Layer.build(Layer.provideMerge(services(settings), Layer.fresh(database)))
      yield* Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        const { limits } = yield* Store
        const { limitKey } = yield* Github
        yield* limits.block(limitKey, { wait: Duration.seconds(90), message: "GitHub said so" })
      }).pipe(Effect.provide(worker))
      for (const server of [worker, other]) {
        yield* Effect.gen(function* () {
          yield* refreshLater
          assert.strictEqual(yield* value(Telemetry.pending), 1)
          assert.strictEqual(yield* value(Telemetry.lastScan), 0)
          assert.isAbove(yield* value(Telemetry.blockedSeconds("github")), 70)
        }).pipe(Effect.provide(server), apart)
      }
    })
  )

  it.effect("gauges ask the database every few seconds at most, however many callers read them", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* refresh
        yield* sql`insert into users (id, username, tracked_at) values (1, 'ann', now())`
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.usersTracked), 0)
        yield* refreshLater
        assert.strictEqual(yield* value(Telemetry.usersTracked), 1)
      })
    ).pipe(apart)
  )

  it.effect("gauges go on without the database: they show that it is away, and ages grow", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.databaseUp), 1)
        yield* sql`alter table publications rename to away`
        yield* TestClock.adjust("1 minute")
        yield* refresh
        assert.strictEqual(yield* value(Telemetry.databaseUp), 0)
        assert.strictEqual(yield* value(Telemetry.scanAge), 60)
        yield* sql`alter table away rename to publications`
        yield* refreshLater
        assert.strictEqual(yield* value(Telemetry.databaseUp), 1)
      })
    ).pipe(apart)
  )

  it.live("gauges are served by indexes, and count no further than they show", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`insert into users (id, username, tracked_at, failures)
        select n, 'u' || n, now(), case when n % 50 = 0 then 1 else 0 end from generate_series(1, 10000) n`
      yield* sql`insert into scans (kind, state, requested_at) values ('scheduled', 'done', now())`
      yield* sql`insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
        select 1, 1, 'g' || n, 'a.md', 'https://gist.github.com/u1/g' || n, 1, now(), now(), now() from generate_series(1, 20000) n`
      yield* sql`insert into publications (file_key, user_key, state, start_tag, due_at, created_at, remote_id)
        select n, 1, case when n % 10 = 0 then 'pending' when n % 100 = 1 then 'failed' else 'published' end, n, now(), now(),
          case when n % 10 = 0 or n % 100 = 1 then null else 'r' || n end from generate_series(1, 20000) n`
      yield* sql`analyze`
      const explain = Effect.gen(function* () {
        // Shows that the planner prefers the indexes.
        yield* sql`set local enable_seqscan = on`
        const plan = yield* sql<Record<string, string>>`explain ${Totals.statement(sql)}`
        return plan.flatMap((row) => Object.values(row)).join("\n")
      }).pipe(sql.withTransaction)
      const lines = yield* explain
      assert.include(lines, "users_failing")
      assert.notInclude(lines, "Seq Scan", lines)
      assert.include(lines, "Limit")

      // GitHub is away: most users fail.
      yield* sql`update users set failures = 1 where key % 3 > 0`
      yield* sql`vacuum analyze users`
      const after = yield* explain
      assert.include(after, "users_failing", after)
      assert.notInclude(after, "Seq Scan", after)
    }).pipe(Effect.provide(layerPostgres))
  )
})
