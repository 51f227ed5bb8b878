/** Gitpip's real server, with a worker that does nothing, so that only requests are measured. */
import { Gitpip, Settings, Worker } from "@gitpip/core"
import { layerListener, layerLogs, layerServing, layerTelemetry } from "@gitpip/http"
import { DateTime, Effect, Layer } from "effect"
import { HttpServer } from "effect/http"

const settings = Layer.effect(
  Settings,
  Effect.map(Settings, (settings) => ({ ...settings, port: 0 }))
).pipe(Layer.provide(Settings.layer))

const idle = Layer.effect(
  Worker,
  Effect.map(DateTime.now, (startedAt) => Worker.of({ dead: Effect.succeed([]), startedAt }))
)

const announce = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  process.send?.({ port: Number(new URL(HttpServer.formatAddress(address)).port) })
})

Effect.runFork(
  Layer.launch(
    Layer.effectDiscard(announce).pipe(
      Layer.provide(layerServing),
      Layer.provide(Layer.merge(Gitpip.layer, idle)),
      Layer.provide(layerListener),
      Layer.provide(layerLogs.pipe(Layer.provideMerge(layerTelemetry), Layer.provideMerge(settings)))
    )
  )
)
