/** What tracking the new contacts of a page costs at first. Pure. */
import type { FirstCost } from "../domain/Contact.ts"
import type { Price } from "../publish/Sink.ts"

/** Users that one query checks. */
const perQuery = 100

/**
 * @param gists the public gists of each new contact; `undefined` when GitHub was not asked
 * @param price left out when nothing is published at first, as with `GITPIP_BACKFILL=none`
 */
export const firstCost = (
  contacts: number,
  { gists, price }: { readonly gists: ReadonlyArray<number> | undefined; readonly price: Price | undefined }
): FirstCost => {
  if (gists === undefined) return { githubRequests: contacts, gists: null, tokens: null }
  const all = gists.reduce((sum, count) => sum + count, 0)
  const owners = gists.filter((count) => count > 0).length
  return {
    githubRequests: Math.ceil(contacts / perQuery),
    gists: all,
    tokens: price === undefined ? 0 : all * price.perFile + owners * price.perUser
  }
}
