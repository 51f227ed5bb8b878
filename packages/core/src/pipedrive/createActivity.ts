/** Creates a file's activity. A refusal is narrowed down: to the deal, to the content, or to the file as a whole. */
import { DateTime, Effect, Option } from "effect"
import { calendarDay } from "../domain/Day.ts"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import { type Created, Forbidden, ItemRefused, type Order, SinkError, TargetGone } from "../publish/Sink.ts"
import type { Settings } from "../Settings.ts"
import { fromFile } from "./activity.ts"
import { whyUnusable } from "./deals.ts"
import { type Refusal, whenRefused } from "./errors.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import { failing, mayBeContent, remarkOn } from "./sinkErrors.ts"

/** After this many requests without the content that were refused as well, the content is not the reason. */
const maxOmissionsRefused = 3

/** Adds what to check when Pipedrive's error names the type: a person may have deleted that activity type. */
const withAdvice = (message: string, type: string): string =>
  /\btype\b/i.test(message)
    ? `${message}. Check that Pipedrive has the activity type of GITPIP_ACTIVITY_TYPE (${type})`
    : message

const fail = (reason: SinkError["reason"]) => Effect.fail(new SinkError({ reason }))

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly settings: Settings["Service"]
  /** Of the token's user: the due date is a day there. */
  readonly timeZone: Effect.Effect<string>
}

export const make = ({ pipedrive, settings: { activity: settings }, timeZone }: Parts) => {
  /** Requests without the content that were refused as well, in a row. */
  let omissionsRefused = 0

  const send = Effect.fnUntraced(function* (
    { begin, delivery, target }: Order,
    { content, day }: { readonly content: Content; readonly day: string }
  ) {
    const activity = {
      ...fromFile({ ...delivery, content }),
      type: settings.type,
      deal_id: Number(target),
      due_date: day,
      done: settings.done
    }
    const id = yield* pipedrive.createActivity(activity, begin)
    omissionsRefused = 0
    return String(id)
  })

  /** Sends the file without its content, when the content may be what was refused. `None` when that was refused as well. */
  const withoutContent = Effect.fnUntraced(function* (order: Order, day: string, refusal: Refusal) {
    if (!mayBeContent(refusal) || order.content._tag === "Omitted" || omissionsRefused >= maxOmissionsRefused) {
      return Option.none<Created>()
    }
    return yield* send(order, { content: contentRefused, day }).pipe(
      Effect.map((remoteId) => Option.some({ remoteId, remark: `The content was left out: ${refusal.message}` })),
      Effect.tapError(() => Effect.sync(() => omissionsRefused++)),
      whenRefused(() => Effect.succeedNone)
    )
  })

  /** Pipedrive does not document how it refuses an activity on an unusable deal: reading the deal shows that. */
  const afterRefusal = Effect.fnUntraced(function* (order: Order, day: string, refusal: Refusal) {
    const { target } = order
    const deal = yield* Effect.option(pipedrive.deal(Number(target)))
    const why = Option.isSome(deal) ? whyUnusable(deal.value) : undefined
    if (why !== undefined) {
      const message = `The user's deal ${target} ${why}; another one takes its place. ${refusal.message}`
      return yield* fail(new TargetGone({ message }))
    }
    if (Option.isSome(deal)) {
      const created = yield* withoutContent(order, day, refusal)
      if (Option.isSome(created)) return created.value
    }
    const message = withAdvice(refusal.message, settings.type)
    return yield* fail(
      refusal._tag === "Forbidden" || Option.isNone(deal)
        ? new Forbidden({ message, scope: "thing" })
        : new ItemRefused({ message })
    )
  })

  return Effect.fn("ActivitySink.create")(function* (order: Order): Effect.fn.Return<Created, SinkError> {
    const { content } = order
    const day = calendarDay(yield* DateTime.now, yield* timeZone)
    return yield* send(order, { content, day }).pipe(
      Effect.map((remoteId): Created => ({ remoteId, remark: remarkOn(content) })),
      whenRefused((refusal) => afterRefusal(order, day, refusal)),
      Effect.catchTag("PipedriveError", failing)
    )
  })
}
