/** Gitpip's real services between a fresh database and both stand-ins: what most suites work with. */
import { Clock, ConfigProvider, Duration, Effect, Layer, Logger, type Scope, Tracer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import type { DatabaseError } from "../src/Database.ts"
import { Username } from "../src/domain/User.ts"
import { Gitpip, type Services } from "../src/Gitpip.ts"
import { layerTransport } from "../src/internal/exchange.ts"
import { Settings, type SettingsError } from "../src/Settings.ts"
import {
  GithubStandIn,
  type GithubStandInOptions,
  PipedriveStandIn,
  type PipedriveStandInOptions
} from "../src/testing/index.ts"
import { graphqlEngine } from "./graphqlEngine.ts"

export interface WorldOptions {
  readonly github?: GithubStandInOptions
  readonly pipedrive?: PipedriveStandInOptions
  readonly env?: Record<string, string>
  /** `false`: a GitHub without GraphQL, so that users are looked at by their lists, however many they are. */
  readonly queries?: false
}

/** Both services, and the settings that lead to them. */
export const makeWorld = Effect.fnUntraced(function* (options: WorldOptions = {}) {
  const github = yield* GithubStandIn.make({
    token: "github-secret",
    ...(options.queries === false ? {} : { graphql: graphqlEngine }),
    ...options.github
  })
  const pipedrive = yield* PipedriveStandIn.make({ token: "pipedrive-secret", burst: false, ...options.pipedrive })
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

/** One process's worth of services. Built anew by every call: a second call is a second process, or a restart. */
export const services = (
  settings: Layer.Layer<Settings, SettingsError>
): Layer.Layer<Gitpip | Services | Settings, SettingsError, SqlClient.SqlClient> =>
  Layer.fresh(
    Gitpip.layerWithDatabase.pipe(
      Layer.provideMerge(settings),
      Layer.provide(Layer.fresh(layerTransport)),
      Layer.provideMerge(Logger.layer([]))
    )
  )

/** Requests to services, statements and transactions that have not ended yet. */
let underway = 0
/** The statements that were sent, while somebody looks at them. */
let sent: Array<string> | undefined

const watching = Tracer.make({
  span: (options) => {
    const span = new Tracer.NativeSpan(options)
    if (options.kind !== "client" && options.name !== "sql.transaction") return span
    underway++
    const end = span.end.bind(span)
    span.end = (at, exit) => {
      underway--
      end(at, exit)
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

/** Until nothing is under way: all that goes on waits for the clock. */
export const atRest = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // Twice, a while apart: between an answer and the next question nothing is under way either.
  for (let still = 0; still < 2; ) {
    yield* sql`select 1`
    yield* Effect.promise(() => new Promise((turn) => setImmediate(turn)))
    still = underway === 0 ? still + 1 : 0
  }
})

/**
 * Simulated time goes on in steps, and only while all that is under way has come to rest: however slow the machine is,
 * nothing runs into a time-out by the clock.
 */
export const elapse = Effect.fnUntraced(function* (time: Duration.Input, step: Duration.Input = "500 millis") {
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(Duration.fromInputUnsafe(time))
  for (;;) {
    yield* atRest
    const left = end - (yield* Clock.currentTimeMillis)
    if (left <= 0) return
    yield* TestClock.adjust(Duration.min(Duration.fromInputUnsafe(step), Duration.millis(left)))
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
    return yield* Effect.scoped(body(world)).pipe(
      Effect.provide(Layer.provideMerge(services(world.settings), database))
    )
  }).pipe(Effect.withTracer(watching))

export const name = (username: string): Username => Username.make(username)
export const everything = { before: Number.MAX_SAFE_INTEGER, limit: 1_000 }

/** Both clocks go on: the test's, and the database's as seen by what it has noted. */
export const passTime = Effect.fnUntraced(function* (time: Duration.Input) {
  const sql = yield* SqlClient.SqlClient
  const ago = sql`${Duration.toSeconds(Duration.fromInputUnsafe(time))}::float8 * interval '1 second'`
  yield* sql`update publications set sent_at = sent_at - ${ago}, lease_until = lease_until - ${ago}
    where sent_at is not null or lease_until is not null`
  yield* sql`update deals set sent_at = sent_at - ${ago}, lease_until = lease_until - ${ago}`
  yield* sql`update scans set lease_until = lease_until - ${ago} where state = 'running'`
  yield* TestClock.adjust(time)
})
