/**
 * A rate limit: a token bucket for each client, refilled evenly over the minute.
 *
 * Effect's own `RateLimiter` keeps every key for ever. Here strangers choose the keys, so memory is bounded: clients are
 * kept in two generations, and when the younger is full, the older is dropped. A dropped client starts with a full bucket,
 * which needs as many other clients as a generation has.
 */

export interface RateLimit {
  /** Takes a token and returns 0, or returns the milliseconds until the next token. */
  readonly take: (client: string, now: number) => number
  /** The milliseconds until the next token, 0 when there is one. Takes nothing. */
  readonly wait: (client: string, now: number) => number
}

export interface RateLimitOptions {
  /** Also the size of the bucket. */
  readonly perMinute: number
  /** At most this many clients are kept. */
  readonly clients?: number
}

export const make = ({ perMinute, clients = 20_000 }: RateLimitOptions): RateLimit => {
  if (!Number.isFinite(perMinute)) return unlimited
  /** Between two tokens. */
  const interval = 60_000 / perMinute
  /**
   * One number for each client, in place of a count and a time: when the bucket will be full again
   * (https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
   */
  let young = new Map<string, number>()
  let old = new Map<string, number>()

  const fullAt = (client: string, now: number): number => {
    const kept = young.get(client) ?? old.get(client) ?? now
    // No bucket takes longer than a minute to fill, so the clock went back, which must not block the client.
    return kept > now + 60_001 ? now : Math.max(kept, now)
  }
  const keep = (client: string, until: number): void => {
    if (young.size >= clients / 2 && !young.has(client)) {
      old = young
      young = new Map()
    }
    young.set(client, until)
  }
  // Tolerates the rounding of sums of fractions.
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
