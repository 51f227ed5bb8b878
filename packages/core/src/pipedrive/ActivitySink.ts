/** Publishes each file as an activity on the deal that bears the user's name: the default. */
import { Cache, DateTime, Duration, Effect, Exit, Layer, Option } from "effect"
import { calendarDay } from "../domain/Day.ts"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import * as Timing from "../domain/Timing.ts"
import { activityPrice, Forbidden, ItemRefused, type Recipient, Sink, SinkError, TargetGone } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import { bearsMarker, fromFile } from "./activity.ts"
import { dealOfRemoteId, ensureDeal, isBefore, whyUnusable } from "./deals.ts"
import { isRefusal } from "./errors.ts"
import { Pipedrive } from "./Pipedrive.ts"
import { mayBeContent, remarkOn, sinking, storing } from "./sinkErrors.ts"

export const layer: Layer.Layer<Sink, never, Pipedrive | Store | Settings> = Layer.effect(
  Sink,
  Effect.gen(function* () {
    const pipedrive = yield* Pipedrive
    const { deals } = yield* Store
    const settings = yield* Settings

    /** Requests without the content that were refused as well, in a row: then the content is not the reason. */
    let omissionsRefused = 0

    /** Files of one user are published side by side: they share one search for the deal. */
    const targets = yield* Cache.makeWith((recipient: Recipient) => ensureDeal(pipedrive, deals, recipient), {
      capacity: 10_000,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.minutes(10) : Duration.zero)
    })

    /** The time zone is read once a day. While it cannot be read, dates are in UTC. */
    const zones = yield* Cache.makeWith(
      (_: "own") =>
        pipedrive.me.pipe(
          Effect.map(({ timeZone }) => timeZone),
          Effect.orElseSucceed(() => "")
        ),
      {
        capacity: 1,
        timeToLive: Exit.match({
          onFailure: () => Duration.zero,
          onSuccess: (zone) => (zone === "" ? Duration.hours(1) : Duration.days(1))
        })
      }
    )

    return Sink.of({
      limitKey: pipedrive.limitKey,
      off: Option.none(),
      target: ({ userKey, username }) => Effect.map(Cache.get(targets, { userKey, username }), String),
      forget: ({ userKey, username }, target) =>
        Effect.andThen(
          Cache.invalidate(targets, { userKey, username }),
          storing(deals.forget(userKey, Number(target)))
        ),
      create: Effect.fn("ActivitySink.create")(function* ({ begin, content, delivery, target }) {
        const today = calendarDay(yield* DateTime.now, yield* Cache.get(zones, "own"))
        const send = (sent: Content) =>
          pipedrive.createActivity(
            {
              ...fromFile({ ...delivery, content: sent }),
              type: settings.activityType,
              deal_id: Number(target),
              due_date: today,
              done: settings.activityDone
            },
            begin
          )
        const first = yield* Effect.result(send(content))
        if (first._tag === "Success") {
          omissionsRefused = 0
          return { remoteId: String(first.success), remark: remarkOn(content) }
        }
        const { reason } = first.failure
        if (!isRefusal(reason)) return yield* sinking(Effect.fail(first.failure))
        // Pipedrive does not document how it refuses an activity on an unusable deal: reading the deal shows that.
        const deal = yield* Effect.result(pipedrive.deal(Number(target)))
        if (deal._tag === "Success") {
          const why = whyUnusable(deal.success)
          if (why !== undefined) {
            return yield* fail(
              new TargetGone({
                message: `The user's deal ${target} ${why}; another one takes its place. ${reason.message}`
              })
            )
          }
          if (mayBeContent(reason) && content._tag !== "Omitted" && omissionsRefused < maxOmissionsRefused) {
            const second = yield* Effect.result(send(contentRefused))
            omissionsRefused = second._tag === "Success" ? 0 : omissionsRefused + 1
            if (second._tag === "Success") {
              return { remoteId: String(second.success), remark: `The content was left out: ${reason.message}` }
            }
            if (!isRefusal(second.failure.reason)) return yield* sinking(Effect.fail(second.failure))
          }
        }
        const message = withAdvice(reason.message, settings.activityType)
        return yield* fail(
          reason._tag === "Forbidden" || deal._tag === "Failure"
            ? new Forbidden({ message, scope: "thing" })
            : new ItemRefused({ message })
        )
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

const maxOmissionsRefused = 3

/** Adds what to check when Pipedrive's error names the type: a person may have deleted that activity type. */
const withAdvice = (message: string, type: string): string =>
  /\btype\b/i.test(message)
    ? `${message}. Check that Pipedrive has the activity type of GITPIP_ACTIVITY_TYPE (${type})`
    : message

const fail = (reason: SinkError["reason"]) => Effect.fail(new SinkError({ reason }))
