/** Where a check of a user's list begins: at the first page, under the account's present name, or where a full listing stopped. */
import { Effect, Option, Result } from "effect"
import { type GistPage, type Github, githubError, UserNotFound } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type makePages, noMore } from "./listPages.ts"
import type { PageSizes } from "./pageSizes.ts"
import { withPageSize } from "./pages.ts"

export interface FirstPageOptions extends Pick<Store["Service"], "listings" | "users"> {
  readonly github: Github["Service"]
  readonly nextPage: ReturnType<typeof makePages>["nextPage"]
  readonly pageSizes: PageSizes
}

export const makeFirstPages = ({ github, listings, nextPage, pageSizes, users }: FirstPageOptions) => {
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
    return yield* github.gists(account.login, Option.none(), yield* pageSizes.of(user.key))
  })

  /** The first page of the list; `None` when the list has not changed since its ETag. */
  const firstPage = Effect.fnUntraced(function* (user: ScanUser, etag: Option.Option<string>) {
    const { githubId } = user
    const gists = github.gists(user.username, etag, yield* pageSizes.of(user.key))
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
    const page = yield* Effect.result(nextPage(user, withPageSize(new URL(next), yield* pageSizes.of(user.key))))
    if (Result.isFailure(page) && page.failure.isGlobal) return yield* page.failure
    // An address by name leads to the account that has the name now.
    if (Result.isSuccess(page) && (page.success === noMore || isOf(user, page.success))) {
      return { page: page.success, before: pages, etag }
    }
    // The address is of no use any more: the listing begins again.
    yield* listings.remove(user.key)
    return undefined
  })

  return { firstPage, resumed }
}

const isOf = ({ githubId }: ScanUser, { files, owner }: GistPage): boolean =>
  Option.match(owner, { onNone: () => files.length === 0, onSome: ({ id }) => githubId === null || githubId === id })
