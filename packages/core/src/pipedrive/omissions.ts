/** What of an activity a refusal can be about, and the activity without it. */
import { DateTime, Duration, Effect } from "effect"
import { contentRefused } from "../domain/GistFile.ts"
import type { Order } from "../publish/Sink.ts"
import { isCap, type Refusal } from "./errors.ts"
import { mayBeOrganization, type Organizations } from "./organizations.ts"
import type { NewActivity } from "./Pipedrive.ts"
import { mayBePerson, type Persons } from "./persons.ts"
import type { Placement } from "./placement.ts"
import { mayBeContent } from "./sinkErrors.ts"

/** After this many requests without the content that were refused as well, the content is not the reason. */
const maxOmissionsRefused = 3

/** How long a refused owner is left out: a user who is active again owns new activities a day later at most. */
const ownerRefusal = Duration.days(1)

interface Parts {
  readonly organizations: Pick<Organizations, "forget">
  readonly persons: Pick<Persons, "forget">
}

/** The fields of an activity that the settings and the deal decide. */
export type Fields = Pick<
  NewActivity,
  "type" | "done" | "due_date" | "org_id" | "owner_id" | "participants" | "priority"
>

/** What an activity was made of. */
export interface Sent {
  readonly order: Order
  readonly fields: Fields
  readonly placement: Placement
}

/** What is sent without a part of it that was refused. */
interface Omission {
  /** Of the remark. */
  readonly what: string
  readonly rest: Sent
  readonly accepted?: Effect.Effect<unknown>
  readonly refused?: Effect.Effect<unknown>
}

/** Leaves a part out. `undefined`: it is not sent, or the refusal cannot be about it. */
type LeaveOut = (sent: Sent, refusal: Refusal) => Omission | undefined

/** Whether a refusal can be about the owner, such as a deactivated user. Pipedrive does not document its messages. */
const mayBeOwner = (refusal: Refusal): boolean =>
  !isCap(refusal) && /owner|assign|\buser (?:not|is|does|was)\b|(?:inactive|deactivated) user/i.test(refusal.message)

export const make = ({ organizations, persons }: Parts) => {
  /** Requests without the content that were refused as well, in a row. */
  let omissionsRefused = 0
  /** Owners of deals that Pipedrive refused as owners of activities, such as deactivated users, and when to ask again. */
  const refusedOwners = new Map<number, DateTime.Utc>()

  const refuseOwner = (owner: number) =>
    Effect.map(DateTime.now, (now) => refusedOwners.set(owner, DateTime.addDuration(now, ownerRefusal)))

  /** When the deal's owner may be what was refused, the activity becomes the token's user's own. */
  const withoutOwner: LeaveOut = (sent, refusal) => {
    const { owner_id, ...fields } = sent.fields
    if (owner_id === undefined || sent.placement.owner !== "deal" || !mayBeOwner(refusal)) return undefined
    return {
      what: "The deal's owner",
      rest: { ...sent, fields },
      accepted: refuseOwner(owner_id)
    }
  }

  /** When the person may be what was refused: one who was deleted, or is hidden. */
  const withoutPerson: LeaveOut = (sent, refusal) => {
    const { participants = [], ...fields } = sent.fields
    const [person] = participants
    if (person === undefined || !mayBePerson(refusal)) return undefined
    return {
      what: "The person",
      rest: { ...sent, fields },
      accepted: persons.forget(sent.order.delivery, person.person_id)
    }
  }

  const withoutOrganization: LeaveOut = (sent, refusal) => {
    const { org_id, ...fields } = sent.fields
    if (org_id === undefined || !mayBeOrganization(refusal)) return undefined
    return {
      what: "The organization",
      rest: { ...sent, fields },
      accepted: organizations.forget(sent.order.delivery, org_id)
    }
  }

  const withoutContent: LeaveOut = (sent, refusal) => {
    const { order } = sent
    if (!mayBeContent(refusal) || order.content._tag === "Omitted" || omissionsRefused >= maxOmissionsRefused) {
      return undefined
    }
    return {
      what: "The content",
      rest: { ...sent, order: { ...order, content: contentRefused } },
      refused: Effect.sync(() => omissionsRefused++)
    }
  }

  return {
    /** In the order in which they are tried. */
    all: [withoutOwner, withoutPerson, withoutOrganization, withoutContent],
    /** Whether the owner is left out from the start. */
    isRefusedOwner: (owner: number, now: DateTime.Utc): boolean => {
      const until = refusedOwners.get(owner)
      return until !== undefined && DateTime.isLessThan(now, until)
    },
    /** To be run after each activity that Pipedrive has accepted. */
    accepted: Effect.sync(() => {
      omissionsRefused = 0
    })
  }
}
