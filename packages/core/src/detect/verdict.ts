/**
 * Decides what a batch's answer proves about a user. Pure: the batch shows the gists that were changed last, and how many
 * gists there are.
 */
import { fileIdentity, type ListedFile } from "../domain/GistFile.ts"
import type { NewestGists } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"

/** A user to be checked by the list. */
export interface ListOrder {
  readonly user: ScanUser
  /** Whether to read all pages, also past one without new files. */
  readonly isFullListing: boolean
  /** What a batch showed before; `null` without a batch. */
  readonly fingerprint: string | null
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
    return { _tag: "List", user, isFullListing: false, fingerprint: null }
  }
  const fingerprint = fingerprintOf(newest)
  const list = (isFullListing: boolean): BatchVerdict => ({ _tag: "List", user, isFullListing, fingerprint })
  const hidesGists = !newest.complete
  if (hidesGists && user.isListingDue) return list(user.listedAt === null)
  if (fingerprint === user.fingerprint) return { _tag: "Unchanged", user, fingerprint }
  const isStored = (file: ListedFile) => stored.has(fileIdentity(file.gistId, file.filename))
  const shownAsNew = newest.gists.filter(({ files }) => files.length > 0 && !files.some(isStored)).length
  if (hidesGists && newest.total - gistCount(user.fingerprint, newest.total) > shownAsNew) return list(true)
  if (hidesGists && newest.gists.at(-1)?.files.every(isStored) !== true) return list(false)
  if (newest.gists.some(({ complete }) => !complete)) return list(false)
  const files = newest.gists.flatMap((gist) => gist.files.filter((file) => !isStored(file)))
  return { _tag: "Changed", user, fingerprint, newest, files }
}

/** A batch's fingerprint of a user, prefixed with the gist count, so that the next check knows whether gists are hidden. */
export const fingerprintOf = ({ fingerprint, total }: NewestGists): string => `${total} ${fingerprint}`

const gistCount = (fingerprint: string | null, otherwise: number): number =>
  fingerprint === null ? otherwise : Number.parseInt(fingerprint, 10)

/** The fingerprint after a list has brought a number of gists, so that the next batch does not take them for hidden ones. */
export const afterGists = (fingerprint: string, gists: number): string =>
  fingerprint.replace(/^\d+/, (total) => `${Number(total) + gists}`)
