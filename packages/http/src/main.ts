/** The server as a process: port, platform, logs and traces. */
import {
  Database,
  type DatabaseError,
  Gitpip,
  jsonLines,
  layerTransport,
  Settings,
  type SettingsError,
  secretsOf,
  Telemetry,
  Worker
} from "@gitpip/core"
import { masked, plain } from "@gitpip/core/text"
import { Cause, ConfigProvider, Deferred, Effect, Layer, Logger, Option, References, Tracer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"
import { type ListenError, urlOnThisMachine } from "./Address.ts"
import { Stopping } from "./Events.ts"
import { Listener, layerListener } from "./Listener.ts"
import { routerConfig } from "./routing.ts"
import { layerApp } from "./Server.ts"

/** Serves on the listener until its scope closes; then requests in flight are finished first. */
export const layerServing = Layer.effectDiscard(
  Effect.gen(function* () {
    const settings = yield* Settings
    const listener = yield* Listener
    const stopping = yield* Deferred.make<void>()
    const app = yield* HttpRouter.toHttpEffect(layerApp).pipe(
      Effect.provideService(Stopping, Deferred.await(stopping)),
      Effect.provideService(HttpRouter.RouterConfig, routerConfig),
      Effect.provide(HttpServer.layerServices)
    )
    yield* listener.serve(app)
    // Before the server waits for its requests to end: what was added last is closed first.
    yield* Effect.addFinalizer(() => Deferred.succeed(stopping, undefined))
    yield* HttpServer.addressFormattedWith((address) =>
      Effect.andThen(
        // Commands that find the embedded database in use ask this server.
        Option.isSome(settings.postgres) ? Effect.void : Database.announce(settings.dataDir, urlOnThisMachine(address)),
        Telemetry.log("Info", "http.listening", { address })
      )
    )
  })
)

/**
 * Listens where the settings say, and serves. Refuses to listen where others could reach the server while there is no key.
 * For answers while the services start, provide `layerListener` below them, and `layerServing` above.
 */
export const layerServer: Layer.Layer<HttpServer.HttpServer, ListenError | SettingsError, Gitpip | Worker | Settings> =
  layerServing.pipe(Layer.provideMerge(layerListener))

/** Logs to stdout, in the format and from the level of the settings. Text of strangers cannot forge a line. */
export const layerLogs: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.map(Settings, (settings) => {
    const secrets = secretsOf(settings)
    const format = settings.logFormat === "json" ? jsonLines(settings.googleProject) : formats[settings.logFormat]
    const lines = Logger.map(format, (line) => masked(line, secrets))
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
  logfmt: Logger.map(Logger.formatLogFmt, plain)
}

const layerExport: Layer.Layer<never, never, Settings> = Otlp.layerFromConfig({
  resource: { serviceName: "gitpip" }
}).pipe(
  Layer.provide([
    OtlpSerialization.layerJson,
    layerTransport,
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

/** Where nobody reads spans. Without the second service a request to GitHub or Pipedrive collects the attributes of its span. */
const noSpans = Layer.mergeAll(
  Layer.succeed(References.TracerEnabled, false),
  Layer.succeed(References.DisablePropagation, true)
)

/** Makes no spans where nobody reads them, neither a tracer nor the log of a Google project: a span costs as much as a check. */
const layerSpans: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.gen(function* () {
    const { googleProject } = yield* Settings
    const read = (yield* Tracer.Tracer) !== Tracer.nativeTracer || Option.isSome(googleProject)
    return read ? Layer.empty : noSpans
  })
)

/**
 * Traces, metrics and logs by OTLP, configured by the standard `OTEL_*` variables and sent through the proxies of the settings;
 * nothing without `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
export const layerTelemetry: Layer.Layer<never, never, Settings> = layerSpans.pipe(Layer.provideMerge(layerExport))

/**
 * The whole process except its settings: database, services, background work, server, logs and telemetry. A server that
 * cannot listen does not open the database.
 */
export const layerProcess: Layer.Layer<
  HttpServer.HttpServer | Gitpip | Worker,
  ListenError | SettingsError | DatabaseError,
  Settings
> = layerServing.pipe(
  Layer.provideMerge(Worker.layer),
  Layer.provideMerge(Gitpip.layer),
  Layer.provideMerge(layerListener),
  Layer.provide(Layer.provideMerge(layerTelemetry, layerLogs))
)
