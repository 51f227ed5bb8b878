/** Where a check of a user's list begins: at the first page, under the account's present name, or where a full listing stopped. */
import { Effect, Match, Option, Predicate, Result } from "effect"
import { type GistPage, type Github, githubError, UserNotFound } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { makePages } from "./listPages.ts"
import { type PageSizes, withPageSize } from "./pageSizes.ts"

/** After as many failures in a row, a smaller page has failed as well. Checks begin at the first page then, to find what is new there. */
const maxFailures = 3

/** The first page of a check, and how much of the list was read before. */
export interface ListStart {
  readonly page: GistPage
  /** Pages that earlier turns have read. */
  readonly pagesBefore: number
  /** The ETag of the list's first page. */
  readonly etag: string | null
  /** Whether an earlier turn has stopped here. */
  readonly isResumed: boolean
}

/** What GitHub shows under the stored name. */
type Shown =
  | { readonly _tag: "Page"; readonly page: GistPage }
  | { readonly _tag: "Unchanged" }
  | { readonly _tag: "NoUser" }

/** The services that a start reads, and the sizes of pages. */
export interface ListStartOptions extends Pick<Store["Service"], "listings" | "users"> {
  readonly github: Github["Service"]
  readonly nextPage: ReturnType<typeof makePages>["nextPage"]
  readonly pageSizes: PageSizes
}

/** Finds where to begin; `None` when the list has not changed since `etag`, or when a later turn has no position. */
export const makeListStart = ({ github, listings, nextPage, pageSizes, users }: ListStartOptions) => {
  /** The first page under the account's present name. `shown` is what the stored name gave. */
  const underPresentName = Effect.fnUntraced(function* (user: ScanUser, githubId: number, shown: Shown) {
    const account = yield* github.account(githubId)
    if (account.login.toLowerCase() === user.username.toLowerCase()) {
      // Same name, and the page shows no owner because it is empty: believe it.
      if (ownerOf(user, shown) === "none") return pageOf(shown)
      return yield* githubError(
        new UserNotFound({ message: `GitHub does not show the gists of ${user.username} at present` })
      )
    }
    yield* users.rename(user.key, account.login)
    yield* Telemetry.log("Info", "user.renamed", { before: user.username, after: account.login })
    return yield* github.gists(account.login, Option.none(), yield* pageSizes.of(user.key))
  })

  const firstPage = Effect.fnUntraced(function* (user: ScanUser, etag: Option.Option<string>) {
    const { githubId } = user
    const gists = github.gists(user.username, etag, yield* pageSizes.of(user.key))
    if (githubId === null) return yield* gists
    const shown = yield* gists.pipe(
      Effect.map(shownBy),
      Effect.catchReason("GithubError", "UserNotFound", () => Effect.succeed<Shown>({ _tag: "NoUser" }))
    )
    if (isUnchanged(shown)) return Option.none()
    // Another account may have the name by now, and a page without gists does not show whose list it is.
    if (ownerOf(user, shown) === "user") return pageOf(shown)
    return yield* underPresentName(user, githubId, shown)
  })

  /** Where a full listing goes on; `None` when it begins again. */
  const resume = Effect.fnUntraced(function* (user: ScanUser) {
    const listing = yield* listings.find(user.key)
    if (Option.isNone(listing) || !URL.canParse(listing.value.next)) return Option.none<ListStart>()
    const { etag, next, pages } = listing.value
    const page = yield* Effect.result(nextPage(user, withPageSize(new URL(next), yield* pageSizes.of(user.key))))
    if (Result.isFailure(page) && page.failure.isGlobal) return yield* page.failure
    if (Result.isSuccess(page) && mayGoOn(user, page.success)) {
      return Option.some<ListStart>({ page: page.success, pagesBefore: pages, etag, isResumed: true })
    }
    // The address is of no use any more.
    yield* listings.remove(user.key)
    return Option.none<ListStart>()
  })

  return Effect.fnUntraced(function* (
    user: ScanUser,
    options: {
      /** Whether a full listing may go on where an earlier turn has stopped. */
      readonly isResumable: boolean
      /** Whether this is a later turn of a check, which goes on at the stored position or ends. */
      readonly hasBegun: boolean
      readonly etag: Option.Option<string>
    }
  ) {
    const goesOn = options.hasBegun || (!user.isNew && user.failures < maxFailures)
    const resumed = options.isResumable && goesOn ? yield* resume(user) : Option.none<ListStart>()
    if (Option.isSome(resumed) || options.hasBegun) return resumed
    return Option.map(
      yield* firstPage(user, options.etag),
      (page): ListStart => ({ page, pagesBefore: 0, etag: Option.getOrNull(page.etag), isResumed: false })
    )
  })
}

const shownBy = Option.match({
  onNone: (): Shown => ({ _tag: "Unchanged" }),
  onSome: (page: GistPage): Shown => ({ _tag: "Page", page })
})

const isUnchanged = Predicate.isTagged("Unchanged")

const pageOf = (shown: Shown): Option.Option<GistPage> =>
  Match.value(shown).pipe(
    Match.tag("Page", ({ page }) => Option.some(page)),
    Match.orElse(() => Option.none())
  )

/** Whose list is shown, when a page is. */
const ownerOf = (user: ScanUser, shown: Shown): ReturnType<typeof listOwner> | undefined =>
  Option.match(pageOf(shown), { onNone: () => undefined, onSome: (page) => listOwner(user, page) })

/** Whose list a page is. `none`: the page shows no owner, as an empty page does. */
const listOwner = ({ githubId }: ScanUser, { owner }: GistPage): "user" | "other" | "none" =>
  Option.match(owner, {
    onNone: () => "none" as const,
    onSome: ({ id }) => (githubId === null || id === githubId ? "user" : "other")
  })

/** Whether a page is a further one of the user's list. An address by name leads to the account that has the name now. */
const mayGoOn = (user: ScanUser, page: GistPage): boolean => {
  const owner = listOwner(user, page)
  return owner === "user" || (owner === "none" && page.files.length === 0)
}
