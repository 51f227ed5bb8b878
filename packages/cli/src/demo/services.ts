/** Gitpip and its server on the stage's database, to be started, stopped and started again. */
import { layerServer } from "@gitpip/http"
import { Context, DateTime, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { core } from "../Session.ts"
import { layerLogs, type Stage } from "./stage.ts"

export interface Services {
  readonly gitpip: core.Gitpip["Service"]
  readonly url: string
}

/**
 * Starts them, runs, and stops them. During the tour the worker is idle, since it is the tour that says when to scan;
 * afterwards it works by itself.
 */
export const withServices = <A, E, R>(
  { settings }: Stage,
  options: { readonly port: number; readonly worker: "idle" | "working" },
  use: (services: Services) => Effect.Effect<A, E, R>
) => {
  // The settings know no port 0, with which the system chooses.
  const configured = Layer.effect(
    core.Settings,
    Effect.map(core.Settings, (read) => ({ ...read, port: options.port }))
  ).pipe(Layer.provide(settings))
  const layer = layerServer.pipe(
    Layer.provideMerge(options.worker === "working" ? core.Worker.layer : idleWorker),
    Layer.provideMerge(core.Gitpip.layerWithDatabase),
    Layer.provide([core.layerTransport, configured, layerLogs])
  )
  return Effect.scoped(
    Effect.gen(function* () {
      // Built anew each time: what a layer remembers of its last life is what the tour is to prove unneeded.
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
