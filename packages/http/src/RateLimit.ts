/**
 * How often each client may do something: a token bucket for each, refilled evenly over the minute.
 *
 * Effect's own `RateLimiter` keeps every key it has ever seen. Here strangers choose the keys, so memory is bounded:
 * clients are kept in two generations, and when the younger is full, the older is forgotten. A forgotten client begins
 * anew with a full bucket, which takes as many other clients as a generation holds.
 */

export interface RateLimit {
  /** Takes one. Answers 0, or for how many milliseconds there is none. */
  readonly take: (client: string, now: number) => number
  /** For how many milliseconds there is none; takes nothing. */
  readonly wait: (client: string, now: number) => number
}

export interface RateLimitOptions {
  /** Also how many can be had at once. */
  readonly perMinute: number
  /** How many clients are kept at most. */
  readonly clients?: number
}

export const make = ({ perMinute, clients = 20_000 }: RateLimitOptions): RateLimit => {
  if (!Number.isFinite(perMinute)) return unlimited
  /** Between two tokens. */
  const interval = 60_000 / perMinute
  /**
   * Instead of a count and a time, one number: when the bucket will be full again
   * (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
   */
  let young = new Map<string, number>()
  let old = new Map<string, number>()

  const fullAt = (client: string, now: number): number => {
    const kept = young.get(client) ?? old.get(client) ?? now
    // No bucket takes longer than that to fill: the clock was set back, and must not lock anybody out until it is there again.
    return kept > now + 60_001 ? now : Math.max(kept, now)
  }
  const keep = (client: string, until: number): void => {
    if (young.size >= clients / 2 && !young.has(client)) {
      old = young
      young = new Map()
    }
    young.set(client, until)
  }
  // Sums of fractions of milliseconds: less than one of them is none.
  const missing = (full: number, now: number) => Math.max(0, Math.ceil(full + interval - now - 60_000 - 1e-3))

  return {
    take: (client, now) => {
      const full = fullAt(client, now)
      const wait = missing(full, now)
      if (wait === 0) keep(client, full + interval)
      return wait
    },
    wait: (client, now) => missing(fullAt(client, now), now)
  }
}

const unlimited: RateLimit = { take: () => 0, wait: () => 0 }
