/** The search for items of several kinds. https://developers.pipedrive.com/docs/api/v1/ItemSearch#searchItem */
import { Effect, type Option, Schema } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import { FoundPerson } from "./personCalls.ts"
import { FoundDeal } from "./wire.ts"

const FoundItem = Schema.Union([
  Schema.Struct({ ...FoundDeal.fields, type: Schema.Literal("deal") }),
  Schema.Struct({ ...FoundPerson.fields, type: Schema.Literal("person") })
])

/** The first 100 items. A cursor says that there are more. */
export interface FoundItems {
  readonly deals: ReadonlyArray<FoundDeal>
  readonly persons: ReadonlyArray<FoundPerson>
  readonly cursor: Option.Option<string>
}

export interface ItemCalls {
  /**
   * 20 tokens. Deals in any state with this in their title or in a field that the company added, and persons with it in such
   * a field, without regard to case. `isExact`: the title or the field has nothing else. The index lags by seconds.
   */
  readonly searchLogin: (
    term: string,
    how: { readonly isExact: boolean; readonly withPersons: boolean }
  ) => Effect.Effect<FoundItems, PipedriveError>
}

export const make = ({ search }: ReturnType<typeof makeCalls>): ItemCalls => ({
  searchLogin: Effect.fn("Pipedrive.searchLogin")(
    (term: string, { isExact, withPersons }: { readonly isExact: boolean; readonly withPersons: boolean }) =>
      Effect.map(
        search(FoundItem, "v2/itemSearch", {
          cost: 20,
          query: {
            term,
            item_types: withPersons ? "deal,person" : "deal",
            fields: "title,custom_fields",
            exact_match: `${isExact}`,
            limit: 100
          }
        }),
        ({ cursor, items }) => ({
          deals: items.filter((item) => item.type === "deal"),
          persons: items.filter((item) => item.type === "person"),
          cursor
        })
      )
  )
})
