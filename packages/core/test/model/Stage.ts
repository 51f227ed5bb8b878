/**
 * Where a history is played: three processes with a pool of connections each on one PostgreSQL, both stand-ins, a clock
 * that only goes on when it is told to, and a warden with a connection of its own, who sees and holds what others do.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Context, Duration, Effect, Exit, Fiber, Layer, Scope, String as Text } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Database from "../../src/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { types } from "../../src/internal/pgTypes.ts"
import type { GithubStandIn, PipedriveStandIn } from "../../src/testing/index.ts"
import { freshUrl } from "../database.ts"
import { makeWorld, passTime, services } from "../world.ts"
import type { History } from "./commands.ts"
import { Model, names } from "./Model.ts"
import * as Snapshot from "./Snapshot.ts"

export const processes = 3

type Sql = SqlClient.SqlClient

/** A migrated database. Connecting takes longer than a history, so histories share the connections. */
export class Connections extends Context.Service<Connections, { readonly warden: Sql; readonly pools: ReadonlyArray<Sql> }>()(
  "gitpip/test/model/Connections"
) {
  static readonly layer = Layer.effect(
    Connections,
    Effect.gen(function* () {
      const url = yield* freshUrl
      const connect = <E>(layer: Layer.Layer<Sql, E>) =>
        Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, SqlClient.SqlClient))
      const pools: Array<Sql> = []
      for (let n = 0; n < processes; n++) pools.push(yield* connect(Database.layerServer(url)))
      const warden = yield* connect(
        PgClient.layer({ url, types, transformResultNames: Text.snakeToCamel, applicationName: "warden" })
      )
      return { warden, pools }
    })
  )
}

/** What the processes' connections are at. */
interface Activity {
  /** Statements that run, and transactions that are open. */
  readonly busy: number
  /** Statements that wait for a lock. */
  readonly blocked: number
}

export interface Stage {
  readonly model: Model
  readonly github: GithubStandIn
  readonly pipedrive: PipedriveStandIn
  readonly warden: Sql
  readonly lag: boolean
  /** A process's services, as they are now. */
  readonly gitpip: (process: number) => Gitpip["Service"]
  /** All that a process remembered is forgotten. */
  readonly restart: (process: number) => Effect.Effect<void>
  readonly snapshot: Effect.Effect<Snapshot.Snapshot>
  readonly passTime: (time: Duration.Input) => Effect.Effect<void>
}

/** A morning, so that a day's budget has a while to go. */
const start = Date.UTC(2026, 0, 5, 9)

export const make = Effect.fnUntraced(function* (history: Pick<History, "lagMinutes">) {
  const { pools, warden } = yield* Connections
  yield* TestClock.setTime(start)
  yield* warden`truncate users, scans, scan_failures, gist_files, visits, publications, attempts, retractions, deals, doors
    restart identity cascade`
  const { github, pipedrive, settings } = yield* makeWorld({
    pipedrive: { dailyTokens: false, listLagMillis: history.lagMinutes * 60_000 }
  })
  const model = new Model()
  model.accounts = names
    .slice(0, 3)
    .map((login) => ({ id: github.addUser(login), login, suspended: false }))

  const running: Array<{ readonly gitpip: Gitpip["Service"]; readonly scope: Scope.Closeable }> = []
  const boot = Effect.fnUntraced(function* (process: number) {
    const scope = yield* Scope.make()
    const sql = Layer.succeed(SqlClient.SqlClient, pools[process] as Sql)
    const context = yield* Layer.buildWithScope(Layer.provide(services(settings), sql), scope)
    running[process] = { gitpip: Context.get(context, Gitpip), scope }
  }, Effect.orDie)
  const shutDown = (process: number) =>
    Effect.suspend(() => Scope.close((running[process] as { scope: Scope.Closeable }).scope, Exit.void))
  for (let process = 0; process < processes; process++) {
    yield* Effect.acquireRelease(boot(process), () => shutDown(process))
  }
  const clock = yield* Effect.clockWith(Effect.succeed)
  return {
    model,
    github,
    pipedrive,
    warden,
    lag: history.lagMinutes > 0,
    gitpip: (process) => (running[process] as { gitpip: Gitpip["Service"] }).gitpip,
    restart: (process) => Effect.andThen(shutDown(process), boot(process)),
    snapshot: Snapshot.take(warden),
    passTime: (time) => passTime(time).pipe(Effect.provideService(SqlClient.SqlClient, warden), Effect.orDie)
  } satisfies Stage as Stage
})

// ------------------------------------------------------------------------------------------------------------------
// Running things beside each other
// ------------------------------------------------------------------------------------------------------------------

/** Polls in a row without any sign of life before the clock goes on. */
const patience = 8

/** Far longer than anything waits by itself. */
const hopeless = Duration.toMillis(Duration.hours(1))

/**
 * Waits until the condition holds. When nothing moves any more, everybody waits for the clock, and it goes on, by larger
 * and larger steps.
 */
const watch = Effect.fnUntraced(function* (stage: Stage, holds: (activity: Activity) => boolean) {
  let quiet = 0
  let requests = 0
  let step = 500
  let waited = 0
  for (;;) {
    const [activity] = yield* Effect.uninterruptible(
      Effect.orDie(stage.warden<Activity>`
        select count(*) filter (where state <> 'idle' and wait_event_type is distinct from 'Lock') as busy,
          count(*) filter (where wait_event_type = 'Lock') as blocked
        from pg_stat_activity where datname = current_database() and application_name = 'gitpip'`)
    )
    if (activity === undefined || holds(activity)) return
    const now = stage.github.requests.length + stage.pipedrive.requests.length
    const moves = activity.busy > 0 || now !== requests
    requests = now
    quiet = moves ? 0 : quiet + 1
    if (moves) step = 500
    if (quiet < patience) continue
    quiet = 0
    if (waited > hopeless) return yield* Effect.die(new Error(`Nothing moves any more: ${JSON.stringify(activity)}`))
    yield* TestClock.adjust(step)
    waited += step
    step *= 2
  }
})

/** The fiber's end, with the clock going on when it waits for that. */
export const finish = <A, E>(stage: Stage, fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.raceFirst(Fiber.join(fiber), Effect.andThen(watch(stage, () => false), Effect.never))

export const run = <A, E>(stage: Stage, work: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.forkChild(work), (fiber) => finish(stage, fiber))

/** Until the fiber has ended or this is the case. */
export const until = (stage: Stage, fiber: Fiber.Fiber<unknown, unknown>, holds: (activity: Activity) => boolean) =>
  watch(stage, (activity) => fiber.pollUnsafe() !== undefined || holds(activity))

/** Does something in a transaction that stays open until the answered effect is run; then it is rolled back. */
export const holding = Effect.fnUntraced(function* (stage: Stage, work: Effect.Effect<unknown, unknown>) {
  const held = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const holder = yield* Effect.forkScoped(
    stage.warden
      .withTransaction(
        Effect.gen(function* () {
          yield* work
          done.resolve()
          yield* Effect.promise(() => held.promise)
          return yield* Effect.fail("rolled back" as const)
        })
      )
      .pipe(
        Effect.catchIf(
          (error) => error === "rolled back",
          () => Effect.void
        ),
        Effect.onError((cause) => Effect.sync(() => done.reject(cause)))
      )
  )
  yield* Effect.promise(() => done.promise)
  const release = Effect.andThen(
    Effect.sync(() => held.resolve()),
    Effect.orDie(Fiber.join(holder))
  )
  yield* Effect.addFinalizer(() => release)
  return release
})
