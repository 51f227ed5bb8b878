/** Where a user's deals are found: by searches, or in the list of all open deals when many users wait (ListCopy.ts). */
import { Effect, Option } from "effect"
import type { SinkError } from "../publish/Sink.ts"
import type { DealSettings } from "../Settings.ts"
import type { Deals as Records } from "../store/Targets.ts"
import { titlesOf, whyUnusable } from "./chooseDeal.ts"
import { holdsLogin } from "./choosePerson.ts"
import { makeDealIndex } from "./dealIndex.ts"
import * as ListCopy from "./ListCopy.ts"
import { searchCost } from "./listing.ts"
import type { FoundDeal, Pipedrive, StoredDeal } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { Placement } from "./placement.ts"
import { sinking } from "./sinkErrors.ts"

interface Parts {
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly records: Records
  readonly settings: DealSettings
}

/** One way to find deals. Each answers more than the user's own: `chooseDeal` and its callers choose. */
interface Source {
  /** The open deals that have the login in the field that the settings name. */
  readonly holding: (login: string) => Effect.Effect<ReadonlyArray<StoredDeal>, SinkError>
  /** The open deals that may bear the user's title or login. */
  readonly titled: (names: {
    readonly login: string
    readonly title: string
  }) => Effect.Effect<ReadonlyArray<FoundDeal>, SinkError>
}

/** Of the deals with a login in some field, no more are read: 1 token each, which `activityPrice` counts. */
const maxRead = 3

const bySearch = ({ pipedrive, placing }: Parts): Source => ({
  holding: Effect.fnUntraced(function* (login) {
    const { dealField } = yield* placing.current
    if (dealField === undefined) return []
    const { items } = yield* sinking(pipedrive.searchDealFields(login))
    const deals = yield* Effect.forEach(items.toSorted((a, b) => a.id - b.id).slice(0, maxRead), ({ id }) =>
      sinking(pipedrive.deal(id))
    )
    return deals
      .filter((deal) => whyUnusable(deal) === undefined)
      .flatMap(Option.toArray)
      .filter((deal) => holdsLogin(deal, dealField, login))
  }),
  titled: Effect.fnUntraced(function* ({ login, title }) {
    // A search for a part of a title needs two characters. It also finds what Pipedrive proposes: "ann deal".
    const isWholeTitle = login.length < 2
    const found = yield* sinking(pipedrive.searchDeals(login, { isWholeTitle }))
    const isAll = isWholeTitle || Option.isNone(found.cursor)
    const more = isAll ? [] : (yield* sinking(pipedrive.searchDeals(title, { isWholeTitle: true }))).items
    return [...new Map([...found.items, ...more].map((deal) => [deal.id, deal])).values()]
  })
})

/** The users that are counted as waiting, at most. */
const maxWaiting = 5_000

export const make = Effect.fnUntraced(function* (parts: Parts) {
  const { pipedrive, placing, records, settings } = parts
  const searches = bySearch(parts)
  const list = yield* ListCopy.make({
    listing: ({ deal, dealField: field, stages }: Placement) => {
      // A deal with the login in the field is the user's in any pipeline.
      const pipelineId = stages === undefined || field !== undefined ? undefined : deal.pipeline_id
      return {
        page: (cursor) => pipedrive.openDeals({ pipelineId, field }, cursor),
        changed: (which, cursor) => pipedrive.changedDeals({ ...which, field }, cursor),
        index: makeDealIndex(field)
      }
    },
    waiting: Effect.orElseSucceed(records.waiting(maxWaiting), () => 0),
    searchesCost: Option.isSome(settings.field) ? 2 * searchCost : searchCost
  })

  return {
    /** The cheaper way to find deals now. */
    source: Effect.gen(function* (): Effect.fn.Return<Source, SinkError> {
      const index = yield* list.current(yield* placing.current)
      return Option.match(index, {
        onNone: () => searches,
        onSome: ({ holding, titled }): Source => ({
          holding: (login) => Effect.sync(() => holding(login)),
          titled: (names) => Effect.sync(() => titled(titlesOf(names)))
        })
      })
    }),
    /** Forgets a deal that is gone. */
    forget: (id: number) =>
      Effect.map(list.known, Option.match({ onNone: () => {}, onSome: ({ remove }) => remove(id) }))
  }
})

export type FindDeals = Effect.Success<ReturnType<typeof make>>
