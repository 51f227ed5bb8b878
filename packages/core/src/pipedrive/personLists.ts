/** The lists of persons that stand in for many searches. https://developers.pipedrive.com/docs/api/v1/Persons#getPersons */
import { Effect, type Option } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import { pageCost } from "./listing.ts"
import { byRisingIds, type Changed, lastChanged } from "./listQueries.ts"
import { StoredPerson } from "./personCalls.ts"
import type { Page } from "./wire.ts"

type List<Which> = (which: Which, cursor: Option.Option<string>) => Effect.Effect<Page<StoredPerson>, PipedriveError>

/** Each method names its price in tokens of the company's day budget. Neither shows deleted persons. */
export interface PersonLists {
  /** 10 tokens a page of 500 persons by rising ids, from `cursor` on. Not delayed like the search. */
  readonly allPersons: List<Pick<Changed, "field">>
  /** 10 tokens a page of persons, the last changed first, from `cursor` on. Not delayed like the search. */
  readonly lastChangedPersons: List<Changed>
}

export const make = (list: ReturnType<typeof makeCalls>["list"]): PersonLists => ({
  allPersons: Effect.fn("Pipedrive.allPersons")((which: Pick<Changed, "field">, cursor: Option.Option<string>) =>
    list(StoredPerson, "v2/persons", { cost: pageCost, query: byRisingIds(which, cursor) })
  ),
  lastChangedPersons: Effect.fn("Pipedrive.lastChangedPersons")((which: Changed, cursor: Option.Option<string>) =>
    list(StoredPerson, "v2/persons", { cost: pageCost, query: lastChanged(which, cursor) })
  )
})
