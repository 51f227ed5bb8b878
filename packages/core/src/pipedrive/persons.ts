/** The person in Pipedrive who a user is: found, or created once (targets.ts). */
import { Clock, Duration, Effect } from "effect"
import { type PlannedItem, type Recipient, SinkError } from "../publish/Sink.ts"
import type { PersonSettings } from "../Settings.ts"
import type { Targets as Records } from "../store/Targets.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { newPerson } from "./choosePerson.ts"
import { isCap, PipedriveError, type Refusal, whenRefused } from "./errors.ts"
import * as FindPerson from "./findPerson.ts"
import { mayBeOrganization, type Organizations } from "./organizations.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { NewPerson } from "./personCalls.ts"
import type { PersonList } from "./personList.ts"
import type { Placement } from "./placement.ts"
import { failing, storing } from "./sinkErrors.ts"
import * as Targets from "./targets.ts"

interface Parts {
  readonly list: PersonList
  readonly organizations: Organizations
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly records: Records
  readonly settings: PersonSettings
}

/** What is known of a user before the person is searched for. */
export interface Known extends FindPerson.Shown {
  /** Of a new person. */
  readonly organizationId?: number | undefined
}

/** Whether a refusal can be about the person. Pipedrive does not document its messages. */
export const mayBePerson = (refusal: Refusal): boolean =>
  !isCap(refusal) && /person|participant|contact/i.test(refusal.message)

/** Persons may have logins in another field for reasons of their own: the names of the settings are found again once a day. */
const recheckInterval = Duration.toMillis(Duration.days(1))

export const make = ({ list, organizations, pipedrive, placing, records, settings: { mode } }: Parts) => {
  /** Persons whom Pipedrive refused on a deal or an activity, such as deleted ones. */
  const refused = new Set<number>()
  let recheckedAt = Number.NEGATIVE_INFINITY

  /** Nothing is created with GITPIP_PERSON=link, so that no refusal shows that the field was deleted and made again. */
  const recheckField = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    if (now - recheckedAt < recheckInterval) return
    recheckedAt = now
    yield* placing.recheck(yield* placing.current)
  })
  const { find, findCreated } = FindPerson.make({
    list,
    pipedrive,
    records,
    ...(mode === "link" ? { inOtherField: recheckField } : {})
  })
  const search = FindPerson.make({ pipedrive, records })

  /** An organization may be deleted since, or hidden from the token's user. */
  const create = (
    recipient: Recipient,
    { org_id: organization, ...person }: NewPerson,
    begin: (as: string) => Effect.Effect<boolean>
  ) => {
    const send = (body: NewPerson) =>
      Effect.tap(pipedrive.createPerson(body, begin(body.name)), (id) => list.add({ ...body, id }))
    if (organization === undefined) return send(person)
    return send({ ...person, org_id: organization }).pipe(
      whenRefused((reason) =>
        mayBeOrganization(reason)
          ? Effect.tap(send(person), () => organizations.forget(recipient, organization))
          : Effect.fail(new PipedriveError({ reason }))
      )
    )
  }

  /** Fails for a while when the field that the person was sent with has another key now. A missing right says nothing about that. */
  const recheckingField = (creating: Effect.Effect<number, PipedriveError>, placement: Placement) =>
    creating.pipe(
      whenRefused((reason) =>
        Effect.andThen(
          placement.personField === undefined || reason._tag === "Forbidden" || isCap(reason)
            ? Effect.void
            : placing.recheck(placement),
          Effect.fail(new PipedriveError({ reason }))
        )
      ),
      Effect.catchTag("PipedriveError", failing)
    )

  const ensure = Effect.fn("ensurePerson")(function* (
    recipient: Recipient,
    { organizationId: organization, shown }: Known
  ) {
    const placement = yield* placing.current
    const { personField: field } = placement
    const person: NewPerson = {
      ...newPerson(recipient, field),
      ...(organization === undefined ? {} : { org_id: organization })
    }
    const ensured = yield* Targets.ensure(
      recipient.userKey,
      {
        records,
        name: "person",
        findCreated: ({ as, ...sent }) =>
          findCreated(recipient, { ...sent, person: { ...person, name: as ?? person.name }, field }),
        find: Effect.map(find(recipient, { field, shown }), (person) =>
          person === undefined ? { _tag: "None" } : { _tag: "One", target: { id: person.id } }
        ),
        create: Effect.succeed(
          mode === "create"
            ? (begin) => Effect.map(recheckingField(create(recipient, person, begin), placement), (id) => ({ id }))
            : undefined
        )
      },
      (id) => ({ id })
    ).pipe(list.inTurn(recipient.profile?.email))
    return ensured._tag === "Target" ? ensured.target.id : undefined
  })

  /** A deal is worth more than its person: without the right to see or create persons, deals are created without them. */
  const leftOut =
    ({ username }: Recipient) =>
    ({ message }: { readonly message: string }) =>
      Effect.as(Telemetry.log("Warn", "person.left_out", { user: username, detail: message }), undefined)

  return {
    /** Whether items name persons. */
    isOn: mode !== "off",
    /** The user's person, found, or created in the organization. `undefined`: there is none, or Pipedrive refuses it. */
    ensure: (recipient: Recipient, known: Known = {}): Effect.Effect<number | undefined, SinkError> =>
      mode === "off"
        ? Effect.succeed(undefined)
        : ensure(recipient, known).pipe(
            Effect.catchReasons("SinkError", {
              ItemRefused: leftOut(recipient),
              TargetGone: leftOut(recipient),
              Forbidden: (reason): Effect.Effect<undefined, SinkError> =>
                reason.scope === "thing" ? leftOut(recipient)(reason) : Effect.fail(new SinkError({ reason }))
            })
          ),
    /** Whom `ensure` would answer, for a dry run. */
    plan: Effect.fnUntraced(function* (
      recipient: Recipient,
      { shown }: FindPerson.Shown
    ): Effect.fn.Return<PlannedItem | null, SinkError> {
      if (mode === "off") return null
      const known = yield* storing(records.known(recipient.userKey))
      if (known !== null) return { id: known, name: null }
      const { personField: field } = yield* placing.current
      const found = yield* search.find(recipient, { field, shown })
      if (found !== undefined) return { id: found.id, name: found.name ?? null }
      return mode === "link" ? null : { id: null, name: newPerson(recipient, field).name }
    }),
    /** As `ensure`, but a refusal is an error: for an item that needs a person. A person whom Pipedrive refused is none. */
    find: (recipient: Recipient, known: Known = {}): Effect.Effect<number | undefined, SinkError> =>
      Effect.map(ensure(recipient, known), (id) => (id !== undefined && refused.has(id) ? undefined : id)),
    /** Remembers the person of a deal that is adopted. */
    note: ({ userKey }: Recipient, id: number | undefined): Effect.Effect<void, SinkError> =>
      mode === "off" || id === undefined ? Effect.void : Effect.asVoid(storing(records.record(userKey, id))),
    /** Who takes part in a user's activities: the person named for the user, else the deal's. Asks Pipedrive nothing. */
    participant: Effect.fnUntraced(function* (recipient: Recipient, ofDeal: number | null | undefined) {
      const { chosenPerson, knownDeal, knownPerson, userKey } = recipient
      if (mode === "off") return undefined
      // A person comes on record with the deal: beside a known deal, a person who is not on record is not there.
      const onRecord = typeof knownDeal === "number" ? (knownPerson ?? null) : undefined
      const known = chosenPerson ?? (ofDeal === undefined ? onRecord : ofDeal)
      const id = known === undefined ? yield* storing(records.known(userKey)) : known
      return id === null || refused.has(id) ? undefined : id
    }),
    /** Forgets a person whom Pipedrive refused. Never fails, since the activity may have been created without the person. */
    forget: ({ userKey }: Recipient, id: number): Effect.Effect<void> =>
      Effect.andThen(
        Effect.sync(() => refused.add(id)),
        Effect.ignore(records.forget(userKey, id))
      )
  }
}

export type Persons = ReturnType<typeof make>
