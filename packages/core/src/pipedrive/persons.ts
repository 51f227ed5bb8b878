/** The person in Pipedrive who a user is: found, or created once (targets.ts). */
import { Effect, Option } from "effect"
import { type Recipient, SinkError } from "../publish/Sink.ts"
import type { PersonSettings } from "../Settings.ts"
import type { Targets as Records } from "../store/Targets.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { choosePerson, holdsLogin, isCreated, newPerson, type Search, searchesFor } from "./choosePerson.ts"
import type { Refusal } from "./errors.ts"
import { newestSince } from "./newest.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import { sinking, storing } from "./sinkErrors.ts"
import * as Targets from "./targets.ts"

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly records: Records
  readonly settings: PersonSettings
}

/** Of the persons with a login in some field, no more are read: 1 token each, which `activityPrice` counts. */
const maxRead = 3

/** Whether a refusal can be about the person. Pipedrive does not document its messages. */
export const mayBePerson = ({ message }: Refusal): boolean => /person|participant|contact/i.test(message)

export const make = ({ pipedrive, placing, records, settings: { mode } }: Parts) => {
  /** Persons whom Pipedrive refused on a deal or an activity, such as deleted ones. */
  const refused = new Set<number>()

  /** Of these, those who are no other user's. */
  const withoutOthers = Effect.fnUntraced(function* <A extends { readonly id: number }>(
    { userKey }: Recipient,
    persons: ReadonlyArray<A>
  ) {
    const ids = persons.map(({ id }) => id)
    const others = ids.length === 0 ? new Set() : yield* storing(records.ofOthers(userKey, ids))
    return persons.filter(({ id }) => !others.has(id))
  })

  const run = Effect.fnUntraced(function* (recipient: Recipient, search: Search, field: string | undefined) {
    const found = yield* sinking(pipedrive.searchPersons(search.term, search.by))
    if (search.by === "email") return choosePerson(search, found)
    // Two tracked users of one name are two persons.
    if (search.by === "name") return choosePerson(search, yield* withoutOthers(recipient, found))
    for (const { id } of found.toSorted((a, b) => a.id - b.id).slice(0, maxRead)) {
      const person = yield* sinking(pipedrive.person(id))
      if (field !== undefined && Option.exists(person, (read) => holdsLogin(read, field, search.term))) return { id }
    }
    return undefined
  })

  const find = Effect.fnUntraced(function* (recipient: Recipient, field: string | undefined) {
    for (const search of searchesFor(recipient, field)) {
      const person = yield* run(recipient, search, field)
      if (person !== undefined) return { _tag: "One", target: { id: person.id } } as const
    }
    return { _tag: "None" } as const
  })

  const findCreated = Effect.fnUntraced(function* (
    recipient: Recipient,
    { as, since }: { readonly as: string; readonly since: Targets.Sent["since"] },
    field: string | undefined
  ) {
    const created = yield* newestSince(pipedrive.newestPersons, {
      since,
      isWanted: (person) => isCreated(person, { as, field, login: recipient.username })
    })
    const id = yield* storing(
      records.take(
        recipient.userKey,
        created.map((person) => person.id)
      )
    )
    return id === null ? undefined : { id }
  })

  const ensure = Effect.fn("ensurePerson")(function* (recipient: Recipient) {
    const { personField: field } = yield* placing.current
    const person = newPerson(recipient, field)
    const ensured = yield* Targets.ensure(
      recipient.userKey,
      {
        records,
        name: "person",
        findCreated: ({ as, since }) => findCreated(recipient, { as: as ?? person.name, since }, field),
        find: find(recipient, field),
        create: Effect.succeed(
          mode === "create"
            ? (begin) => Effect.map(sinking(pipedrive.createPerson(person, begin(person.name))), (id) => ({ id }))
            : undefined
        )
      },
      (id) => ({ id })
    )
    return ensured._tag === "Target" ? ensured.target.id : undefined
  })

  /** A deal is worth more than its person: without the right to see or create persons, deals are created without them. */
  const leftOut =
    ({ username }: Recipient) =>
    ({ message }: { readonly message: string }) =>
      Effect.as(Telemetry.log("Warn", "person.left_out", { user: username, detail: message }), undefined)

  return {
    /** The user's person, found or created. `undefined`: there is none, or Pipedrive refuses it. */
    ensure: (recipient: Recipient): Effect.Effect<number | undefined, SinkError> =>
      mode === "off"
        ? Effect.succeed(undefined)
        : ensure(recipient).pipe(
            Effect.catchReasons("SinkError", {
              ItemRefused: leftOut(recipient),
              TargetGone: leftOut(recipient),
              Forbidden: (reason): Effect.Effect<undefined, SinkError> =>
                reason.scope === "thing" ? leftOut(recipient)(reason) : Effect.fail(new SinkError({ reason }))
            })
          ),
    /** As `ensure`, but a refusal is an error: for an item that needs a person. A person whom Pipedrive refused is none. */
    find: (recipient: Recipient): Effect.Effect<number | undefined, SinkError> =>
      Effect.map(ensure(recipient), (id) => (id !== undefined && refused.has(id) ? undefined : id)),
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
