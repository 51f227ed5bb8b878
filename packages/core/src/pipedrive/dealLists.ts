/** The lists of deals that stand in for many searches. https://developers.pipedrive.com/docs/api/v1/Deals#getDeals */
import { type DateTime, Effect, Option } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import { pageCost, pageSize } from "./listing.ts"
import { type Page, StoredDeal } from "./wire.ts"

/** Which deals are listed, and what of them. */
export interface OpenDeals {
  /** Every pipeline without it. */
  readonly pipelineId?: number | undefined
  /** The key of the one field of the company's own that is answered with each deal. */
  readonly field?: string | undefined
}

/** Which deals count as changed. */
export interface ChangedDeals extends Pick<OpenDeals, "field"> {
  /** Changed then or later, by Pipedrive's clock. Missing: all. */
  readonly since?: DateTime.Utc | undefined
  /** 500 at most. */
  readonly limit: number
}

type List<Which> = (which: Which, cursor: Option.Option<string>) => Effect.Effect<Page<StoredDeal>, PipedriveError>

/** Each method names its price in tokens of the company's day budget. */
export interface DealLists {
  /** 10 tokens a page of 500 open deals by rising ids, from `cursor` on. Not delayed like the search. */
  readonly openDeals: List<OpenDeals>
  /** 10 tokens a page of deals in any state, the last changed first, from `cursor` on. Not delayed like the search. */
  readonly changedDeals: List<ChangedDeals>
}

/** Fractions of a second are refused: a field report, https://github.com/wavyx/pdcli/releases */
const wholeSeconds = (instant: DateTime.Utc): string =>
  `${new Date(instant.epochMilliseconds).toISOString().slice(0, 19)}Z`

const given = <K extends string, A>(name: K, value: A | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { readonly [N in K]?: A }

export const make = (list: ReturnType<typeof makeCalls>["list"]): DealLists => ({
  openDeals: Effect.fn("Pipedrive.openDeals")(({ field, pipelineId }: OpenDeals, cursor: Option.Option<string>) =>
    list(StoredDeal, "v2/deals", {
      cost: pageCost,
      query: {
        status: "open",
        sort_by: "id",
        sort_direction: "asc",
        limit: pageSize,
        ...given("pipeline_id", pipelineId),
        ...given("custom_fields", field),
        ...given("cursor", Option.getOrUndefined(cursor))
      }
    })
  ),
  changedDeals: Effect.fn("Pipedrive.changedDeals")(
    ({ field, limit, since }: ChangedDeals, cursor: Option.Option<string>) =>
      list(StoredDeal, "v2/deals", {
        cost: pageCost,
        query: {
          status: "open,won,lost,deleted",
          sort_by: "update_time",
          sort_direction: "desc",
          limit,
          ...given("updated_since", since && wholeSeconds(since)),
          ...given("custom_fields", field),
          ...given("cursor", Option.getOrUndefined(cursor))
        }
      })
  )
})
