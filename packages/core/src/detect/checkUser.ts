/**
 * Checks one user by the list of gists, which shows everything, page by page.
 *
 * Guarantee: a user's ETag is stored only together with all files that the ETag stands for, so a check that is cut off
 * anywhere is done again.
 */
import { Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { skippedBy } from "../domain/FileRules.ts"
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import type { ScanId } from "../domain/Scan.ts"
import { Github, type GithubError } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { Store } from "../store/Store.ts"
import type { UserConflict } from "../store/Users.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Answer } from "./checkResult.ts"
import { type Listed, makePages } from "./listPages.ts"
import { makeListStart } from "./listStart.ts"
import { makePageSizes } from "./pageSizes.ts"
import { isAsNew, type ListOrder, type ShownByBatch } from "./verdict.ts"

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
  const { backfill, files: rules } = yield* Settings
  const skips = skippedBy(rules)
  const pageSizes = makePageSizes()
  const { nextPage, readPages } = makePages({ files, github })
  const findStart = makeListStart({ github, listings, nextPage, pageSizes, users })

  /** The batch's fingerprint, when the list shows at least as much as the batch. Files of earlier turns are stored. */
  const confirmed = Effect.fnUntraced(function* (batch: ShownByBatch, { changes, files: found }: Listed) {
    const shown = identities(found)
    const missing = batch.files.filter(({ filename, gistId }) => !shown.has(fileIdentity(gistId, filename)))
    const stored = missing.length === 0 ? new Set<string>() : yield* files.known(missing.map(({ gistId }) => gistId))
    return isAsNew(batch, { files: new Set([...shown, ...stored]), changes }) ? batch.fingerprint : null
  })

  const check = Effect.fnUntraced(function* (scan: ScanId, order: ListOrder, maxPages: number) {
    const { user } = order
    yield* Effect.annotateCurrentSpan({
      [Telemetry.attributes.scan]: scan,
      [Telemetry.attributes.user]: user.username
    })
    // A full listing that is due stays due until it has read the last page, so parts of it can be kept.
    const isResumable = user.listedAt === null || (user.pages > 1 && user.isListingDue)
    const isFullListing = order.isFullListing || isResumable
    const start = yield* findStart(user, {
      isResumable,
      hasBegun: order.turnBefore !== undefined,
      etag: isFullListing ? Option.none() : Option.fromNullishOr(user.etag)
    })
    if (Option.isNone(start)) return order.turnBefore === undefined ? unchanged(user) : nothingMore
    const { etag, isResumed, page, pagesBefore } = start.value
    const listed = yield* readPages(user, page, {
      pagesBefore,
      isFullListing,
      maxPages: isResumable ? maxPages : Number.POSITIVE_INFINITY
    })
    const { error, next } = listed
    // The next check takes stored files for the rest of the list, so of other listings nothing is kept.
    if (error !== undefined && !isResumable) return yield* error
    const added = yield* files.add({
      userKey: user.key,
      scanKey: scan,
      files: listed.files,
      githubId: Option.getOrNull(Option.map(page.owner, ({ id }) => id)),
      etag: next === undefined ? etag : user.etag,
      pages: Math.max(listed.pages, listed.isFullListing ? 0 : user.pages),
      isFullListing: listed.isFullListing,
      backfill,
      skippedBy: skips
    })
    if (next !== undefined) yield* listings.put(user.key, { next: next.href, etag, pages: listed.pages })
    else if (isResumed) yield* listings.remove(user.key)
    if (error !== undefined) return yield* error
    // An unfinished listing confirms nothing, nor does one whose first page an earlier check has read, before the batch.
    const mayConfirm = next === undefined && !(order.turnBefore ?? start.value).isResumed
    return {
      outcome: "Changed",
      found: listed.files,
      added,
      isFullListing: listed.isFullListing,
      isUnfinished: next !== undefined,
      isResumed,
      fingerprint: mayConfirm && order.batch !== null ? yield* confirmed(order.batch, listed) : null
    } satisfies Answer
  }, Telemetry.inSpan("Checker.check"))

  return { check, shrinkPages: ({ key }) => pageSizes.shrink(key) }
})

const identities = (files: ReadonlyArray<ListedFile>): ReadonlySet<string> =>
  new Set(files.map(({ filename, gistId }) => fileIdentity(gistId, filename)))

/** The position is gone: another process has read the last page, the user is forgotten, or GitHub knows the address no longer. */
const nothingMore: Answer = {
  outcome: "Unchanged",
  found: [],
  added: 0,
  isFullListing: false,
  isUnfinished: false,
  fingerprint: null
}

/** A list that has not changed although a batch has is behind: the fingerprint is not confirmed, and both are asked again. */
const unchanged = ({ pages }: ScanUser): Answer => ({
  outcome: "Unchanged",
  found: [],
  added: 0,
  isFullListing: pages === 1,
  isUnfinished: false,
  fingerprint: null
})
