/**
 * Decides what a batch's answer proves about a user. Pure: the batch shows the gists that were changed last, and how many
 * gists there are.
 */
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import type { BatchGist, NewestGists } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"

/** What a batch showed of a user that the list has to show as well, before the fingerprint is stored. */
export interface ShownByBatch {
  readonly fingerprint: string
  /** Shown files that were not stored. */
  readonly files: ReadonlyArray<ListedFile>
  /** Gists of which the batch shows only some files. */
  readonly parts: ReadonlyArray<Pick<BatchGist, "gistId" | "updatedAt">>
}

/** A user to be checked by the list. */
export interface ListOrder {
  readonly user: ScanUser
  /** Whether to read all pages, also past one without new files. */
  readonly isFullListing: boolean
  /** What a batch showed before; `null` without a batch. */
  readonly batch: ShownByBatch | null
  /** The turn before, of a listing that takes several. */
  readonly turnBefore?: { readonly isResumed: boolean }
}

/** What a batch's answer means for a user. */
export type BatchVerdict =
  | { readonly _tag: "Unchanged"; readonly user: ScanUser; readonly fingerprint: string }
  | {
      readonly _tag: "Changed"
      readonly user: ScanUser
      readonly fingerprint: string
      readonly newest: NewestGists
      /** Files that are not stored yet. */
      readonly files: ReadonlyArray<ListedFile>
    }
  /** The batch does not show enough. */
  | ({ readonly _tag: "List" } & ListOrder)

/**
 * Judges one user's part of a batch. The list is needed when the batch:
 *
 * - reports no owner, or another one than the user's account
 * - hides gists, and the last full listing is more than a day old
 * - hides gists, and more gists have come than it shows as new (then all pages)
 * - hides gists, and even its last gist is new
 * - shows only a part of a gist's files
 */
export const verdictOf = (
  user: ScanUser,
  newest: NewestGists | undefined,
  /** Stored files of the batch's gists, by `fileIdentity`. */
  stored: ReadonlySet<string>
): BatchVerdict => {
  if (newest === undefined || (user.githubId !== null && newest.owner.id !== user.githubId)) {
    return { _tag: "List", user, isFullListing: false, batch: null }
  }
  const fingerprint = fingerprintOf(newest)
  const isStored = (file: ListedFile) => stored.has(fileIdentity(file.gistId, file.filename))
  const isUnchanged = fingerprint === user.fingerprint
  const gists = isUnchanged ? [] : newest.gists
  const files = gists.flatMap((gist) => gist.files.filter((file) => !isStored(file)))
  const parts = gists.filter(({ complete }) => !complete).map(({ gistId, updatedAt }) => ({ gistId, updatedAt }))
  const batch: ShownByBatch = { fingerprint, files, parts }
  const list = (isFullListing: boolean): BatchVerdict => ({ _tag: "List", user, isFullListing, batch })
  const hidesGists = !newest.complete
  if (hidesGists && user.isListingDue) return list(user.listedAt === null)
  if (isUnchanged) return { _tag: "Unchanged", user, fingerprint }
  const shownAsNew = newest.gists.filter(({ files }) => files.length > 0 && !files.some(isStored)).length
  if (hidesGists && newest.total - gistCount(user.fingerprint, newest.total) > shownAsNew) return list(true)
  if (hidesGists && newest.gists.at(-1)?.files.every(isStored) !== true) return list(false)
  if (parts.length > 0) return list(false)
  return { _tag: "Changed", user, fingerprint, newest, files }
}

/**
 * Whether a list that was read after a batch is at least as new as the batch. A list can be behind: GitHub's caches keep
 * one for a minute.
 */
export const isAsNew = (
  batch: ShownByBatch,
  list: {
    /** Files on the pages that were read, and stored ones, by `fileIdentity`. */
    readonly files: ReadonlySet<string>
    /** The gists on these pages, with the time of their last change. */
    readonly changes: ReadonlyMap<string, string>
  }
): boolean =>
  batch.files.every(({ filename, gistId }) => list.files.has(fileIdentity(gistId, filename))) &&
  batch.parts.every(({ gistId, updatedAt }) => (list.changes.get(gistId) ?? updatedAt) >= updatedAt)

/** A batch's fingerprint of a user, prefixed with the gist count, so that the next check knows whether gists are hidden. */
export const fingerprintOf = ({ fingerprint, total }: NewestGists): string => `${total} ${fingerprint}`

const gistCount = (fingerprint: string | null, otherwise: number): number =>
  fingerprint === null ? otherwise : Number.parseInt(fingerprint, 10)

/** The fingerprint after a list has brought a number of gists, so that the next batch does not take them for hidden ones. */
export const afterGists = (fingerprint: string, gists: number): string =>
  fingerprint.replace(/^\d+/, (total) => `${Number(total) + gists}`)
