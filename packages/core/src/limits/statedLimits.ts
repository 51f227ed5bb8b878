/**
 * What a service itself states about its limit: the budget that its headers report, and until when nothing may be sent.
 *
 * Headers win over own counts, because the budget may be shared with others.
 */

/** A budget of requests, as headers report it. `resetAt` is in epoch milliseconds. */
export interface Budget {
  readonly limit: number
  readonly remaining: number
  readonly resetAt: number
}

export interface ThrottleState {
  /** Requests left as the service last reported, and when they are renewed. */
  readonly budget: Budget | undefined
  /** Epoch milliseconds; in the past when requests may be sent. */
  readonly blockedUntil: number
  readonly why: string
}

/** A stored block that ends at most this much sooner than the present one is the same one, read by a slow statement. */
const storedSlack = 5_000

export const make = () => {
  let budget: Budget | undefined
  /** The report with the least left of the present period. */
  let lowest: Budget | undefined
  /** Epoch milliseconds. */
  let blockedUntil = 0
  let why = ""
  let isStored = false

  return {
    /** Sends nothing until then. A block that ends sooner never shortens another one. */
    block: (until: number, reason: string, options: { readonly isStored: boolean } = { isStored: false }): void => {
      if (options.isStored && until >= blockedUntil - storedSlack) isStored = true
      if (until > blockedUntil) {
        blockedUntil = until
        why = reason
        isStored = options.isStored
      }
    },
    /** Notes a reported budget, while `underWay` requests are under way. */
    learn: (facts: Budget, underWay: number): void => {
      // Responses overtake each other. Of two about the same period, the one with less left is the newer one.
      lowest = lowest?.resetAt === facts.resetAt && lowest.remaining < facts.remaining ? lowest : facts
      // The service may not count requests under way yet, except the one that this response answers.
      budget = { ...facts, remaining: lowest.remaining - Math.max(underWay - 1, 0) }
    },
    /** A request leaves. */
    spend: (): void => {
      if (budget !== undefined) budget = { ...budget, remaining: budget.remaining - 1 }
    },
    /** When the service takes requests again, in epoch milliseconds; `now` when it takes them already. */
    opensAt: (now: number): number => {
      if (blockedUntil > now) return blockedUntil
      if (budget !== undefined && now >= budget.resetAt) budget = undefined
      return budget !== undefined && budget.remaining <= 0 ? budget.resetAt : now
    },
    /** Why the service takes no requests. */
    why: (now: number): string => (blockedUntil > now ? why : "the budget of requests is used up"),
    /** Whether the block was read from the database. */
    isStored: (now: number): boolean => blockedUntil > now && isStored,
    state: (): ThrottleState => ({ budget, blockedUntil, why }),
    clear: (): void => {
      budget = undefined
      lowest = undefined
      blockedUntil = 0
    }
  }
}
