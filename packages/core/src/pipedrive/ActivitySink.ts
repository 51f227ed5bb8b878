/** Publishes each file as an activity on the deal that bears the user's name: the default. */
import { Cache, DateTime, Duration, Effect, Exit, Layer, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import { activityPrice, type Delivery, type Recipient, Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import { bearsMarker } from "./activity.ts"
import * as CreateActivity from "./createActivity.ts"
import { dealOfRemoteId, ensureDeal, isBefore } from "./deals.ts"
import { Pipedrive } from "./Pipedrive.ts"
import { sinking, storing } from "./sinkErrors.ts"
import * as TimeZone from "./timeZone.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { deals } = yield* Store
    const settings = yield* Settings
    const timeZone = yield* TimeZone.make(pipedrive)

    /** Files of one user are published side by side: they share one search for the deal. */
    const targets = yield* Cache.makeWith((recipient: Recipient) => ensureDeal(pipedrive, deals, recipient), {
      capacity: 10_000,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(10) : Duration.zero)
    })

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      target: ({ userKey, username }) => Effect.map(Cache.get(targets, { userKey, username }), String),
      forget: ({ userKey, username }, target) =>
        Effect.andThen(
          Cache.invalidate(targets, { userKey, username }),
          storing(deals.forget(userKey, Number(target)))
        ),
      create: CreateActivity.make({ pipedrive, settings, timeZone }),
      find: findActivities(pipedrive),
      deleteDuplicate: (remoteId) =>
        sinking(
          Option.match(dealOfRemoteId(remoteId), {
            onNone: () => pipedrive.deleteActivity(Number(remoteId)),
            onSome: pipedrive.deleteDeal
          })
        ),
      price: activityPrice,
      probe: Effect.asVoid(sinking(pipedrive.me)),
      budget: pipedrive.budget,
      block: pipedrive.block
    })
  })
)

/** The activities of a file are those on the deal whose note bears its link. */
const findActivities = (pipedrive: Pipedrive["Service"]) =>
  Effect.fn("ActivitySink.find")(function* (target: string, { htmlUrl }: Delivery, since: DateTime.Utc) {
    const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
    const found: Array<number> = []
    let cursor = Option.none<string>()
    for (;;) {
      const page = yield* sinking(pipedrive.activitiesOfDeal(Number(target), cursor))
      for (const { id, note } of page.items) {
        if (typeof note === "string" && bearsMarker(note, htmlUrl)) found.push(id)
      }
      if (Option.isNone(page.cursor) || page.items.some(({ add_time }) => isBefore(add_time, oldest))) {
        return [...new Set(found)].sort((a, b) => a - b).map(String)
      }
      cursor = page.cursor
    }
  })
