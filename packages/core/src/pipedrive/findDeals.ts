/** Where a user's deals are found: by searches, or in the list of all open deals when many users wait (ListCopy.ts). */
import { Effect, Option } from "effect"
import type { UserKey } from "../domain/User.ts"
import type { SinkError } from "../publish/Sink.ts"
import type { Deals as Records } from "../store/Targets.ts"
import { type Names, titlesOf } from "./chooseDeal.ts"
import { makeDealIndex } from "./dealIndex.ts"
import * as ListCopy from "./ListCopy.ts"
import type { Pipedrive } from "./Pipedrive.ts"
import type { Placing } from "./Placing.ts"
import type { PersonList } from "./personList.ts"
import type { Placement } from "./placement.ts"
import * as SearchLogin from "./searchLogin.ts"

interface Parts {
  readonly personList: PersonList
  readonly pipedrive: Pipedrive["Service"]
  readonly placing: Placing
  readonly records: Records
  /** Tokens that the searches for one user cost, and the list saves. */
  readonly searchesCost: number
}

export const make = Effect.fnUntraced(function* (parts: Parts) {
  const { personList, pipedrive, placing, records, searchesCost } = parts
  const search = SearchLogin.make(pipedrive)
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
    waiting: Effect.orElseSucceed(records.waiting(ListCopy.maxWaiting), () => 0),
    searchesCost
  })

  return {
    /** The deals that may be a user's, by the way that is cheaper now. `chooseDeal` and its callers choose. */
    find: Effect.fnUntraced(function* (
      user: UserKey,
      names: Names
    ): Effect.fn.Return<SearchLogin.LoginHits, SinkError> {
      const placement = yield* placing.current
      // One search finds deals and persons by the login: a list of deals saves that search beside a list of persons alone.
      const isSaved = placement.personField === undefined || Option.isSome(yield* personList.current(user))
      const index = isSaved ? yield* list.current(placement, user) : Option.none()
      if (Option.isNone(index)) return yield* search(names, placement)
      const { holding, titled } = index.value
      return { holding: holding(names.login), titled: titled(titlesOf(names)), persons: undefined }
    }),
    /** Forgets a deal that is gone. */
    forget: (id: number) =>
      Effect.map(list.known, Option.match({ onNone: () => {}, onSome: ({ remove }) => remove(id) }))
  }
})

export type FindDeals = Effect.Success<ReturnType<typeof make>>
