/**
 * Pipedrive's limits (https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting): a rolling window of seconds per
 * token, and a day's budget of tokens for the whole company. Both refuse with `429`; only headers distinguish them.
 */
import { htmlReply, jsonReply, type Reply } from "../reply.ts"

const DAY = 86_400_000

export interface BurstOptions {
  readonly limit: number
  readonly windowMillis: number
}

export interface BurstFacts {
  readonly refused: boolean
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the oldest request leaves the window. */
  readonly reset: number
}

/** The rolling window. Each call notes a request at `now`, in epoch milliseconds, unless the window is full. */
export const makeBurst = ({ limit, windowMillis }: BurstOptions) => {
  let recent: Array<number> = []
  return (now: number): BurstFacts => {
    recent = recent.filter((at) => at > now - windowMillis)
    const refused = recent.length >= limit
    if (!refused) recent.push(now)
    const oldest = recent[0] ?? now
    return {
      refused,
      limit,
      remaining: limit - recent.length,
      reset: Math.max(1, Math.ceil((oldest + windowMillis - now) / 1000))
    }
  }
}

/** The budget starts again at midnight UTC; the zone is a guess. */
export const makeBudget = (limit: number | false) => {
  let day = Number.NaN
  let left = 0
  const today = (now: number) => {
    const current = Math.floor(now / DAY)
    if (current === day || limit === false) return
    day = current
    left = limit
  }
  return {
    left: (now: number): number => {
      today(now)
      return limit === false ? Number.POSITIVE_INFINITY : left
    },
    spend: (cost: number, now: number): void => {
      today(now)
      left = Math.max(0, left - cost)
    },
    set: (tokens: number, now: number): void => {
      if (limit === false) throw new Error("The Pipedrive fake was made without a day budget")
      today(now)
      left = tokens
    },
    headers: (now: number): Readonly<Record<string, string>> => {
      if (limit === false) return {}
      today(now)
      return { "x-daily-ratelimit-token-limit": `${limit}`, "x-daily-ratelimit-token-remaining": `${left}` }
    }
  }
}

/** The headers that report the window on every answer. */
export const burstHeaders = (facts: BurstFacts): Readonly<Record<string, string>> => ({
  "x-ratelimit-limit": `${facts.limit}`,
  "x-ratelimit-remaining": `${facts.remaining}`,
  "x-ratelimit-reset": `${facts.reset}`
})

/** The shape is not documented; the message is the old status page's. Clients must go by status and headers. */
export const tooMany = (headers: Readonly<Record<string, string>>): Reply =>
  jsonReply(
    429,
    {
      success: false,
      error: "Request over limit",
      errorCode: 429,
      error_info: "Please check developers.pipedrive.com"
    },
    headers
  )

/** The reply to a caller that continues after refusals. */
export const cloudflareBlock = (): Reply => htmlReply(403)

/** Refusals in a row before the front blocks the caller; the count is a guess. */
export const PATIENCE = 10
