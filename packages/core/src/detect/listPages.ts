/** Reads the pages of one user's list, as far as something on them is new. */
import { Effect, Option, Result } from "effect"
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import type { GistPage, Github, GithubError } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

/** How much of a list to read. */
interface Reach {
  /** Pages that were read in earlier turns. */
  readonly pagesBefore: number
  /** Whether to read on past a page without new files. */
  readonly isFullListing: boolean
  /** Pages that may be read now. */
  readonly maxPages: number
}

/** How far the pages of a list were read. */
export interface Listed {
  /** Files that are not stored yet. */
  readonly files: ReadonlyArray<ListedFile>
  /** The gists on the pages that were read now, with the time of their last change. */
  readonly changes: ReadonlyMap<string, string>
  /** Pages read, with those of earlier turns. */
  readonly pages: number
  /** Whether the last page was read. */
  readonly isFullListing: boolean
  /** The page to go on with. */
  readonly next?: URL
  /** Why a page could not be read. Files of pages before it are kept. */
  readonly error?: GithubError
}

/** In place of a page that GitHub does not show: the empty last one. */
const noMore: GistPage = { owner: Option.none(), files: [], etag: Option.none(), next: Option.none() }

export const makePages = (options: {
  readonly files: Store["Service"]["files"]
  readonly github: Github["Service"]
}) => {
  const { files, github } = options

  /** A page by its address; an empty last page when GitHub shows no more of the list, ever. */
  const nextPage = (user: ScanUser, url: URL) =>
    github
      .page(url)
      .pipe(
        Effect.catchReason("GithubError", "PaginationLimited", ({ message }) =>
          Effect.as(Telemetry.log("Warn", "list.ended", { user: user.username, detail: message }), noMore)
        )
      )

  /** Reads pages from `first` on, until one holds nothing new, the last one, or as many as are allowed. */
  const readPages = Effect.fnUntraced(function* (user: ScanUser, first: GistPage, reach: Reach) {
    // Pages of a list that moves repeat files.
    const found = new Map<string, ListedFile>()
    const changes = new Map<string, string>()
    const listed = (end: Omit<Listed, "files" | "changes">): Listed => ({ files: [...found.values()], changes, ...end })
    let page = first
    for (let pages = reach.pagesBefore + 1; ; pages++) {
      const stored = user.isNew ? new Set<string>() : yield* files.known(page.files.map(({ gistId }) => gistId))
      const news = page.files.filter((file) => !stored.has(fileIdentity(file.gistId, file.filename)))
      for (const { gistId, updatedAt } of page.files) changes.set(gistId, updatedAt)
      for (const file of news) found.set(fileIdentity(file.gistId, file.filename), file)
      if (Option.isNone(page.next)) return listed({ pages, isFullListing: true })
      // One page more than was read: a list of one page is taken for whole as long as its ETag is the same.
      if (news.length === 0 && !reach.isFullListing) return listed({ pages: pages + 1, isFullListing: false })
      const next = page.next.value
      if (pages - reach.pagesBefore >= reach.maxPages) return listed({ pages, isFullListing: false, next })
      const following = yield* Effect.result(nextPage(user, next))
      if (Result.isFailure(following)) return listed({ pages, isFullListing: false, next, error: following.failure })
      page = following.success
    }
  })

  return { nextPage, readPages }
}
