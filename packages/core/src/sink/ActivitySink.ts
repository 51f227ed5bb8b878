/** One activity for each file, on the deal that bears the user's name. The default way to publish. */
import { Cache, DateTime, Duration, Effect, Exit, Layer, Option } from "effect"
import { bearsMarker, fromFile } from "../domain/Activity.ts"
import { calendarDay } from "../domain/Day.ts"
import * as Timing from "../domain/Timing.ts"
import { Pipedrive } from "../Pipedrive.ts"
import { Repository } from "../Repository.ts"
import { Settings } from "../Settings.ts"
import { activityPrice, ItemRefused, type Recipient, Sink, SinkError, TargetGone } from "../Sink.ts"
import { dealOfReceipt, ensureDeal, isBefore } from "./deals.ts"
import { sinking, storing } from "./errors.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Repository | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { deals } = yield* Repository
    const settings = yield* Settings

    /** Files of one user are published side by side: they share one finding of the deal. */
    const targets = yield* Cache.makeWith((recipient: Recipient) => ensureDeal(pipedrive, deals, recipient), {
      capacity: 10_000,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(10) : Duration.zero)
    })

    /** Asked for once a day. UTC while Pipedrive does not tell, which is no reason not to publish. */
    const zones = yield* Cache.makeWith((_: "own") => Effect.orElseSucceed(pipedrive.timeZone, () => ""), {
      capacity: 1,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: (zone) => (zone === "" ? Duration.hours(1) : Duration.days(1))
      })
    })

    return Sink.of({
      door: pipedrive.door,
      off: Option.none(),
      target: ({ userKey, username }) => Effect.map(Cache.get(targets, { userKey, username }), String),
      forget: ({ userKey, username }, target) =>
        Effect.andThen(
          Cache.invalidate(targets, { userKey, username }),
          storing(deals.forget(userKey, Number(target)))
        ),
      create: Effect.fn("ActivitySink.create")(function* (target, delivery, content, begin) {
        const today = calendarDay(yield* DateTime.now, yield* Cache.get(zones, "own"))
        const id = yield* sinking(
          pipedrive.createActivity(
            {
              ...fromFile({ ...delivery, content }),
              type: settings.activityType,
              deal_id: Number(target),
              due_date: today,
              done: settings.activityDone
            },
            begin
          )
        ).pipe(
          Effect.catchReasons("SinkError", {
            // What a deleted deal is refused with is not documented: ask whether it still exists before giving up.
            ItemRefused: (reason) =>
              Effect.flatMap(sinking(pipedrive.deal(Number(target))), (deal) =>
                fail(Option.isNone(deal) ? new TargetGone({ message: reason.message }) : reason)
              ),
            TargetGone: (reason) =>
              Effect.flatMap(sinking(pipedrive.deal(Number(target))), (deal) =>
                fail(Option.isNone(deal) ? reason : new ItemRefused({ message: reason.message }))
              )
          })
        )
        return String(id)
      }),
      find: Effect.fn("ActivitySink.find")(function* (target, delivery, since) {
        const oldest = DateTime.subtractDuration(since, Timing.clockSlack)
        const found: Array<number> = []
        let cursor = Option.none<string>()
        for (;;) {
          const page = yield* sinking(pipedrive.activitiesOfDeal(Number(target), cursor))
          for (const { id, note } of page.items) {
            if (typeof note === "string" && bearsMarker(note, delivery.htmlUrl)) found.push(id)
          }
          if (Option.isNone(page.cursor) || page.items.some(({ add_time }) => isBefore(add_time, oldest))) {
            return [...new Set(found)].sort((a, b) => a - b).map(String)
          }
          cursor = page.cursor
        }
      }),
      retract: (receipt) =>
        sinking(
          Option.match(dealOfReceipt(receipt), {
            onNone: () => pipedrive.deleteActivity(Number(receipt)),
            onSome: pipedrive.deleteDeal
          })
        ),
      price: activityPrice,
      budget: pipedrive.budget,
      close: pipedrive.close
    })
  })
)

const fail = (reason: SinkError["reason"]) => Effect.fail(new SinkError({ reason }))
