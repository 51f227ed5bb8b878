/** Who a user's deals name: the person, and the organization of the company. */
import { Effect } from "effect"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import { PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import { mayBeOrganization, type Organizations } from "./organizations.ts"
import { mayBePerson, type Persons } from "./persons.ts"

/** Pipedrive's numbers. `undefined`: there is none. */
export interface Contact {
  readonly personId: number | undefined
  readonly organizationId: number | undefined
}

/** The fields of a deal that name a contact. */
export interface ContactFields {
  readonly person_id?: number
  readonly org_id?: number
}

const fieldsOf = ({ organizationId, personId }: Contact): ContactFields => ({
  ...(personId === undefined ? {} : { person_id: personId }),
  ...(organizationId === undefined ? {} : { org_id: organizationId })
})

export const make = ({
  organizations,
  persons
}: {
  readonly organizations: Organizations
  readonly persons: Persons
}) => {
  /** Forgets what a refusal can be about, such as a deleted person. `undefined`: neither. */
  const without = (
    recipient: Recipient,
    { organizationId, personId }: Contact,
    reason: Refusal
  ): Effect.Effect<Contact> | undefined => {
    if (organizationId !== undefined && mayBeOrganization(reason)) {
      return Effect.as(organizations.forget(recipient, organizationId), { personId, organizationId: undefined })
    }
    if (personId !== undefined && mayBePerson(reason)) {
      return Effect.as(persons.forget(recipient, personId), { personId: undefined, organizationId })
    }
    return undefined
  }

  const create = <A>(
    recipient: Recipient,
    contact: Contact,
    send: (fields: ContactFields) => Effect.Effect<A, PipedriveError>
  ): Effect.Effect<{ readonly made: A; readonly contact: Contact }, PipedriveError> =>
    send(fieldsOf(contact)).pipe(
      Effect.map((made) => ({ made, contact })),
      whenRefused((reason) => {
        const rest = without(recipient, contact, reason)
        return rest === undefined
          ? Effect.fail(new PipedriveError({ reason }))
          : Effect.flatMap(rest, (contact) => create(recipient, contact, send))
      })
    )

  return {
    /** The user's contact, found or created. */
    ensure: Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<Contact, SinkError> {
      const organizationId = yield* organizations.ensure(recipient)
      return { organizationId, personId: yield* persons.ensure(recipient, organizationId) }
    }),
    /** Creates what names the contact, again without what Pipedrive refuses. Answers whom it names as well. */
    create
  }
}

export type Contacts = ReturnType<typeof make>
