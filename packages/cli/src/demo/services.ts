/** Gitpip and its server on the stage's database, which the tour starts, stops and starts again. */
import { layerServer } from "@gitpip/http"
import { Context, DateTime, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { core } from "../Session.ts"
import type { Narrator } from "./Narrator.ts"
import { layerLogs, type Stage } from "./stage.ts"

/** Gitpip while it runs, and the address of its server. */
export interface Services {
  readonly gitpip: core.Gitpip["Service"]
  readonly url: string
}

/** What a step of the tour works with. */
export interface Scene {
  readonly stage: Stage
  readonly narrator: Narrator
  readonly services: Services
}

/**
 * Starts the services, runs `use`, and stops the services. The worker is idle during the tour, which says when to scan,
 * and works by itself afterwards.
 */
export const withServices = <A, E, R>(
  { settings }: Stage,
  options: { readonly port: number; readonly worker: "idle" | "working" },
  use: (services: Services) => Effect.Effect<A, E, R>
) => {
  // Overrides the port of the settings: with port 0 the system chooses.
  const configured = Layer.effect(
    core.Settings,
    Effect.map(core.Settings, (read) => ({ ...read, port: options.port }))
  ).pipe(Layer.provide(settings))
  const layer = layerServer.pipe(
    Layer.provideMerge(options.worker === "working" ? core.Worker.layer : idleWorker),
    Layer.provideMerge(core.Gitpip.layerWithDatabase),
    Layer.provide(core.layerTransport),
    Layer.provide([configured, layerLogs])
  )
  return Effect.scoped(
    Effect.gen(function* () {
      // Fresh layers each time: the tour proves that nothing needs the memory of an earlier start.
      const context = yield* Layer.build(Layer.fresh(layer))
      const { address } = Context.get(context, HttpServer.HttpServer)
      const port = "port" in address ? address.port : options.port
      return yield* use({ gitpip: Context.get(context, core.Gitpip), url: `http://127.0.0.1:${port}` })
    })
  )
}

const idleWorker = Layer.effect(
  core.Worker,
  Effect.map(DateTime.now, (startedAt) => ({ dead: Effect.succeed([]), startedAt }))
)
