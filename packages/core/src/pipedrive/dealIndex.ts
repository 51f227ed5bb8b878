/** The open deals of a list, by title and by the login in a field: what searches would find. In memory, without effects. */
import { isOpen } from "./chooseDeal.ts"
import { loginIn } from "./choosePerson.ts"
import { comparable } from "./comparable.ts"
import { makeGrouped } from "./grouped.ts"
import type { FoundDeal, StoredDeal } from "./wire.ts"

/** Some 200 bytes: a company has tens of thousands. */
interface Entry {
  readonly id: number
  readonly title: string
  readonly ownerId: number | undefined
  readonly personId: number | undefined
  readonly organizationId: number | undefined
  readonly stageId: number | undefined
  readonly login: string | undefined
}

export interface DealIndex {
  /** Takes a deal in its present state. One that is no longer open leaves the index. */
  readonly put: (deal: StoredDeal) => void
  readonly remove: (id: number) => void
  /** Deals with one of these titles, as `chooseDeal` compares titles. */
  readonly titled: (titles: ReadonlyArray<string>) => ReadonlyArray<FoundDeal>
  /** Deals with the login in the field, by rising ids. */
  readonly holding: (login: string) => ReadonlyArray<FoundDeal>
}

const shown = ({ id, organizationId, ownerId, personId, stageId, title }: Entry): FoundDeal => ({
  id,
  title,
  status: "open",
  owner_id: ownerId,
  person_id: personId,
  org_id: organizationId,
  owner: { id: ownerId },
  person: { id: personId },
  organization: { id: organizationId },
  stage: { id: stageId }
})

/** An empty index. `field` is the key of the field that holds logins. */
export const makeDealIndex = (field: string | undefined): DealIndex => {
  const entries = new Map<number, Entry>()
  const byTitle = makeGrouped<Entry>()
  const byLogin = makeGrouped<Entry>()

  const remove = (id: number): void => {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    byTitle.remove(comparable(entry.title), entry)
    if (entry.login !== undefined) byLogin.remove(entry.login, entry)
  }

  return {
    remove,
    put: (deal) => {
      remove(deal.id)
      if (!isOpen(deal)) return
      const entry: Entry = {
        id: deal.id,
        title: deal.title,
        ownerId: deal.owner_id ?? undefined,
        personId: deal.person_id ?? undefined,
        organizationId: deal.org_id ?? undefined,
        stageId: deal.stage_id ?? undefined,
        login: field === undefined ? undefined : loginIn(deal, field)
      }
      entries.set(deal.id, entry)
      byTitle.add(comparable(entry.title), entry)
      if (entry.login !== undefined) byLogin.add(entry.login, entry)
    },
    titled: (titles) => [...new Set(titles.map(comparable))].flatMap(byTitle.of).map(shown),
    holding: (login) =>
      byLogin
        .of(comparable(login))
        .map(shown)
        .toSorted((a, b) => a.id - b.id)
  }
}
