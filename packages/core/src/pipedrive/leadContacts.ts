/** Whom each user's leads name, as this process knows them: the person, whom a lead needs, and the company's organization. */
import { Cache, DateTime, Duration, Effect, Exit } from "effect"
import { NotYet, type Recipient, SinkError } from "../publish/Sink.ts"
import type { PersonSettings } from "../Settings.ts"
import { noPersonOfLeads } from "./choosePerson.ts"
import type { PipedriveError } from "./errors.ts"
import type { NewLead } from "./leadCalls.ts"
import type { Organizations } from "./organizations.ts"
import type { ContactFields, ofSettings } from "./userContacts.ts"

/** How long a user's person is taken from memory. */
const memory = Duration.minutes(10)

/** How long a user's organization is taken from memory, as with deals (DealSink.ts). */
const organizationMemory = Duration.hours(1)

/** How long files wait for a person whom somebody has to add, before a search of 20 tokens asks again. */
const choosing = Duration.days(1)

const capacity = 10_000

const keyOf = ({ profile, userKey, username }: Recipient): Recipient => ({
  userKey,
  username,
  ...(profile === undefined ? {} : { profile })
})

/** The field of a lead that names the organization. */
type OrganizationField = Pick<NewLead, "organization_id">

/** The organization of each user's company. */
const rememberOrganizations = Effect.fnUntraced(function* ({ ensure, isRefused }: Organizations) {
  const usable = (recipient: Recipient) =>
    Effect.map(ensure(recipient), (id) => (id === undefined || isRefused(id) ? undefined : id))
  const known = yield* Cache.makeWith(usable, {
    capacity,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? organizationMemory : Duration.zero)
  })
  const forget = (recipient: Recipient): Effect.Effect<void> => Cache.invalidate(known, keyOf(recipient))
  return {
    /** `undefined`: there is none, or it cannot be used. */
    of: Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<number | undefined, SinkError> {
      const id = yield* Cache.get(known, keyOf(recipient))
      if (id === undefined || !isRefused(id)) return id
      // Refused since, on a lead of another user of the company.
      yield* forget(recipient)
      return yield* Cache.get(known, keyOf(recipient))
    }),
    forget
  }
})

/** The person of each user. Files of one user are published side by side: they share one search for the person. */
const rememberPersons = (find: (recipient: Recipient) => Effect.Effect<number | undefined, SinkError>) =>
  Cache.makeWith(
    (recipient: Recipient) =>
      Effect.all({
        id: find(recipient),
        until: Effect.map(DateTime.now, (now) => DateTime.addDuration(now, choosing))
      }),
    {
      capacity,
      timeToLive: Exit.match({
        onFailure: () => Duration.zero,
        onSuccess: ({ id }) => (id === undefined ? choosing : memory)
      })
    }
  )

interface Parts extends Effect.Success<ReturnType<typeof ofSettings>> {
  readonly settings: PersonSettings
}

export const make = Effect.fnUntraced(function* ({ contacts, organizations, persons, settings: { mode } }: Parts) {
  const organization = yield* rememberOrganizations(organizations)
  const found = yield* rememberPersons((recipient) =>
    // Only a new person is tied to the organization: while files wait for a person, no organization is created.
    mode === "create"
      ? Effect.flatMap(organization.of(recipient), (organizationId) => persons.find(recipient, { organizationId }))
      : persons.find(recipient)
  )

  const personOf = Effect.fnUntraced(function* (recipient: Recipient): Effect.fn.Return<number, SinkError> {
    // Read with the file, so that no process goes on with another person from memory.
    if (typeof recipient.chosenPerson === "number") return recipient.chosenPerson
    const { id, until } = yield* Cache.get(found, keyOf(recipient))
    if (id !== undefined) return id
    return yield* new SinkError({
      reason: new NotYet({ message: noPersonOfLeads(recipient.username), retryAt: until })
    })
  })

  return {
    /**
     * The person named for the user, else the one that is found or created. Fails with `NotYet` while there is none. The
     * organization is found or created as well, before a lead is sent.
     */
    prepare: (recipient: Recipient): Effect.Effect<number, SinkError> =>
      Effect.tap(personOf(recipient), organization.of(recipient)),
    /** The organization of the user's company. `undefined`: there is none, or it cannot be used. */
    organizationOf: organization.of,
    /** Creates a lead with the organization, again without one that Pipedrive refuses. */
    create: <A>(
      recipient: Recipient,
      organizationId: number | undefined,
      send: (field: OrganizationField) => Effect.Effect<A, PipedriveError>
    ): Effect.Effect<A, PipedriveError> => {
      const fieldOf = ({ org_id }: ContactFields) => (org_id === undefined ? {} : { organization_id: org_id })
      return contacts
        .create(recipient, { organizationId, personId: undefined }, (named) => send(fieldOf(named)))
        .pipe(
          // The next lead searches for the organization again.
          Effect.tap(({ contact }) =>
            contact.organizationId === organizationId ? Effect.void : organization.forget(recipient)
          ),
          Effect.map(({ made }) => made)
        )
    },
    /** Forgets a person whom Pipedrive refused. */
    forget: (recipient: Recipient, id: number): Effect.Effect<void> =>
      Effect.andThen(Cache.invalidate(found, keyOf(recipient)), persons.forget(recipient, id))
  }
})
