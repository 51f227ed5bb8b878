/**
 * What is known of a service's limit at a moment: the budget that its headers report, and the block after an answer that
 * named a limit. Pure.
 *
 * Headers win over own counts, because the budget may be shared with others.
 */
import type { EnforcedBy } from "./Throttled.ts"

/** A budget of requests, as headers report it. `resetAt` is in epoch milliseconds. */
export interface RequestBudget {
  readonly limit: number
  readonly remaining: number
  readonly resetAt: number
}

/** Nothing is sent before `until` (epoch milliseconds). */
export interface LimitBlock {
  readonly until: number
  readonly why: string
  /** `self`: other processes with the credential need not wait. */
  readonly enforcedBy: EnforcedBy
  /** The block was read from the database, or is stored there. */
  readonly isStored: boolean
}

/** The service's own statements about a limit, which win over own counts. */
export interface Stated {
  readonly budget: RequestBudget | undefined
  /** The report with the least left of the present period. */
  readonly lowest: RequestBudget | undefined
  readonly block: LimitBlock | undefined
}

/** Before the first response, and after the clock went back. */
export const nothing: Stated = { budget: undefined, lowest: undefined, block: undefined }

/** A stored block that ends at most this much sooner than the present one is the same one, read by a slow statement. */
const storedSlack = 5_000

/** Adds a block. A block that ends sooner never shortens another one. */
export const blocked = (stated: Stated, block: LimitBlock): Stated => {
  const present = stated.block
  if (present === undefined || block.until > present.until) return { ...stated, block }
  const isSame = block.isStored && block.until >= present.until - storedSlack
  return isSame ? { ...stated, block: { ...present, isStored: true } } : stated
}

/** Notes a reported budget, while `underWay` requests are under way. */
export const reported = (stated: Stated, facts: RequestBudget, underWay: number): Stated => {
  // Responses overtake each other. Of two about the same period, the one with less left is the newer one.
  const { lowest: before } = stated
  const lowest = before?.resetAt === facts.resetAt && before.remaining < facts.remaining ? before : facts
  // The service may not count requests under way yet, except the one that this response answers.
  const budget = { ...facts, remaining: lowest.remaining - Math.max(underWay - 1, 0) }
  return { ...stated, lowest, budget }
}

/** A request leaves. */
export const spent = (stated: Stated): Stated =>
  stated.budget === undefined
    ? stated
    : { ...stated, budget: { ...stated.budget, remaining: stated.budget.remaining - 1 } }

/** Forgets a budget whose period is over. */
export const current = (stated: Stated, now: number): Stated =>
  stated.budget !== undefined && now >= stated.budget.resetAt && !isBlocked(stated, now)
    ? { ...stated, budget: undefined }
    : stated

/** What keeps requests back now. `undefined` when the service takes them. Call `current` first. */
export const holding = ({ block, budget }: Stated, now: number): LimitBlock | undefined => {
  if (block !== undefined && block.until > now) return block
  return budget !== undefined && budget.remaining <= 0 && budget.resetAt > now
    ? { until: budget.resetAt, why: "the budget of requests is used up", enforcedBy: "service", isStored: false }
    : undefined
}

const isBlocked = ({ block }: Stated, now: number): boolean => block !== undefined && block.until > now
