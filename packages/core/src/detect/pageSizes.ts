/** The pages by which this process reads each user's list: smaller ones for users whose list GitHub cannot show by the largest. */
import { Clock, Duration, Effect } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { maxPageSize, smallerPage } from "./pages.ts"

export interface PageSizes {
  readonly of: (user: UserKey) => Effect.Effect<number>
  /** Reads the user's list by smaller pages for a day. */
  readonly shrink: (user: UserKey) => Effect.Effect<void>
}

export const makePageSizes = (): PageSizes => {
  /** Users with smaller pages, with the time of the change in epoch milliseconds. */
  const sizes = new Map<UserKey, { readonly size: number; readonly at: number }>()
  const of = (user: UserKey) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const found = sizes.get(user)
      return found === undefined || now - found.at > Duration.toMillis(Timing.fullListingInterval)
        ? maxPageSize
        : found.size
    })
  return {
    of,
    shrink: Effect.fnUntraced(function* (user) {
      const size = smallerPage(yield* of(user))
      sizes.set(user, { size, at: yield* Clock.currentTimeMillis })
    })
  }
}
