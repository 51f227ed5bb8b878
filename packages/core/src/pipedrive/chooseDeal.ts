/** Which of the deals that a search finds is the user's own. Pure. */
import { Option } from "effect"
import { comparable } from "./comparable.ts"
import type { FoundDeal, StoredActivity, StoredDeal } from "./wire.ts"

/** Why a deal cannot be used, or `undefined`. Deleted and archived deals cannot be edited. */
export const whyUnusable = (
  deal: Option.Option<Pick<StoredDeal, "is_archived" | "is_deleted" | "status">>
): string | undefined => {
  if (Option.isNone(deal) || deal.value.is_deleted === true || deal.value.status === "deleted") {
    return "is deleted, or hidden from the token's user"
  }
  return deal.value.is_archived === true ? "is archived" : undefined
}

/** Whether a deal can be used, and is neither won nor lost. */
export const isOpen = (deal: Pick<StoredDeal, "is_archived" | "is_deleted" | "status">): boolean =>
  whyUnusable(Option.some(deal)) === undefined && (deal.status ?? "open") === "open"

/** The user, by the login and by the title that Gitpip would give the deal. */
export interface Names {
  readonly login: string
  readonly title: string
}

/** The deals that may be a user's. */
export interface DealHits {
  /** Open deals that have the login in the field that the settings name, by rising ids. */
  readonly holding: ReadonlyArray<FoundDeal>
  /** Deals that may bear the user's title. */
  readonly titled: ReadonlyArray<FoundDeal>
}

/** What a deal must be to be adopted by its title. */
export interface Rule extends Names {
  /** The stages of the set pipeline. `undefined`: every pipeline. */
  readonly stages: ReadonlySet<number> | undefined
}

export type Choice =
  | { readonly _tag: "None" }
  | { readonly _tag: "One"; readonly deal: FoundDeal }
  /** Several would do, by rising ids: a person has to choose. */
  | { readonly _tag: "Several"; readonly deals: ReadonlyArray<FoundDeal> }

/** The titles of a user's own deal, the most certain first. */
export const titlesOf = ({ login, title }: Names): ReadonlyArray<string> => [
  title,
  login,
  `${title} deal`,
  `${login} deal`
]

const choiceOf = ([first, ...others]: ReadonlyArray<FoundDeal>): Choice => {
  if (first === undefined) return { _tag: "None" }
  return others.length === 0 ? { _tag: "One", deal: first } : { _tag: "Several", deals: [first, ...others] }
}

const isIn = (stages: ReadonlySet<number>, { stage }: FoundDeal): boolean =>
  typeof stage?.id === "number" && stages.has(stage.id)

/**
 * The deals with the login in the field, else open deals with the user's title, trimmed and without regard to case, in the set
 * pipeline. Titles come in this order, and the first that any deal bears decides: Gitpip's own, the login alone, and both as
 * Pipedrive proposes them ("ann deal").
 */
export const chooseDeal = ({ holding, titled }: DealHits, { stages, ...names }: Rule): Choice => {
  if (holding.length > 0) return choiceOf(holding)
  const usable = titled.filter((deal) => isOpen(deal) && (stages === undefined || isIn(stages, deal)))
  for (const wanted of titlesOf(names)) {
    const choice = choiceOf(
      usable.filter((deal) => comparable(deal.title) === comparable(wanted)).toSorted((a, b) => a.id - b.id)
    )
    if (choice._tag !== "None") return choice
  }
  return { _tag: "None" }
}

/** Whether an open deal with the user's title is in a stage that was not there when the stages were read. */
export const isInUnknownStage = (
  titled: ReadonlyArray<FoundDeal>,
  { otherStages, stages, ...names }: Rule & { readonly otherStages: ReadonlySet<number> | undefined }
): boolean => {
  if (stages === undefined || otherStages === undefined) return false
  const titles = new Set(titlesOf(names).map(comparable))
  return titled.some(
    (deal) => isOpen(deal) && titles.has(comparable(deal.title)) && !isIn(stages, deal) && !isIn(otherStages, deal)
  )
}

/** Why a user's files wait although there are deals. */
export const severalDeals = (login: string, deals: ReadonlyArray<Pick<FoundDeal, "id" | "title">>): string => {
  const named = deals.slice(0, 10).map(({ id, title }) => `"${title.trim()}" (${id})`)
  const way = `Close, merge or rename all but one, or name one by \`gitpip track ${login} --deal ID\``
  return `Pipedrive has ${deals.length} open deals that may be ${login}'s: ${named.join(", ")}. ${way}; the files are sent then`
}

/**
 * The deal that a gone one was merged into, by its newest activities: Pipedrive moves all of them to the deal that survives.
 * A person may have moved some of them, so that they must agree. `undefined`: none.
 */
export const mergedInto = (
  activities: ReadonlyArray<Pick<StoredActivity, "deal_id">>,
  gone: number
): number | undefined => {
  const [first, ...others] = activities.map(({ deal_id }) => deal_id)
  return typeof first === "number" && first !== gone && others.every((id) => id === first) ? first : undefined
}
