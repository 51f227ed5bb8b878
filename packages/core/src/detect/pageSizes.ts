/** Page sizes of lists: GitHub's largest page, and smaller ones for users whose list GitHub cannot show with it. */
import { Clock, Duration, Effect } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"

/** https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api#changing-the-number-of-items-per-page */
const maxPageSize = 100

/** The size to try after one that failed. */
export const smallerPage = (size: number): number => (size > 30 ? 30 : 10)

/** The same place in a list of smaller pages. An address of an unknown form stays as it is. */
export const withPageSize = (url: URL, size: number): URL => {
  const [page, before] = ["page", "per_page"].map((name) => Number(url.searchParams.get(name) ?? Number.NaN))
  if (page === undefined || before === undefined || !(page >= 1) || !(before > size)) return url
  const smaller = new URL(url)
  smaller.searchParams.set("per_page", `${size}`)
  smaller.searchParams.set("page", `${Math.floor(((page - 1) * before) / size) + 1}`)
  return smaller
}

/** The size by which this process reads each user's list. */
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
