/** What tracking the new contacts of a page costs at first. Pure. */
import type { FirstCost } from "../domain/Contact.ts"
import type { Price } from "../publish/Sink.ts"

/** Users that one query checks. */
const perQuery = 100

/** What a new contact has. */
interface Count {
  readonly gists: number
  /** The files that are published at first. */
  readonly files: number
}

/**
 * @param counts of each new contact; `undefined` when GitHub was not asked
 * @param price left out when publishing costs nothing
 */
export const firstCost = (
  contacts: number,
  { counts, price }: { readonly counts: ReadonlyArray<Count> | undefined; readonly price: Price | undefined }
): FirstCost => {
  if (counts === undefined) return { githubRequests: contacts, gists: null, files: null, tokens: null }
  const files = counts.reduce((sum, one) => sum + one.files, 0)
  const owners = counts.filter((one) => one.files > 0).length
  return {
    githubRequests: Math.ceil(contacts / perQuery),
    gists: counts.reduce((sum, one) => sum + one.gists, 0),
    files,
    tokens: price === undefined ? 0 : files * price.perFile + owners * price.perUser
  }
}
