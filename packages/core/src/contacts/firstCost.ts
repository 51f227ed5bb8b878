/** What tracking the new contacts of a page costs at first. Pure. */
import type { FirstCost } from "../domain/Contact.ts"
import type { NameCheck } from "../domain/NameCheck.ts"
import type { Price } from "../publish/Sink.ts"

/** Users that one query checks. */
const perQuery = 100

/** What a new contact has. */
export interface Count {
  readonly gists: number
  /** The files that are published at first. */
  readonly files: number
}

/** What a check says that a new contact has; `undefined` when GitHub did not say. */
export const countOf = (
  { files, gists, state }: Pick<NameCheck, "gists" | "state"> & { readonly files: number | null },
  backfill: "all" | "none"
): Count | undefined => {
  if (state === "unknown" || state === "organization") return { gists: 0, files: 0 }
  if (gists === null) return undefined
  return { gists, files: backfill === "all" ? (files ?? gists) : 0 }
}

/**
 * @param counts of each new contact, `undefined` for one of whom GitHub did not answer; `undefined` when GitHub was not asked
 * @param price left out when publishing costs nothing
 */
export const firstCost = (
  contacts: number,
  {
    counts,
    price
  }: { readonly counts: ReadonlyArray<Count | undefined> | undefined; readonly price: Price | undefined }
): FirstCost => {
  // Each account is checked, and its profile read.
  const checks = (counts === undefined ? contacts : Math.ceil(contacts / perQuery)) + contacts
  const known = counts?.filter((one) => one !== undefined)
  if (known === undefined || known.length < contacts) {
    return { githubRequests: checks, gists: null, files: null, tokens: null }
  }
  const sum = (of: (one: Count) => number) => known.reduce((total, one) => total + of(one), 0)
  const files = sum((one) => one.files)
  const owners = known.filter((one) => one.files > 0).length
  return {
    // Files of one gist are published from one read of it.
    githubRequests: checks + sum((one) => Math.min(one.gists, one.files)),
    gists: sum((one) => one.gists),
    files,
    tokens: price === undefined ? 0 : files * price.perFile + owners * price.perUser
  }
}
