/**
 * The listening socket, which opens before the database does.
 *
 * Guarantees: while the database is opened and migrated, `/health` answers 200 and all other calls 503 with the reason, so
 * no supervisor ends a long migration. Requests in flight end before the services that they use.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Database, Settings, type SettingsError } from "@gitpip/core"
import { Context, Effect, Exit, Layer, Option, Scope } from "effect"
import { HttpServer, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { isLoopback, listenError, refusal, unbracketed } from "./Address.ts"
import { type ConnectionLimits, makeServer } from "./Connections.ts"
import * as EarlyResponses from "./EarlyResponses.ts"
import { guard, OnLoopbackAlone, pathOf } from "./Guard.ts"

/** The time for requests in flight when the server stops. */
const grace = "20 seconds"

type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  unknown,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

/** A socket that listens, and answers that the server is starting until an app serves. */
export class Listener extends Context.Service<
  Listener,
  {
    /** Answers requests by the app until the scope closes, which waits for requests in flight. */
    readonly serve: (app: App) => Effect.Effect<void, never, Scope.Scope>
  }
>()("gitpip/http/Listener") {}

/** The settings of a server that may listen. Fails where others could reach a server without a key. */
export const mayListen: Effect.Effect<Settings["Service"], SettingsError, Settings> = Effect.gen(function* () {
  const settings = yield* Settings
  const refused = refusal({ host: settings.host, hasKey: Option.isSome(settings.apiKey) })
  if (refused !== undefined) return yield* refused
  return settings
})

/** Listens where the settings say until its scope closes. */
export const layerListenerWith = (limits: Partial<ConnectionLimits>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const settings = yield* mayListen
      const server = makeServer({ ...limits, trusted: settings.trustedProxies })
      const platform = NodeHttpServer.layerServer(() => server, {
        host: unbracketed(settings.host),
        port: settings.port,
        gracefulShutdownTimeout: grace
      }).pipe(
        Layer.catchTag("ServeError", ({ cause }) => Layer.effectContext(Effect.fail(listenError(cause, settings))))
      )
      let step = "The database is being opened"
      const listener = Layer.effect(
        Listener,
        Effect.flatMap(guard, (guarded) => listen(guarded(starting(() => step))))
      ).pipe(
        // Hazard: an upgraded connection escapes the server's limits. No call needs an upgrade, so the header is ignored, as
        // HTTP allows.
        Layer.tap(() => Effect.sync(() => server.removeAllListeners("upgrade")))
      )
      return listener.pipe(
        Layer.provideMerge(platform),
        Layer.provideMerge(Layer.succeed(OnLoopbackAlone, isLoopback(settings.host) && Option.isNone(settings.apiKey))),
        Layer.merge(
          Layer.succeed(Database.Progress, (next) =>
            Effect.sync(() => {
              step = next
            })
          )
        )
      )
    })
  )

/** Listens with the default limits of connections. */
export const layerListener = layerListenerWith({})

/** Serves from here on: first this app, later the one that is passed to `serve`. */
const listen = Effect.fnUntraced(function* (first: App) {
  const serving = yield* Scope.fork(yield* Effect.scope)
  let current = first
  yield* Scope.provide(HttpServer.serveEffect(Effect.suspend(() => current)), serving)
  return Listener.of({
    serve: (app) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          current = app
        }),
        () => Scope.close(serving, Exit.void)
      )
  })
})

/** The app until the services run. */
const starting = (step: () => string) =>
  Effect.withFiber((fiber) => {
    const { url } = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
    return Effect.succeed(EarlyResponses.whileStarting(pathOf(url), step()))
  })
