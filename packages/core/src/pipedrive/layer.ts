/** The sink that the settings name: Pipedrive with activities or with deals, or none. */
import { Effect, Layer, Option } from "effect"
import type { HttpClient } from "effect/http"
import { activityPrice, dealPrice, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import type { Store } from "../store/Store.ts"
import * as ActivitySink from "./ActivitySink.ts"
import * as DealSink from "./DealSink.ts"
import { Pipedrive } from "./Pipedrive.ts"

/**
 * Activities or deals by `GITPIP_PUBLISH_AS`. Without credentials, a sink that is off, with the prices that forecasts
 * need.
 */
export const layer: Layer.Layer<Sink, never, Settings | Store | HttpClient.HttpClient> = Layer.unwrap(
  Effect.map(Settings, (settings) =>
    Option.match(settings.pipedrive, {
      onNone: () =>
        Sink.layerOff(
          "PIPEDRIVE_TOKEN and PIPEDRIVE_ORG are not set; everything waits as pending",
          settings.publishAs === "deal" ? dealPrice(settings) : activityPrice(settings)
        ),
      onSome: (pipedrive) =>
        (settings.publishAs === "deal" ? DealSink.layer : ActivitySink.layer).pipe(
          Layer.provide(Pipedrive.layer(pipedrive))
        )
    })
  )
)
