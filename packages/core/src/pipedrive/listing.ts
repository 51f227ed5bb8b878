/**
 * When a list is read in pages in place of a search for each user. Pure.
 * Prices: https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
 */

/** Tokens for a page of a list, and the most items of a page. */
export const pageCost = 10
export const pageSize = 500

/** Fewer users are searched for. Their searches cost less than half a second of the smallest plan's budget. */
const minUsers = 10

/** Pages besides the list itself: the newest change before the list is read, and the changes after. */
const upkeep = 2

/** 50,000 items, which take a minute or two to read, and some 20 MB of memory. */
export const maxPages = 100

/** What is known when the choice is made. */
export interface Need {
  /** Users whose files wait, and whose target is not known. */
  readonly users: number
  /** Tokens that the searches for one user cost. */
  readonly searchesCost: number
  /** The pages that were not the whole list, the last time. */
  readonly tooFew?: number | undefined
}

/**
 * How many pages may be read in place of the searches; 0: search. The length of the list is not known before its end, so
 * pages may cost half of what the searches cost: a list that is longer wastes no more. A list that was longer the last
 * time is tried again when twice as many pages are worth it.
 */
export const pagesWorth = ({ searchesCost, tooFew = 0, users }: Need): number => {
  if (users < minUsers) return 0
  const pages = Math.min(Math.floor((users * searchesCost) / 2 / pageCost) - upkeep, maxPages)
  return pages < 1 || pages < tooFew * 2 ? 0 : pages
}

/** What lists save when the files of many users are published at a time. */
export interface Saving {
  /** With more open deals, or with more persons, each user is searched for after all. */
  readonly maxItems: number
  /** Tokens for lists of that many, in place of the searches. */
  readonly maxTokens: number
}

/** Tokens for a search: each list takes the place of one for each user. */
const searchCost = 20

/** What the lists of open deals and of persons save these users, by the tokens of all their searches. `undefined`: nothing. */
export const savedBy = ({
  searchTokens,
  users
}: {
  readonly users: number
  readonly searchTokens: number
}): Saving | undefined => {
  const lists = users === 0 ? 0 : Math.round(searchTokens / users / searchCost)
  const pages = lists === 0 ? 0 : pagesWorth({ users, searchesCost: searchTokens / users / lists })
  return pages === 0 ? undefined : { maxItems: pages * pageSize, maxTokens: lists * (pages + upkeep) * pageCost }
}
