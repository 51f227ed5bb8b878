/** The accounts of a page of a source. Pure. */
import { Array as Arr, Schema } from "effect"
import { loginOf } from "../domain/loginOf.ts"
import { Username } from "../domain/User.ts"
import type { AccountsPage } from "../github/Github.ts"
import type { SinkContacts } from "../publish/Sink.ts"
import type { Listed } from "../store/Sources.ts"

/** A page of a source as it was read, before anything is known of its accounts. */
export interface ListedPage {
  /** Each name once. */
  readonly listed: ReadonlyArray<Listed>
  /** Organizations and bots. */
  readonly leftOut: number
  /** Persons whose field holds no GitHub username. */
  readonly invalid: ReadonlyArray<{ readonly personId: number; readonly text: string }>
  readonly next: string | null
  /** The latest change on the page, in the source's own words. */
  readonly newest: string | null
  /** Whether the source is longer than what GitHub shows of it. */
  readonly isCut: boolean
  readonly githubRequests: number
  readonly tokens: number
}

/** Accounts of a full page. */
const pageSize = 100

/** In UTF-16 units: what is shown of a field that holds no username. */
const maxText = 100

const isUsername = Schema.is(Username)

/** The page of a list at GitHub that begins at `next`; 1 for the first one. `undefined` for text that names no page. */
export const pageNumber = (next: string | null): number | undefined =>
  next === null ? 1 : /^[1-9]\d{0,5}$/.test(next) ? Number(next) : undefined

/** The page before the one that begins at `next`; `null` before the first one. */
export const pageBefore = (next: string | null): string | null => {
  const page = pageNumber(next) ?? 1
  return page === 1 ? null : `${page - 1}`
}

/** A page with the accounts of the page before that a list has moved there. */
export const withMissed = (page: ListedPage, missed: ListedPage): ListedPage => ({
  ...page,
  listed: Arr.dedupeWith([...missed.listed, ...page.listed], (one, other) => one.login === other.login),
  githubRequests: missed.githubRequests + page.githubRequests
})

/** A page of a list at GitHub. GitHub shows no page behind `maxPages`. */
export const ofAccounts = (
  { accounts, hasNext, leftOut }: AccountsPage,
  { maxPages, page }: { readonly page: number; readonly maxPages: number }
): ListedPage => ({
  listed: accounts.map(({ id, login }) => ({ login, githubId: id, personId: 0 })),
  leftOut,
  invalid: [],
  next: hasNext && page < maxPages ? `${page + 1}` : null,
  newest: null,
  // The last page that GitHub shows names no next one.
  isCut: page >= maxPages && accounts.length + leftOut >= pageSize,
  githubRequests: 1,
  tokens: 0
})

/** The end of a list of which GitHub shows no more. */
export const cutHere: ListedPage = {
  listed: [],
  leftOut: 0,
  invalid: [],
  next: null,
  newest: null,
  isCut: true,
  githubRequests: 1,
  tokens: 0
}

/** A page of Pipedrive's persons. Of two persons with one username the first counts. */
export const ofPersons = ({ cost, newest, next, persons }: SinkContacts): ListedPage => {
  const listed = new Map<string, Listed>()
  const invalid: Array<{ readonly personId: number; readonly text: string }> = []
  for (const { id, text } of persons) {
    const login = loginOf(text)
    if (!isUsername(login)) invalid.push({ personId: id, text: text.trim().slice(0, maxText) })
    else if (!listed.has(login.toLowerCase())) listed.set(login.toLowerCase(), { login, githubId: 0, personId: id })
  }
  return {
    listed: [...listed.values()],
    leftOut: 0,
    invalid,
    next,
    newest,
    isCut: false,
    githubRequests: 0,
    tokens: cost
  }
}
