/**
 * Which deals and persons bear a GitHub login: deals by their titles, and both by fields that the settings name. One search
 * of deals and persons costs what a search of either costs.
 */
import { Effect, Option } from "effect"
import type { SinkError } from "../publish/Sink.ts"
import { type DealHits, isOpen, type Names } from "./chooseDeal.ts"
import { holdsLogin, mayHoldLogin } from "./choosePerson.ts"
import type { FoundDeal, Pipedrive } from "./Pipedrive.ts"
import type { FoundPerson } from "./personCalls.ts"
import type { Placement } from "./placement.ts"
import { sinking } from "./sinkErrors.ts"

/** Of the deals with a login in some field, no more are read: 1 token each, which `activityPrice` counts. */
const maxRead = 3

/** What the searches showed. */
export interface LoginHits extends DealHits {
  /** Persons who may have the login in a field. `undefined`: the settings name none. */
  readonly persons: ReadonlyArray<FoundPerson> | undefined
}

const byId = <A extends { readonly id: number }>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...new Map(items.map((item) => [item.id, item])).values()].toSorted((a, b) => a.id - b.id)

/** A search for a part of a title needs two characters. It also finds what Pipedrive proposes: "ann deal". */
const isWhole = (login: string): boolean => login.length < 2

export const make = (pipedrive: Pipedrive["Service"]) => {
  const byTitle = Effect.fnUntraced(function* ({ login, title }: Names) {
    const found = yield* sinking(pipedrive.searchDeals(login, { isWholeTitle: isWhole(login) }))
    const isAll = isWhole(login) || Option.isNone(found.cursor)
    const more = isAll ? [] : (yield* sinking(pipedrive.searchDeals(title, { isWholeTitle: true }))).items
    return { deals: byId([...found.items, ...more]), persons: [] }
  })

  const byFields = Effect.fnUntraced(function* ({ login, title }: Names, withPersons: boolean) {
    const search = (isExact: boolean) => sinking(pipedrive.searchLogin(login, { isExact, withPersons }))
    const found = yield* search(isWhole(login))
    // More than the page shows: what has the login whole counts first.
    const isAll = isWhole(login) || Option.isNone(found.cursor)
    const exact = isAll ? found : yield* search(true)
    const isTitled = isAll || title.toLowerCase() === login.toLowerCase()
    const titled = isTitled ? [] : (yield* sinking(pipedrive.searchDeals(title, { isWholeTitle: true }))).items
    return {
      deals: byId([...found.deals, ...exact.deals, ...titled]),
      persons: byId([...found.persons, ...exact.persons])
    }
  })

  const holding = Effect.fnUntraced(function* (
    found: ReadonlyArray<FoundDeal>,
    { field, login }: { readonly field: string; readonly login: string }
  ) {
    const candidates = found.filter((deal) => isOpen(deal) && mayHoldLogin(deal, login))
    const deals = yield* Effect.forEach(candidates.slice(0, maxRead), ({ id }) => sinking(pipedrive.deal(id)))
    return deals.flatMap(Option.toArray).filter((deal) => isOpen(deal) && holdsLogin(deal, field, login))
  })

  return Effect.fnUntraced(function* (
    names: Names,
    { dealField, personField }: Pick<Placement, "dealField" | "personField">
  ): Effect.fn.Return<LoginHits, SinkError> {
    const withPersons = personField !== undefined
    const isByFields = withPersons || dealField !== undefined
    const { deals, persons } = yield* isByFields ? byFields(names, withPersons) : byTitle(names)
    return {
      holding: dealField === undefined ? [] : yield* holding(deals, { field: dealField, login: names.login }),
      titled: deals,
      persons: withPersons ? persons.filter((person) => mayHoldLogin(person, names.login)) : undefined
    }
  })
}
