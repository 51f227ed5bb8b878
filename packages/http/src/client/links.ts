/** A published file's pages in Pipedrive. */

export interface Link {
  readonly name: "Activity" | "Deal" | "Lead"
  /** Below the address of Pipedrive's pages. */
  readonly path: string
}

const deal = (id: string): Link => ({ name: "Deal", path: `/deal/${id}` })

/**
 * By the ids that are stored, since files that were published before a change of `GITPIP_PUBLISH_AS` stay what they are. A
 * lead has a UUID, a lead that was found as a deal `deal:12`, and a file that became a deal an empty target.
 */
export const linksOf = ({
  remoteId,
  target
}: {
  readonly remoteId: string
  readonly target: string | null
}): ReadonlyArray<Link> => {
  if (/^[0-9a-f-]{36}$/i.test(remoteId)) return [{ name: "Lead", path: `/leads/inbox/${remoteId}` }]
  if (remoteId.startsWith("deal:")) return [deal(remoteId.slice("deal:".length))]
  if (target === "") return [deal(remoteId)]
  return [{ name: "Activity", path: `/activities/${remoteId}` }, ...(target === null ? [] : [deal(target)])]
}
