/**
 * Which deals and persons bear a GitHub login: deals by their titles, and both by fields that the settings name. One search
 * of deals and persons costs what a search of either costs.
 */
import { Effect, Option } from "effect"
import type { SinkError } from "../publish/Sink.ts"
import { chooseDeal, type DealHits, isOpen, type Names, type Rule, titlesOf } from "./chooseDeal.ts"
import { holdsLogin, mayHoldLogin } from "./choosePerson.ts"
import { comparable } from "./comparable.ts"
import type { FoundDeal, Pipedrive, StoredDeal } from "./Pipedrive.ts"
import type { FoundPerson } from "./personCalls.ts"
import type { Placement } from "./placement.ts"
import { sinking } from "./sinkErrors.ts"

/**
 * These deals with the login in some field are read in any case, 1 token each, which `activityPrice` counts: two open ones may
 * have it in the user's field. Of the others, as many as it takes to find one.
 */
const readAlways = 3

/** What the searches showed. */
export interface LoginHits extends DealHits {
  /** Persons who may have the login in a field. `undefined`: the settings name none. */
  readonly persons: ReadonlyArray<FoundPerson> | undefined
}

const byId = <A extends { readonly id: number }>(items: ReadonlyArray<A>): ReadonlyArray<A> =>
  [...new Map(items.map((item) => [item.id, item])).values()].toSorted((a, b) => a.id - b.id)

/** A search for a part of a title needs two characters. It also finds what Pipedrive proposes: "ann deal". */
const isWhole = (login: string): boolean => login.length < 2

/** What the searches for the login showed. */
interface Shown {
  readonly deals: ReadonlyArray<FoundDeal>
  readonly persons: ReadonlyArray<FoundPerson>
  /** Whether no other deal can have the login in its title. */
  readonly isAll: boolean
  /** Whether all deals with the login as their title are among them. */
  readonly hasLogin: boolean
}

export const make = (pipedrive: Pipedrive["Service"]) => {
  const byTitle = Effect.fnUntraced(function* (login: string): Effect.fn.Return<Shown, SinkError> {
    const { cursor, items } = yield* sinking(pipedrive.searchDeals(login, { isWholeTitle: isWhole(login) }))
    return { deals: items, persons: [], isAll: !isWhole(login) && Option.isNone(cursor), hasLogin: isWhole(login) }
  })

  const byFields = Effect.fnUntraced(function* (
    login: string,
    withPersons: boolean
  ): Effect.fn.Return<Shown, SinkError> {
    const search = (isExact: boolean) => sinking(pipedrive.searchLogin(login, { isExact, withPersons }))
    const found = yield* search(isWhole(login))
    const isAll = !isWhole(login) && Option.isNone(found.cursor)
    // More than the page shows: what has the login whole counts first.
    const exact = isAll || isWhole(login) ? found : yield* search(true)
    const [deals, persons] = [byId([...found.deals, ...exact.deals]), byId([...found.persons, ...exact.persons])]
    return { deals, persons, isAll, hasLogin: true }
  })

  /** Beyond what is shown: the deals of each title, the most certain first, until one may be adopted. 20 tokens each. */
  const byWholeTitles = Effect.fnUntraced(function* ({ deals, hasLogin }: Shown, rule: Rule) {
    const all = [...deals]
    for (const [same, title] of new Map(titlesOf(rule).map((title) => [comparable(title), title]))) {
      if (!hasLogin || same !== comparable(rule.login)) {
        all.push(...(yield* sinking(pipedrive.searchDeals(title, { isWholeTitle: true }))).items)
      }
      const bearing = all.filter((deal) => comparable(deal.title) === same)
      if (chooseDeal({ holding: [], titled: bearing }, rule)._tag !== "None") break
    }
    return all
  })

  const holding = Effect.fnUntraced(function* (
    found: ReadonlyArray<FoundDeal>,
    { field, login }: { readonly field: string; readonly login: string }
  ) {
    const candidates = found.filter((deal) => isOpen(deal) && mayHoldLogin(deal, login))
    const own: Array<StoredDeal> = []
    for (const [index, { id }] of candidates.entries()) {
      if (index >= readAlways && own.length > 0) break
      const deal = Option.filter(yield* sinking(pipedrive.deal(id)), isOpen)
      own.push(...Option.toArray(deal).filter((read) => holdsLogin(read, field, login)))
    }
    return own
  })

  return Effect.fnUntraced(function* (
    names: Names,
    { dealField, personField, stages }: Pick<Placement, "dealField" | "personField" | "stages">
  ): Effect.fn.Return<LoginHits, SinkError> {
    const { login } = names
    const withPersons = personField !== undefined
    const isByFields = withPersons || dealField !== undefined
    const shown = yield* isByFields ? byFields(login, withPersons) : byTitle(login)
    const own = dealField === undefined ? [] : yield* holding(shown.deals, { field: dealField, login })
    const isEnough = shown.isAll || own.length > 0
    return {
      holding: own,
      titled: byId(isEnough ? shown.deals : yield* byWholeTitles(shown, { ...names, stages })),
      persons: withPersons ? shown.persons.filter((person) => mayHoldLogin(person, login)) : undefined
    }
  })
}
