/** Finds the person in Pipedrive who a user is: by searches or in a list, or after a lost response among the newest. */
import { Effect, Option } from "effect"
import type { Recipient, SinkError } from "../publish/Sink.ts"
import type { Targets as Records } from "../store/Targets.ts"
import {
  choosePerson,
  holdsLogin,
  isCreated,
  mayHoldLogin,
  nearestFirst,
  type Search,
  searchesFor
} from "./choosePerson.ts"
import { newestSince } from "./newest.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { FoundPerson, NewPerson } from "./personCalls.ts"
import type { PersonIndex } from "./personIndex.ts"
import type { PersonList } from "./personList.ts"
import { sinking, storing } from "./sinkErrors.ts"
import type * as Targets from "./targets.ts"

/** What a search for the user's deal has shown. */
export interface Shown {
  /** Persons who may have the login in a field. `undefined`: nobody has searched for them. */
  readonly shown?: ReadonlyArray<FoundPerson> | undefined
}

/** How a person is found by the login. */
interface By extends Shown {
  /** The key of the field that holds logins. */
  readonly field: string | undefined
}

/** How many persons of a list decide: the oldest with an address, and two with a name, who are namesakes. */
const deciding = { email: 1, name: 2 } as const

/** A create of a person whose response was lost. */
interface SentPerson extends Pick<Targets.Sent, "at" | "since"> {
  readonly person: NewPerson
  /** The key of the field that holds logins. */
  readonly field: string | undefined
}

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly records: Records
  /** Without it, each user is searched for. */
  readonly list?: PersonList
  /** What to do when persons have the login in another field alone. */
  readonly inOtherField?: Effect.Effect<void, SinkError>
}

export const make = ({ inOtherField = Effect.void, list, pipedrive, records }: Parts) => {
  /** Of these, those who are no other user's. */
  const withoutOthers = Effect.fnUntraced(function* <A extends { readonly id: number }>(
    { userKey }: Recipient,
    persons: ReadonlyArray<A>
  ) {
    const ids = persons.map(({ id }) => id)
    const others = ids.length === 0 ? new Set() : yield* storing(records.ofOthers(userKey, ids))
    return persons.filter(({ id }) => !others.has(id))
  })

  /** Those of the first persons in a list who are still there: a deleted person leaves no change that a list shows. 1 token each. */
  const stillThere = Effect.fnUntraced(function* (
    persons: ReadonlyArray<FoundPerson>,
    { index, max }: { readonly index: PersonIndex; readonly max: number }
  ) {
    const there: Array<FoundPerson> = []
    for (const person of persons) {
      if (there.length === max) break
      if (Option.isSome(yield* sinking(pipedrive.person(person.id)))) there.push(person)
      else index.remove(person.id)
    }
    return there
  })

  const byLogin = Effect.fnUntraced(function* (
    login: string,
    field: string | undefined,
    found: ReadonlyArray<FoundPerson>
  ) {
    const ids = new Set(found.filter((person) => mayHoldLogin(person, login)).map(({ id }) => id))
    let isElsewhere = false
    // 1 token each, of which `activityPrice` counts two. Another field may have the login: "referred by".
    for (const id of [...ids].toSorted((a, b) => a - b)) {
      const person = yield* sinking(pipedrive.person(id))
      if (field !== undefined && Option.exists(person, (read) => holdsLogin(read, field, login)))
        return { id, name: Option.getOrUndefined(person)?.name }
      isElsewhere ||= Option.isSome(person)
    }
    if (isElsewhere) yield* inOtherField
    return undefined
  })

  /** A field may hold the login as `@ann` or in an address. A search for a part needs two characters. */
  const searchFor = Effect.fnUntraced(function* ({ by, term }: Search) {
    const search = (isExact: boolean) => sinking(pipedrive.searchPersons(term, { by, isExact }))
    const isWhole = by !== "custom_fields" || term.length < 2
    const { cursor, items } = yield* search(isWhole)
    // More than the page shows: what has the login whole counts as well.
    return isWhole || Option.isNone(cursor) ? items : [...items, ...(yield* search(true)).items]
  })

  const run = Effect.fnUntraced(function* (recipient: Recipient, search: Search, { field, shown }: By) {
    const { by, term } = search
    if (by === "custom_fields" && shown !== undefined) return yield* byLogin(term, field, shown)
    const index = list === undefined ? undefined : Option.getOrUndefined(yield* list.current(recipient.userKey))
    const created = list === undefined || by !== "email" ? [] : yield* list.createdWith(term)
    const found = index === undefined ? [...(yield* searchFor(search)), ...created] : index.found(search)
    if (by === "custom_fields") return yield* byLogin(term, field, found)
    // Two tracked users of one name are two persons.
    const free = by === "name" ? yield* withoutOthers(recipient, found) : found
    return choosePerson(search, index === undefined ? free : yield* stillThere(free, { index, max: deciding[by] }))
  })

  /** The person of the first search that finds one. */
  const find = Effect.fnUntraced(function* (recipient: Recipient, by: By) {
    for (const search of searchesFor(recipient, by.field)) {
      const person = yield* run(recipient, search, by)
      if (person !== undefined) return person
    }
    return undefined
  })

  /** The person that such a create made, taken for the user. Not delayed like a search. */
  const findCreated = Effect.fnUntraced(function* (recipient: Recipient, { at, field, person, since }: SentPerson) {
    const sent = { as: person.name, email: person.emails?.[0]?.value, field, login: recipient.username }
    const created = yield* newestSince(pipedrive.newestPersons, {
      since,
      isWanted: (person) => isCreated(person, sent)
    })
    const id = yield* storing(
      records.take(
        recipient.userKey,
        nearestFirst(created, at).map((person) => person.id)
      )
    )
    return id === null ? undefined : { id }
  })

  return { find, findCreated }
}
