/**
 * The server as layers without a port: to be mounted in another Effect application, served on Node (`main.ts`), or
 * turned into a Web handler.
 */
import { Gitpip, Settings, Worker } from "@gitpip/core"
import { Context, Effect, flow, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "./Api.ts"
import { Stopping } from "./Events.ts"
import { guard } from "./Guard.ts"
import { healthBeforeRouter } from "./Health.ts"
import { layerContacts } from "./handlers/Contacts.ts"
import { layerGists } from "./handlers/Gists.ts"
import { layerPublications } from "./handlers/Publications.ts"
import { layerScans } from "./handlers/Scans.ts"
import { layerSession } from "./handlers/Session.ts"
import { layerSystem } from "./handlers/System.ts"
import { layerUsers } from "./handlers/Users.ts"
import { ProblemDetails } from "./Problems.ts"
import { layerPage } from "./page/Page.ts"
import { layerReference } from "./Reference.ts"
import { layerFaults } from "./RequestFaults.ts"
import { routerConfig } from "./routing.ts"

/** Builds the handlers on the services that they use alone: the API builder copies all that it finds for each request. */
const lean = <A, E, R>(layer: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.fromBuild((memoMap, scope) =>
    Effect.updateContext(
      Layer.buildWithMemoMap(layer, memoMap, scope),
      (all: Context.Context<R>) =>
        Context.pick(
          Gitpip,
          Worker,
          Settings,
          ProblemDetails,
          Stopping
        )(all as Context.Context<never>) as Context.Context<R>
    )
  )

const layerUnguarded = Layer.mergeAll(
  HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
    Layer.provide(
      lean(
        Layer.mergeAll(layerUsers, layerContacts, layerGists, layerScans, layerPublications, layerSystem, layerSession)
      )
    ),
    Layer.provide(layerFaults)
  ),
  layerReference
)

/** Gitpip's routes, each behind the API key, for the router of another application. Leaves its other routes alone. */
export const layerRoutes = layerUnguarded.pipe(Layer.provide(HttpRouter.middleware(guard).layer))

/** A whole server: the routes, the page, and problems for all other addresses. */
export const layerApp = Layer.mergeAll(
  layerUnguarded,
  layerPage,
  HttpRouter.middleware(
    Effect.zipWith(guard, healthBeforeRouter, (guarded, withHealth) => flow(withHealth, guarded)),
    { global: true }
  )
)

/** The server as a function from a web `Request` to its `Response`. */
export interface WebHandler {
  readonly handler: (request: Request) => Promise<Response>
  /** Stops the services that the handler was made with. */
  readonly dispose: () => Promise<void>
}

/**
 * The whole server as a Web `Request -> Response` handler, for any other server. Starts the given services at once; if
 * they cannot start, every request rejects with the reason.
 */
export const toWebHandler = <E>(services: Layer.Layer<Gitpip | Worker | Settings, E>): WebHandler =>
  HttpRouter.toWebHandler(
    // Merged, so that requests also use a logger or tracer among the services.
    layerApp.pipe(Layer.provideMerge(services), Layer.provide(HttpServer.layerServices)),
    { disableLogger: true, routerConfig }
  )
