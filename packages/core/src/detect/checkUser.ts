/**
 * Checks one user by the list of gists, which shows everything, page by page.
 *
 * Guarantee: a user's ETag is stored only together with all files that the ETag stands for, so a check that is cut off
 * anywhere is done again.
 */
import { Clock, Duration, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import type { ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { type GistPage, Github, type GithubError, githubError, UserNotFound } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { Store } from "../store/Store.ts"
import type { UserConflict } from "../store/Users.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Answer } from "./checked.ts"
import { maxPageSize, smallerPage, withPageSize } from "./pages.ts"
import type { ListOrder } from "./verdict.ts"

/** How much of a list to read. */
interface Reach {
  /** Pages that were read in earlier turns. */
  readonly before: number
  /** Whether to read on past a page without new files. */
  readonly isFull: boolean
  /** Pages that may be read now. */
  readonly maxPages: number
}

/** How far the pages of a list were read. */
interface Listed {
  /** Files that are not stored yet. */
  readonly files: ReadonlyArray<ListedFile>
  /** Pages read, with those of earlier turns. */
  readonly pages: number
  /** Whether the last page was read. */
  readonly full: boolean
  /** The page to go on with. */
  readonly next?: URL
  /** Why a page could not be read. Files of pages before it are kept. */
  readonly error?: GithubError
}

export interface UserLists {
  readonly check: (
    scan: ScanId,
    order: ListOrder,
    maxPages: number
  ) => Effect.Effect<Answer, GithubError | DatabaseError | UserConflict>
  /** Reads the user's list by smaller pages for a day. */
  readonly shrinkPages: (user: ScanUser) => Effect.Effect<void>
}

/** Checks by lists, with what this process knows about their pages. */
export const make: Effect.Effect<UserLists, never, Store | Github | Settings> = Effect.gen(function* () {
  const { files, listings, users } = yield* Store
  const github = yield* Github
  const { backfill } = yield* Settings

  /** Users whose lists GitHub could not show by the largest page, with the time in epoch milliseconds. */
  const pageSizes = new Map<UserKey, { readonly size: number; readonly at: number }>()
  const pageSizeOf = Effect.fnUntraced(function* ({ key }: ScanUser) {
    const found = pageSizes.get(key)
    const now = yield* Clock.currentTimeMillis
    return found === undefined || now - found.at > Duration.toMillis(Timing.fullListingInterval)
      ? maxPageSize
      : found.size
  })

  /** Reads pages from `first` on, until one holds nothing new, the last one, or as many as are allowed. */
  const readPages = Effect.fnUntraced(function* (user: ScanUser, first: GistPage, reach: Reach) {
    // Pages of a list that moves repeat files.
    const found = new Map<string, ListedFile>()
    const listed = (end: Omit<Listed, "files">): Listed => ({ files: [...found.values()], ...end })
    let page = first
    for (let pages = reach.before + 1; ; pages++) {
      const stored = yield* files.known(page.files.map(({ gistId }) => gistId))
      const news = page.files.filter((file) => !stored.has(fileIdentity(file.gistId, file.filename)))
      for (const file of news) found.set(fileIdentity(file.gistId, file.filename), file)
      if (Option.isNone(page.next)) return listed({ pages, full: true })
      // One page more than was read: a list of one page is taken for whole as long as its ETag is the same.
      if (news.length === 0 && !reach.isFull) return listed({ pages: pages + 1, full: false })
      const next = page.next.value
      if (pages - reach.before >= reach.maxPages) return listed({ pages, full: false, next })
      const following = yield* Effect.result(nextPage(user, next))
      if (following._tag === "Failure") return listed({ pages, full: false, next, error: following.failure })
      page = following.success
      if (page === noMore) return listed({ pages: pages + 1, full: true })
    }
  })

  /** A page by its address; an empty last page when GitHub shows no more of the list, ever. */
  const nextPage = (user: ScanUser, url: URL) =>
    github
      .page(url)
      .pipe(
        Effect.catchReason("GithubError", "PaginationLimited", ({ message }) =>
          Effect.as(Telemetry.log("Warn", "list.ended", { user: user.username, detail: message }), noMore)
        )
      )

  /** The first page under the account's present name. `shown` is what the name on record leads to. */
  const renamed = Effect.fnUntraced(function* (user: ScanUser, githubId: number, shown: Option.Option<GistPage>) {
    const account = yield* github.account(githubId)
    if (account.login.toLowerCase() === user.username.toLowerCase()) {
      if (Option.exists(shown, ({ owner }) => Option.isNone(owner))) return shown
      return yield* githubError(
        new UserNotFound({ message: `GitHub does not show the gists of ${user.username} at present` })
      )
    }
    yield* users.rename(user.key, account.login)
    yield* Telemetry.log("Info", "user.renamed", { before: user.username, after: account.login })
    return yield* github.gists(account.login, Option.none(), yield* pageSizeOf(user))
  })

  /** The first page of the list; `None` when the list has not changed since its ETag. */
  const firstPage = Effect.fnUntraced(function* (user: ScanUser, etag: Option.Option<string>) {
    const { githubId } = user
    const gists = github.gists(user.username, etag, yield* pageSizeOf(user))
    if (githubId === null) return yield* gists
    const page = yield* Effect.map(gists, Option.some).pipe(
      Effect.catchReason("GithubError", "UserNotFound", () => Effect.succeedNone)
    )
    if (Option.isNone(page)) return yield* renamed(user, githubId, Option.none())
    // Another account may have the name by now, and a page without gists does not show whose list it is.
    const isTheirs = Option.match(page.value, {
      onNone: () => true,
      onSome: ({ owner }) => Option.exists(owner, ({ id }) => id === githubId)
    })
    return isTheirs ? page.value : yield* renamed(user, githubId, page.value)
  })

  /** Where a full listing goes on: the page there, the pages before it and the first page's ETag. */
  const resumed = Effect.fnUntraced(function* (user: ScanUser) {
    const listing = yield* listings.find(user.key)
    if (Option.isNone(listing) || !URL.canParse(listing.value.next)) return undefined
    const { etag, next, pages } = listing.value
    const page = yield* Effect.result(nextPage(user, withPageSize(new URL(next), yield* pageSizeOf(user))))
    if (page._tag === "Failure" && page.failure.isGlobal) return yield* page.failure
    // An address by name leads to the account that has the name now.
    if (page._tag === "Success" && (page.success === noMore || isOf(user, page.success))) {
      return { page: page.success, before: pages, etag }
    }
    // The address is of no use any more: the listing begins again.
    yield* listings.remove(user.key)
    return undefined
  })

  const check = Effect.fn("Checker.check")(function* (scan: ScanId, order: ListOrder, maxPages: number) {
    const { user } = order
    yield* Effect.annotateCurrentSpan({
      [Telemetry.attributes.scan]: scan,
      [Telemetry.attributes.user]: user.username
    })
    // A full listing that is due stays due until it has read the last page, so parts of it can be kept.
    const isResumable = user.listedAt === null || (user.pages > 1 && user.isListingDue)
    const isFull = order.isFull || isResumable
    const position = isResumable ? yield* resumed(user) : undefined
    const page =
      position === undefined
        ? yield* firstPage(user, isFull ? Option.none() : Option.fromNullishOr(user.etag))
        : Option.some(position.page)
    if (Option.isNone(page)) return unchanged(user)
    const listed = yield* readPages(user, page.value, {
      before: position?.before ?? 0,
      isFull,
      maxPages: isResumable ? maxPages : Number.POSITIVE_INFINITY
    })
    const { error, next } = listed
    // The next check takes stored files for the rest of the list, so of other listings nothing is kept.
    if (error !== undefined && !isResumable) return yield* error
    const etag = position === undefined ? Option.getOrNull(page.value.etag) : position.etag
    const added = yield* files.add({
      userKey: user.key,
      scanKey: scan,
      files: listed.files,
      githubId: Option.getOrNull(Option.map(page.value.owner, ({ id }) => id)),
      etag: next === undefined ? etag : user.etag,
      pages: Math.max(listed.pages, listed.full ? 0 : user.pages),
      full: listed.full,
      backfill
    })
    if (next !== undefined) yield* listings.put(user.key, { next: next.href, etag, pages: listed.pages })
    else if (position !== undefined) yield* listings.remove(user.key)
    if (error !== undefined) return yield* error
    return {
      outcome: "Changed",
      found: listed.files,
      added,
      isFullListing: listed.full,
      isUnfinished: next !== undefined,
      // An unfinished listing confirms nothing.
      fingerprint: next === undefined ? order.fingerprint : null
    } satisfies Answer
  })

  return {
    check,
    shrinkPages: Effect.fnUntraced(function* (user) {
      const size = smallerPage(yield* pageSizeOf(user))
      pageSizes.set(user.key, { size, at: yield* Clock.currentTimeMillis })
    })
  }
})

/** In place of a page that GitHub does not show. */
const noMore: GistPage = { owner: Option.none(), files: [], etag: Option.none(), next: Option.none() }

const isOf = ({ githubId }: ScanUser, { files, owner }: GistPage): boolean =>
  Option.match(owner, { onNone: () => files.length === 0, onSome: ({ id }) => githubId === null || githubId === id })

/** A list that has not changed although a batch has is behind: the fingerprint is not confirmed, and both are asked again. */
const unchanged = ({ pages }: ScanUser): Answer => ({
  outcome: "Unchanged",
  found: [],
  added: 0,
  isFullListing: pages === 1,
  isUnfinished: false,
  fingerprint: null
})
