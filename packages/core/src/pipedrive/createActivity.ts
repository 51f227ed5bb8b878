/** Creates a file's activity. A refusal is narrowed down: to the deal, to the content, or to the file as a whole. */
import { DateTime, Effect, Option } from "effect"
import { calendarDay } from "../domain/Day.ts"
import { type Content, contentRefused } from "../domain/GistFile.ts"
import { type Created, Forbidden, ItemRefused, type Order, SinkError, TargetGone } from "../publish/Sink.ts"
import type { ActivitySettings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { fromFile } from "./activity.ts"
import { whyUnusable } from "./chooseDeal.ts"
import { isCap, type Refusal, whenRefused } from "./errors.ts"
import { mayBeOrganization, type Organizations } from "./organizations.ts"
import type { NewActivity, Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import { mayBePerson, type Persons } from "./persons.ts"
import type { Placement } from "./placement.ts"
import { failing, mayBeContent, remarkOn } from "./sinkErrors.ts"
import type { UserDeals } from "./userDeals.ts"

/** After this many requests without the content that were refused as well, the content is not the reason. */
const maxOmissionsRefused = 3

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

/** The fields of an activity that the settings and the deal decide. */
type Fields = Pick<NewActivity, "type" | "done" | "due_date" | "org_id" | "owner_id" | "participants" | "priority">

/** What an activity was made of. */
interface Sent {
  readonly order: Order
  readonly fields: Fields
  readonly placement: Placement
}

/** Whether a refusal can be about the owner, such as a deactivated user. Pipedrive does not document its messages. */
const mayBeOwner = (refusal: Refusal): boolean =>
  !isCap(refusal) && /owner|assign|\buser (?:not|is|does|was)\b|(?:inactive|deactivated) user/i.test(refusal.message)

export const make = ({ organizations, persons, pipedrive, placing, settings, timeZone, userDeals }: Parts) => {
  /** Requests without the content that were refused as well, in a row. */
  let omissionsRefused = 0
  /** Owners of deals that Pipedrive refused as owners of activities, such as deactivated users. */
  const refusedOwners = new Set<number>()

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
      ...(owner === undefined || refusedOwners.has(owner) ? {} : { owner_id: owner }),
      ...(person === undefined ? {} : { participants: [{ person_id: person, primary: true }] }),
      ...(organization === undefined ? {} : { org_id: organization }),
      ...(priority === undefined ? {} : { priority })
    }
  })

  const send = Effect.fnUntraced(function* ({ begin, delivery, target }: Order, fields: Fields, content: Content) {
    const activity = { ...fromFile({ ...delivery, content }), ...fields, deal_id: Number(target) }
    const id = yield* pipedrive.createActivity(activity, begin)
    omissionsRefused = 0
    return String(id)
  })

  /** Sends the file without its content, when the content may be what was refused. `None` when that was refused as well. */
  const withoutContent = Effect.fnUntraced(function* (order: Order, fields: Fields, refusal: Refusal) {
    if (!mayBeContent(refusal) || order.content._tag === "Omitted" || omissionsRefused >= maxOmissionsRefused) {
      return Option.none<Created>()
    }
    return yield* send(order, fields, contentRefused).pipe(
      Effect.map((remoteId) => Option.some({ remoteId, remark: `The content was left out: ${refusal.message}` })),
      Effect.tapError(() => Effect.sync(() => omissionsRefused++)),
      whenRefused(() => Effect.succeedNone)
    )
  })

  /** Sends the file as the token's user's own, when the deal's owner may be what was refused. */
  const withoutOwner = Effect.fnUntraced(function* (order: Order, { owner_id, ...fields }: Fields, refusal: Refusal) {
    const { owner } = yield* placing.current
    if (owner_id === undefined || owner !== "deal" || !mayBeOwner(refusal)) return Option.none<Created>()
    return yield* send(order, fields, order.content).pipe(
      Effect.map((remoteId) => Option.some({ remoteId, remark: `The deal's owner was left out: ${refusal.message}` })),
      Effect.tap(() => Effect.sync(() => refusedOwners.add(owner_id))),
      whenRefused(() => Effect.succeedNone)
    )
  })

  /** Sends the file without the person, when the person may be what was refused: one who was deleted, or is hidden. */
  const withoutPerson = Effect.fnUntraced(function* (order: Order, fields: Fields, refusal: Refusal) {
    const { participants = [], ...others } = fields
    const [person] = participants
    if (person === undefined || !mayBePerson(refusal)) return Option.none<Created>()
    return yield* send(order, others, order.content).pipe(
      Effect.tap(() => persons.forget(order.delivery, person.person_id)),
      Effect.map((remoteId) => Option.some({ remoteId, remark: `The person was left out: ${refusal.message}` })),
      whenRefused(() => Effect.succeedNone)
    )
  })

  /** Sends the file without the organization, as without the person. */
  const withoutOrganization = Effect.fnUntraced(function* (
    order: Order,
    { org_id, ...fields }: Fields,
    refusal: Refusal
  ) {
    if (org_id === undefined || !mayBeOrganization(refusal)) return Option.none<Created>()
    return yield* send(order, fields, order.content).pipe(
      Effect.tap(() => organizations.forget(order.delivery, org_id)),
      Effect.map((remoteId) => Option.some({ remoteId, remark: `The organization was left out: ${refusal.message}` })),
      whenRefused(() => Effect.succeedNone)
    )
  })

  /** Pipedrive does not document how it refuses an activity on an unusable deal: reading the deal shows that. */
  const afterRefusal = Effect.fnUntraced(function* ({ fields, order, placement }: Sent, refusal: Refusal) {
    const { target } = order
    const deal = yield* Effect.option(pipedrive.deal(Number(target)))
    const why = Option.isSome(deal) ? whyUnusable(deal.value) : undefined
    if (why !== undefined) {
      const message = `The user's deal ${target} ${why}; another one takes its place. ${refusal.message}`
      return yield* fail(new TargetGone({ message }))
    }
    if (Option.isSome(deal)) {
      for (const without of [withoutOwner, withoutPerson, withoutOrganization, withoutContent]) {
        const created = yield* without(order, fields, refusal)
        if (Option.isSome(created)) return created.value
      }
    }
    yield* placing.recheck(placement)
    const message = withAdvice(refusal.message, settings.type)
    return yield* fail(
      refusal._tag === "Forbidden" || Option.isNone(deal)
        ? new Forbidden({ message, scope: "thing" })
        : new ItemRefused({ message })
    )
  })

  return Effect.fnUntraced(function* (order: Order): Effect.fn.Return<Created, SinkError> {
    const { content } = order
    const placement = yield* placing.current
    const fields = yield* fieldsFor(order, placement)
    return yield* send(order, fields, content).pipe(
      Effect.map((remoteId): Created => ({ remoteId, remark: remarkOn(content) })),
      whenRefused((refusal) => afterRefusal({ order, fields, placement }, refusal)),
      Effect.catchTag("PipedriveError", failing)
    )
  }, Telemetry.inSpan("ActivitySink.create"))
}
