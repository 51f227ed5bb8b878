/** Creates a file's activity. A refusal is narrowed down: to the deal, to the content, or to the file as a whole. */
import { DateTime, Effect, Option, Result } from "effect"
import { calendarDay } from "../domain/Day.ts"
import { type Created, Forbidden, ItemRefused, type Order, SinkError, TargetGone } from "../publish/Sink.ts"
import type { ActivitySettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { fromFile } from "./activity.ts"
import { whyUnusable } from "./chooseDeal.ts"
import { type PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import type { Fields, Sent } from "./omissions.ts"
import * as Omissions from "./omissions.ts"
import type { Organizations } from "./organizations.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { Persons } from "./persons.ts"
import type { Placement } from "./placement.ts"
import { failing, remarkOn } from "./sinkErrors.ts"
import type { UserDeals } from "./userDeals.ts"

/** Adds what to check when Pipedrive's error names the type: a person may have deleted that activity type. */
const withAdvice = (message: string, type: string): string =>
  /\btype\b/i.test(message)
    ? `${message}. Check that Pipedrive has the activity type of GITPIP_ACTIVITY_TYPE (${type})`
    : message

const fail = (reason: SinkError["reason"]) => Effect.fail(new SinkError({ reason }))

interface Parts {
  readonly organizations: Organizations
  readonly persons: Persons
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly settings: ActivitySettings
  /** The due date is a day there. */
  readonly timeZone: Effect.Effect<string>
  readonly userDeals: UserDeals
}

export const make = ({ organizations, persons, pipedrive, placing, settings, timeZone, userDeals }: Parts) => {
  const omissions = Omissions.make({ organizations, persons })

  const fieldsFor = Effect.fnUntraced(function* (
    { delivery, target }: Order,
    { priority, type }: Placement
  ): Effect.fn.Return<Fields, SinkError> {
    const { due, done } = settings
    const owner = yield* userDeals.ownerOf(Number(target))
    const person = yield* userDeals.personOf(delivery, Number(target))
    const organization = yield* userDeals.organizationOf(Number(target))
    const today = yield* DateTime.now
    const zone = yield* timeZone
    return {
      type,
      done,
      ...(Option.isSome(due) ? { due_date: calendarDay(today, zone, due.value) } : {}),
      ...(owner === undefined || omissions.isRefusedOwner(owner, today) ? {} : { owner_id: owner }),
      ...(person === undefined ? {} : { participants: [{ person_id: person, primary: true }] }),
      ...(organization === undefined ? {} : { org_id: organization }),
      ...(priority === undefined ? {} : { priority })
    }
  })

  const send = Effect.fnUntraced(function* ({ fields, order: { begin, content, delivery, target } }: Sent) {
    const activity = { ...fromFile({ ...delivery, content }), ...fields, deal_id: Number(target) }
    const id = yield* pipedrive.createActivity(activity, begin)
    yield* omissions.accepted
    return String(id)
  })

  /** Sends the file without what the refusal can be about. Fails with the refusal that stays. */
  const narrow = Effect.fnUntraced(function* (
    sent: Sent,
    refusal: Refusal
  ): Effect.fn.Return<Result.Result<Created, Refusal>, PipedriveError> {
    for (const leaveOut of omissions.all) {
      const omission = leaveOut(sent, refusal)
      if (omission === undefined) continue
      const { accepted = Effect.void, refused = Effect.void, rest, what } = omission
      const remark = `${what} was left out: ${refusal.message}`
      const answer = yield* send(rest).pipe(
        Effect.map((remoteId) => Result.succeed<Created>({ remoteId, remark })),
        whenRefused((next) => Effect.as(refused, Result.fail(next)))
      )
      // The same message shows that the part was not the reason; another one, that something else is refused as well.
      const isSame = Result.isFailure(answer) && answer.failure.message === refusal.message
      if (isSame) continue
      const last = Result.isSuccess(answer) ? answer : yield* narrow(rest, answer.failure)
      if (Result.isFailure(last)) return last
      yield* accepted
      return last === answer
        ? last
        : Result.map(last, (created) => ({ ...created, remark: `${remark}. ${created.remark}` }))
    }
    return Result.fail(refusal)
  })

  /** Pipedrive does not document how it refuses an activity on an unusable deal: reading the deal shows that. */
  const afterRefusal = Effect.fnUntraced(function* (sent: Sent, refusal: Refusal) {
    const { target } = sent.order
    const deal = yield* Effect.option(pipedrive.deal(Number(target)))
    const why = Option.isSome(deal) ? whyUnusable(deal.value) : undefined
    if (why !== undefined) {
      const message = `The user's deal ${target} ${why}; another one takes its place. ${refusal.message}`
      return yield* fail(new TargetGone({ message }))
    }
    const narrowed = Option.isSome(deal) ? yield* narrow(sent, refusal) : Result.fail(refusal)
    if (Result.isSuccess(narrowed)) return narrowed.success
    yield* placing.recheck(sent.placement)
    const { _tag, message: said } = narrowed.failure
    const message = withAdvice(said, settings.type)
    return yield* fail(
      _tag === "Forbidden" || Option.isNone(deal)
        ? new Forbidden({ message, scope: "thing" })
        : new ItemRefused({ message })
    )
  })

  return Effect.fnUntraced(function* (order: Order): Effect.fn.Return<Created, SinkError> {
    const placement = yield* placing.current
    const sent = { order, placement, fields: yield* fieldsFor(order, placement) }
    return yield* send(sent).pipe(
      Effect.map((remoteId): Created => ({ remoteId, remark: remarkOn(order.content) })),
      whenRefused((refusal) => afterRefusal(sent, refusal)),
      Effect.catchTag("PipedriveError", failing)
    )
  }, Telemetry.inSpan("ActivitySink.create"))
}
