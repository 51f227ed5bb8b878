/** Where users' persons are found when many users wait: in the list of all persons, in place of searches (ListCopy.ts). */
import { Cache, Duration, Effect, Option, RcMap, Semaphore } from "effect"
import type { UserKey } from "../domain/User.ts"
import type { SinkError } from "../publish/Sink.ts"
import { comparable } from "./comparable.ts"
import * as ListCopy from "./ListCopy.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { FoundPerson, NewPerson } from "./personCalls.ts"
import { makePersonIndex, type PersonIndex } from "./personIndex.ts"
import type { Placement } from "./placement.ts"

/** What decides whether the list is read. */
export interface Worth {
  /** How many users wait for a person, at most `max`. */
  readonly waiting: (max: number) => Effect.Effect<number, unknown>
  /** Tokens that the searches for one user's person cost, and the list saves. */
  readonly searchesCost: number
}

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly worth: Worth
}

/** Longer than Pipedrive's search lags behind. */
const searchLag = Duration.minutes(1)

export const make = Effect.fnUntraced(function* ({ pipedrive, placing, worth }: Parts) {
  const list = yield* ListCopy.make({
    listing: ({ personField: field }: Placement) => ({
      page: (cursor) => pipedrive.allPersons({ field }, cursor),
      changed: (which, cursor) => pipedrive.lastChangedPersons({ ...which, field }, cursor),
      index: makePersonIndex(field)
    }),
    waiting: Effect.orElseSucceed(worth.waiting(ListCopy.maxWaiting), () => 0),
    searchesCost: worth.searchesCost
  })

  /** Persons whom Gitpip created of late, by their addresses. */
  const created = yield* Cache.makeWith((_address: string): Effect.Effect<FoundPerson> => Effect.never, {
    capacity: 10_000,
    timeToLive: () => searchLag
  })

  const locks = yield* RcMap.make({ lookup: (_address: string) => Semaphore.make(1) })

  return {
    /** Finds or creates the persons of one e-mail address one after the other, so that the second user gets the first one's. */
    inTurn:
      (email: string | null | undefined) =>
      <A, E>(findOrCreate: Effect.Effect<A, E>): Effect.Effect<A, E> => {
        const address = comparable(email ?? "")
        if (address === "") return findOrCreate
        return Effect.scoped(Effect.flatMap(RcMap.get(locks, address), (lock) => lock.withPermit(findOrCreate)))
      },
    /** All persons, when reading them is cheaper than searching. */
    current: (user: UserKey): Effect.Effect<Option.Option<PersonIndex>, SinkError> =>
      worth.searchesCost === 0
        ? Effect.succeedNone
        : Effect.flatMap(placing.current, (placement) => list.current(placement, user)),
    /** Whom Gitpip created with the address, while a search may not show the person. */
    createdWith: (address: string): Effect.Effect<ReadonlyArray<FoundPerson>> =>
      Effect.map(Cache.getSuccess(created, comparable(address)), Option.toArray),
    /** Adds a person whom Gitpip created: neither the list nor a search shows this person for some seconds. */
    add: Effect.fnUntraced(function* ({ id, ...person }: NewPerson & { readonly id: number }) {
      const emails = (person.emails ?? []).map(({ value }) => value)
      yield* Effect.forEach(emails, (email) => Cache.set(created, comparable(email), { id, name: person.name, emails }))
      const index = yield* list.known
      if (Option.isSome(index)) index.value.put({ ...person, id })
    })
  }
})

export type PersonList = Effect.Success<ReturnType<typeof make>>
