/** The sink that the settings name: Pipedrive with activities, deals or leads, or none. */
import { Effect, Layer, Option } from "effect"
import type { HttpClient } from "effect/http"
import { activityPrice, dealPrice, leadPrice, type Price, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import type { Store } from "../store/Store.ts"
import * as ActivitySink from "./ActivitySink.ts"
import * as DealSink from "./DealSink.ts"
import * as LeadSink from "./LeadSink.ts"
import { Pipedrive } from "./Pipedrive.ts"

const sinks = { activity: ActivitySink.layer, deal: DealSink.layer, lead: LeadSink.layer }

/** The cost of what files become, for a sink that is off. */
const priceOf = (settings: Settings["Service"]): Price => {
  switch (settings.publishAs) {
    case "activity":
      return activityPrice(settings)
    case "deal":
      return dealPrice
    case "lead":
      return leadPrice(settings)
  }
}

/**
 * Activities, deals or leads by `GITPIP_PUBLISH_AS`. Without credentials, a sink that is off, with the prices that forecasts
 * need.
 */
export const layer: Layer.Layer<Sink, never, Settings | Store | HttpClient.HttpClient> = Layer.unwrap(
  Effect.map(Settings, (settings) =>
    Option.match(settings.pipedrive, {
      onNone: () =>
        Sink.layerOff("PIPEDRIVE_TOKEN and PIPEDRIVE_ORG are not set; everything waits as pending", priceOf(settings)),
      onSome: (pipedrive) => sinks[settings.publishAs].pipe(Layer.provide(Pipedrive.layer(pipedrive)))
    })
  )
)
