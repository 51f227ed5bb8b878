/** Who a user's deals name: the person, and the organization of the company. */
import { Effect } from "effect"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { Settings } from "../Settings.ts"
import type { Store } from "../store/Store.ts"
import { PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import * as Organizations from "./organizations.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { FoundPerson } from "./personCalls.ts"
import * as PersonList from "./personList.ts"
import * as Persons from "./persons.ts"

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

interface Parts {
  readonly organizations: Organizations.Organizations
  readonly persons: Persons.Persons
}

export const make = ({ organizations, persons }: Parts) => {
  /** The contact without what a refusal can be about, and how to forget that. `undefined`: it is about neither. */
  const without = (
    recipient: Recipient,
    { organizationId, personId }: Contact,
    reason: Refusal
  ): { readonly rest: Contact; readonly forget: Effect.Effect<void> } | undefined => {
    if (organizationId !== undefined && Organizations.mayBeOrganization(reason)) {
      return { rest: { personId, organizationId: undefined }, forget: organizations.forget(recipient, organizationId) }
    }
    if (personId !== undefined && Persons.mayBePerson(reason)) {
      return { rest: { personId: undefined, organizationId }, forget: persons.forget(recipient, personId) }
    }
    return undefined
  }

  /** What is refused again without a contact was refused for another reason: the contact is not forgotten. */
  const create = <A>(
    recipient: Recipient,
    contact: Contact,
    send: (fields: ContactFields) => Effect.Effect<A, PipedriveError>
  ): Effect.Effect<{ readonly made: A; readonly contact: Contact }, PipedriveError> =>
    send(fieldsOf(contact)).pipe(
      Effect.map((made) => ({ made, contact })),
      whenRefused((reason) => {
        const less = without(recipient, contact, reason)
        return less === undefined
          ? Effect.fail(new PipedriveError({ reason }))
          : Effect.tap(create(recipient, less.rest, send), () => less.forget)
      })
    )

  return {
    /** The user's contact, found or created. `shown`: persons who may have the login in a field, when a search has shown them. */
    ensure: Effect.fnUntraced(function* (
      recipient: Recipient,
      shown?: ReadonlyArray<FoundPerson>
    ): Effect.fn.Return<Contact, SinkError> {
      const organizationId = yield* organizations.ensure(recipient)
      return { organizationId, personId: yield* persons.ensure(recipient, { organizationId, shown }) }
    }),
    /** Creates what names the contact, again without what Pipedrive refuses. Answers whom it names as well. */
    create
  }
}

/** The contacts of the settings, with their persons and organizations. */
export const ofSettings = Effect.fnUntraced(function* ({
  pipedrive,
  placing,
  settings,
  targets,
  worth
}: {
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly settings: Pick<Settings["Service"], "organization" | "person">
  readonly targets: Pick<Store["Service"]["targets"], "organizations" | "persons">
  readonly worth: PersonList.Worth
}) {
  const organizations = yield* Organizations.make({
    pipedrive,
    records: targets.organizations,
    settings: settings.organization
  })
  const personList = yield* PersonList.make({ pipedrive, placing, worth })
  const persons = Persons.make({
    list: personList,
    organizations,
    pipedrive,
    placing,
    records: targets.persons,
    settings: settings.person
  })
  return { contacts: make({ organizations, persons }), organizations, personList, persons }
})

export type Contacts = ReturnType<typeof make>
