/** Gitpip's real services between a fresh database and both fakes: what most suites work with. */
import { Clock, ConfigProvider, Duration, Effect, Layer, Logger, Scheduler, type Scope, Tracer } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import type { DatabaseError } from "../src/database/Database.ts"
import { Username } from "../src/domain/User.ts"
import { Gitpip } from "../src/Gitpip.ts"
import type { Services } from "../src/layers.ts"
import { layerTransport } from "../src/net/transport.ts"
import { Settings, type SettingsError } from "../src/Settings.ts"
import { FakeGithub, type FakeGithubOptions, FakePipedrive, type FakePipedriveOptions } from "../src/testing/index.ts"
import { isTestClock, withDatabaseClock } from "./database.ts"
import { graphqlEngine } from "./github/graphqlEngine.ts"

export interface WorldOptions {
  readonly github?: FakeGithubOptions
  readonly pipedrive?: FakePipedriveOptions
  readonly env?: Record<string, string>
  /** `false`: a GitHub without GraphQL, so that users are checked by their lists, however many they are. */
  readonly queries?: false
}

/** Both services, and the settings that lead to them. */
export const makeWorld = Effect.fnUntraced(function* (options: WorldOptions = {}) {
  const github = yield* FakeGithub.make({
    token: "github-secret",
    ...(options.queries === false ? {} : { graphql: graphqlEngine }),
    ...options.github
  })
  const pipedrive = yield* FakePipedrive.make({ token: "pipedrive-secret", burst: false, ...options.pipedrive })
  const env: Record<string, string> = {
    GITHUB_TOKEN: "github-secret",
    GITHUB_API_URL: github.url.origin,
    PIPEDRIVE_TOKEN: "pipedrive-secret",
    PIPEDRIVE_API_URL: pipedrive.url.origin,
    ...options.env
  }
  return { github, pipedrive, settings: settingsOf(env) }
})

export const settingsOf = (env: Record<string, string>): Layer.Layer<Settings, SettingsError> =>
  Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))), Layer.fresh)

/** One process's worth of services. Each call builds new services: a second call is a second process, or a restart. */
export const services = (
  settings: Layer.Layer<Settings, SettingsError>
): Layer.Layer<Gitpip | Services | Settings, SettingsError, SqlClient.SqlClient> =>
  Layer.fresh(
    Gitpip.layerWithDatabase.pipe(
      Layer.provide(Layer.fresh(layerTransport)),
      Layer.provideMerge(settings),
      Layer.provideMerge(Logger.layer([]))
    )
  )

/** Requests to services, statements and transactions that have not ended yet. */
let underway = 0
/** Called when the last of them ends. */
const whenNone: Array<() => void> = []
/** The statements that were sent, while a test records them. */
let sent: Array<string> | undefined

const watching = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    if (options.kind !== "client" && options.name !== "sql.transaction") return span
    underway++
    const end = span.end.bind(span)
    span.end = (at, exit) => {
      end(at, exit)
      if (--underway === 0) for (const resume of whenNone.splice(0)) resume()
    }
    const attribute = span.attribute.bind(span)
    span.attribute = (key, value) => {
      if (key === "db.query.text" && value !== "select 1") sent?.push(String(value))
      attribute(key, value)
    }
    return span
  }
})

/** The statements that an effect runs in a world, as the database gets them. */
export const statementsOf = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const texts: Array<string> = []
  sent = texts
  yield* Effect.ensuring(
    effect,
    Effect.sync(() => {
      sent = undefined
    })
  )
  return texts
})

/** Tasks of fibers that have not run yet. */
let scheduled = 0

const countTasks = (scheduler: Scheduler.Scheduler): Scheduler.Scheduler => ({
  executionMode: scheduler.executionMode,
  shouldYield: (fiber) => scheduler.shouldYield(fiber),
  makeDispatcher: () => {
    const dispatcher = scheduler.makeDispatcher()
    return {
      flush: () => dispatcher.flush(),
      scheduleTask: (task, priority) => {
        scheduled++
        dispatcher.scheduleTask(() => {
          scheduled--
          task()
        }, priority)
      }
    }
  }
})

/** Until nothing is under way: all that goes on waits for the clock. */
export const atRest = Effect.promise(async () => {
  // A body is read a few turns of the event loop after the span of its request has ended.
  for (let idleTurns = 0; idleTurns < 8; ) {
    await new Promise<void>((resume) => (underway > 0 ? whenNone.push(resume) : setImmediate(resume)))
    idleTurns = underway === 0 && scheduled === 0 ? idleTurns + 1 : 0
  }
})

/** A test clock that also knows when the next sleeper wakes. */
interface WorldClock extends TestClock.TestClock {
  /** In epoch milliseconds, infinite while nobody sleeps. */
  readonly nextWake: () => number
}

const watchSleepers = (clock: TestClock.TestClock): WorldClock => {
  const sleepers = new Set<{ readonly wakesAt: number }>()
  return {
    ...clock,
    sleep: (duration) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const sleeper = { wakesAt: clock.currentTimeMillisUnsafe() + Duration.toMillis(duration) }
          sleepers.add(sleeper)
          return sleeper
        }),
        () => clock.sleep(duration),
        (sleeper) => Effect.sync(() => sleepers.delete(sleeper))
      ),
    nextWake: () => {
      let next = Number.POSITIVE_INFINITY
      for (const { wakesAt } of sleepers) next = Math.min(next, wakesAt)
      return next
    }
  }
}

/**
 * Simulated time jumps from one sleeper to the next, and only while nothing is under way: on no machine does a request
 * run into a time-out by the clock.
 */
export const elapse = Effect.fnUntraced(function* (time: Duration.Input) {
  const clock = (yield* Clock.Clock) as WorldClock
  const end = clock.currentTimeMillisUnsafe() + Duration.toMillis(Duration.fromInputUnsafe(time))
  for (;;) {
    yield* atRest
    const now = clock.currentTimeMillisUnsafe()
    if (now >= end) return
    yield* clock.adjust(Math.max(Math.min(clock.nextWake(), end) - now, 0))
  }
})

/** A test with a world, a fresh database and the services of one process. */
export const inWorld = <A, E>(
  database: Layer.Layer<SqlClient.SqlClient, DatabaseError>,
  options: WorldOptions,
  body: (
    world: Effect.Success<ReturnType<typeof makeWorld>>
  ) => Effect.Effect<A, E, Gitpip | Services | Settings | SqlClient.SqlClient | Scope.Scope>
) =>
  Effect.gen(function* () {
    const world = yield* makeWorld(options)
    return yield* Effect.scoped(withDatabaseClock(body(world))).pipe(
      Effect.provide(Layer.provideMerge(services(world.settings), database))
    )
  }).pipe(
    Effect.withTracer(watching),
    Effect.updateService(Clock.Clock, (clock) => (isTestClock(clock) ? watchSleepers(clock) : clock)),
    Effect.updateService(Scheduler.Scheduler, countTasks)
  )

export const name = (username: string): Username => Username.make(username)
export const everything = { before: Number.MAX_SAFE_INTEGER, limit: 1_000 }

/** Both clocks go on: the test's and the database's. */
export const passTime = (time: Duration.Input) => TestClock.adjust(time)
