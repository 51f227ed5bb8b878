/** The lists of deals that stand in for many searches. https://developers.pipedrive.com/docs/api/v1/Deals#getDeals */
import { Effect, type Option } from "effect"
import type { make as makeCalls } from "./calls.ts"
import type { PipedriveError } from "./errors.ts"
import { pageCost } from "./listing.ts"
import { byRisingIds, type Changed, given, lastChanged } from "./listQueries.ts"
import { type Page, StoredDeal } from "./wire.ts"

/** Which deals are listed, and what of them. */
export interface OpenDeals extends Pick<Changed, "field"> {
  /** Every pipeline without it. */
  readonly pipelineId?: number | undefined
}

type List<Which> = (which: Which, cursor: Option.Option<string>) => Effect.Effect<Page<StoredDeal>, PipedriveError>

/** Each method names its price in tokens of the company's day budget. */
export interface DealLists {
  /** 10 tokens a page of 500 open deals by rising ids, from `cursor` on. Not delayed like the search. */
  readonly openDeals: List<OpenDeals>
  /** 10 tokens a page of deals in any state, the last changed first, from `cursor` on. Not delayed like the search. */
  readonly changedDeals: List<Changed>
}

export const make = (list: ReturnType<typeof makeCalls>["list"]): DealLists => ({
  openDeals: Effect.fn("Pipedrive.openDeals")((which: OpenDeals, cursor: Option.Option<string>) =>
    list(StoredDeal, "v2/deals", {
      cost: pageCost,
      query: { status: "open", ...given("pipeline_id", which.pipelineId), ...byRisingIds(which, cursor) }
    })
  ),
  changedDeals: Effect.fn("Pipedrive.changedDeals")((which: Changed, cursor: Option.Option<string>) =>
    list(StoredDeal, "v2/deals", {
      cost: pageCost,
      query: { status: "open,won,lost,deleted", ...lastChanged(which, cursor) }
    })
  )
})
