/** The server as a process: port, platform, logs and traces. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import {
  Database,
  type DatabaseError,
  Gitpip,
  Settings,
  type SettingsError,
  secretsOf,
  Telemetry,
  Worker
} from "@gitpip/core"
import { masked, plain, plainJson } from "@gitpip/core/text"
import { Cause, ConfigProvider, Deferred, Effect, Layer, Logger, Option, References } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"
import { isLoopback, type ListenError, listenError, refusal, unbracketed, urlOnThisMachine } from "./Address.ts"
import { type ConnectionLimits, makeServer } from "./Connections.ts"
import { Stopping } from "./Events.ts"
import { OnLoopbackAlone } from "./Guard.ts"
import { routerConfig } from "./routing.ts"
import { layerApp } from "./Server.ts"

/** The time for requests in flight when the server stops. */
const grace = "20 seconds"

/** The settings of a server that may listen. Fails where others could reach a server without a key. */
export const mayListen: Effect.Effect<Settings["Service"], SettingsError, Settings> = Effect.gen(function* () {
  const settings = yield* Settings
  const refused = refusal({ host: settings.host, hasKey: Option.isSome(settings.apiKey) })
  if (refused !== undefined) return yield* refused
  return settings
})

/**
 * Listens where the settings say and serves until its scope closes; then requests in flight are finished first.
 * Refuses to listen where others could reach it while there is no key.
 */
export const layerServerWith = (
  limits: Partial<ConnectionLimits>
): Layer.Layer<HttpServer.HttpServer, ListenError | SettingsError, Gitpip | Worker | Settings> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const settings = yield* mayListen
      const server = makeServer({ ...limits, trusted: settings.trustedProxies })
      const platform = NodeHttpServer.layer(() => server, {
        host: unbracketed(settings.host),
        port: settings.port,
        gracefulShutdownTimeout: grace
      }).pipe(
        Layer.catchTag("ServeError", ({ cause }) => Layer.effectContext(Effect.fail(listenError(cause, settings))))
      )
      const stopping = yield* Deferred.make<void>()
      const onLoopbackAlone = isLoopback(settings.host) && Option.isNone(settings.apiKey)
      const served = HttpRouter.serve(layerApp, { disableLogger: true, disableListenLog: true, routerConfig }).pipe(
        // Hazard: an upgraded connection escapes the server's limits. No call needs an upgrade, so the header is ignored, as
        // HTTP allows.
        Layer.tap(() => Effect.sync(() => server.removeAllListeners("upgrade"))),
        Layer.provide(Layer.succeed(OnLoopbackAlone, onLoopbackAlone)),
        Layer.provide(Layer.succeed(Stopping, Deferred.await(stopping))),
        // Before the server waits for its requests to end: what was built last is closed first.
        (serving) =>
          Layer.effectDiscard(Effect.addFinalizer(() => Deferred.succeed(stopping, undefined))).pipe(
            Layer.provideMerge(serving)
          ),
        Layer.provideMerge(platform)
      )
      const announced = HttpServer.addressFormattedWith((address) =>
        Effect.andThen(
          // Commands that find the embedded database in use ask this server.
          Option.isSome(settings.postgres)
            ? Effect.void
            : Database.announce(settings.dataDir, urlOnThisMachine(address)),
          Telemetry.log("Info", "http.listening", { address })
        )
      )
      return Layer.effectDiscard(announced).pipe(Layer.provideMerge(served))
    })
  )

/** The HTTP server on the settings' host and port, with the default limits of connections. */
export const layerServer: Layer.Layer<HttpServer.HttpServer, ListenError | SettingsError, Gitpip | Worker | Settings> =
  layerServerWith({})

/** Logs to stdout, in the format and from the level of the settings. Text of strangers cannot forge a line. */
export const layerLogs: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.map(Settings, (settings) => {
    const secrets = secretsOf(settings)
    const lines = Logger.map(formats[settings.logFormat], (line) => masked(line, secrets))
    return Layer.merge(
      Logger.layer([Logger.withConsoleLog(lines)]),
      Layer.succeed(References.MinimumLogLevel, settings.logLevel)
    )
  })
)

const formats = {
  /** `timestamp=… level=WARN fiber=#12 message=… key=value`, and below it, indented, what a failure came from. */
  pretty: Logger.make((options) => {
    const line = plain(Logger.formatSimple.log({ ...options, cause: Cause.empty }))
    if (options.cause.reasons.length === 0) return line
    const trace = Cause.pretty(options.cause).split("\n")
    return [line, ...trace.map((part) => `    ${plain(part)}`)].join("\n")
  }),
  json: Logger.map(Logger.formatJson, plainJson),
  logfmt: Logger.map(Logger.formatLogFmt, plain)
}

/**
 * Traces, metrics and logs by OTLP, configured by the standard `OTEL_*` variables; nothing without
 * `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
export const layerTelemetry: Layer.Layer<never> = Otlp.layerFromConfig({ resource: { serviceName: "gitpip" } }).pipe(
  Layer.provide([
    OtlpSerialization.layerJson,
    FetchHttpClient.layer,
    // The standard's default, which the module lacks: with an endpoint, all three are exported.
    ConfigProvider.layerAdd(
      ConfigProvider.fromEnvRecord({
        OTEL_TRACES_EXPORTER: "otlp",
        OTEL_METRICS_EXPORTER: "otlp",
        OTEL_LOGS_EXPORTER: "otlp"
      })
    )
  ])
)

/**
 * The whole process except its settings: database, services, background work, server, logs and telemetry. A server that
 * must not listen does not open the database.
 */
export const layerProcess: Layer.Layer<
  HttpServer.HttpServer | Gitpip | Worker,
  ListenError | SettingsError | DatabaseError,
  Settings
> = Layer.unwrap(
  Effect.as(mayListen, layerServer.pipe(Layer.provideMerge(Worker.layer), Layer.provideMerge(Gitpip.layer)))
).pipe(Layer.provide(Layer.provideMerge(layerTelemetry, layerLogs)))
