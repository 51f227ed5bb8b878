/** The server as a process: port, platform, logs and traces. */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { type DatabaseError, Gitpip, Settings, Worker } from "@gitpip/core"
import { ConfigProvider, Effect, Layer, Logger, Option, References } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { Otlp, OtlpSerialization } from "effect/observability"
import { type ListenError, listenError, refusal, unbracketed } from "./Address.ts"
import { layerApp, routerConfig } from "./Server.ts"

/** How long requests in flight may take when the server stops. */
const grace = "20 seconds"

const makeServer = () => {
  // Requests have no bodies worth waiting for: whoever is slower than this holds a connection for its own sake.
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 })
  // A connection that is kept alive becomes idle only after the server began to stop, and would hold it up.
  server.on("request", (_, response) => {
    response.once("close", () => {
      if (!server.listening) server.closeIdleConnections()
    })
  })
  return server
}

const mayListen = Effect.gen(function* () {
  const settings = yield* Settings
  const refused = refusal({ host: settings.host, hasKey: Option.isSome(settings.apiKey) })
  if (refused !== undefined) return yield* refused
  return settings
})

/**
 * Listens where the settings say and serves until its scope closes; then requests in flight are finished first.
 * Refuses to listen where others could reach it while there is no key.
 */
export const layerServer: Layer.Layer<HttpServer.HttpServer, ListenError, Gitpip | Worker | Settings> = Layer.unwrap(
  Effect.gen(function* () {
    const settings = yield* mayListen
    const platform = NodeHttpServer.layer(makeServer, {
      host: unbracketed(settings.host),
      port: settings.port,
      gracefulShutdownTimeout: grace
    }).pipe(Layer.catchTag("ServeError", ({ cause }) => Layer.effectContext(Effect.fail(listenError(cause, settings)))))
    return HttpRouter.serve(layerApp, { disableLogger: true, disableListenLog: true, routerConfig }).pipe(
      Layer.tap(() => HttpServer.addressFormattedWith((address) => Effect.log(`Gitpip listens on ${address}`))),
      Layer.provideMerge(platform)
    )
  })
)

/** Logs to stdout in the format and from the level on that the settings say. */
export const layerLogs: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.map(Settings, ({ logFormat, logLevel }) =>
    Layer.merge(Logger.layer([loggers[logFormat]()]), Layer.succeed(References.MinimumLogLevel, logLevel))
  )
)

const loggers = {
  pretty: () => Logger.consolePretty(),
  json: () => Logger.consoleJson,
  logfmt: () => Logger.consoleLogFmt
}

/**
 * Traces, metrics and logs by OTLP, configured by the standard `OTEL_*` variables; nothing without
 * `OTEL_EXPORTER_OTLP_ENDPOINT`.
 */
export const layerTelemetry: Layer.Layer<never> = Otlp.layerFromConfig({ resource: { serviceName: "gitpip" } }).pipe(
  Layer.provide([
    OtlpSerialization.layerJson,
    FetchHttpClient.layer,
    // The standard's own default, which the module leaves out: with an endpoint, all three are exported.
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
 * The whole process but for its settings: database, services, background work, server, logs and telemetry. A server
 * that must not listen does not even open the database.
 */
export const layerProcess: Layer.Layer<HttpServer.HttpServer | Gitpip | Worker, ListenError | DatabaseError, Settings> =
  Layer.unwrap(
    Effect.as(mayListen, layerServer.pipe(Layer.provideMerge(Worker.layer), Layer.provideMerge(Gitpip.layer)))
  ).pipe(Layer.provide(Layer.provideMerge(layerTelemetry, layerLogs)))
