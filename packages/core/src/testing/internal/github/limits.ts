/**
 * GitHub's two limits (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api): the primary one
 * counts requests, or the points of queries, in fixed hours per credential, the secondary one points in a minute per endpoint.
 */
import { jsonReply, type Reply } from "../reply.ts"

const HOUR = 3_600_000
const MINUTE = 60_000
const LIMIT_DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"

/** An hour's budget of one credential, as headers report it. */
export interface PrimaryFacts {
  readonly limit: number
  readonly remaining: number
  readonly used: number
  /** Epoch seconds. */
  readonly reset: number
}

export interface PrimaryLimit {
  readonly read: (credential: string, limit: number, now: number) => PrimaryFacts
  readonly charge: (
    credential: string,
    /** Default: 1. */
    points?: number
  ) => void
}

/** Budgets by credential. An hour begins with the first request after the last hour's end. */
export const makePrimaryLimit = (): PrimaryLimit => {
  const windows = new Map<string, { used: number; readonly endsAt: number }>()
  return {
    read: (credential, limit, now) => {
      let window = windows.get(credential)
      if (window === undefined || now >= window.endsAt) {
        // On whole seconds, since headers give the end in whole seconds.
        window = { used: 0, endsAt: Math.floor(now / 1000) * 1000 + HOUR }
        windows.set(credential, window)
      }
      const used = Math.min(window.used, limit)
      return { limit, remaining: limit - used, used, reset: window.endsAt / 1000 }
    },
    charge: (credential, points = 1) => {
      const window = windows.get(credential)
      if (window !== undefined) window.used += points
    }
  }
}

/** The secondary limit. Each call takes a point of an endpoint, and returns the seconds to wait when no point is left. */
export const makeSecondaryLimit = (pointsPerMinute: number) => {
  const windows = new Map<string, { points: number; readonly endsAt: number }>()
  return (endpoint: string, now: number): number | undefined => {
    let window = windows.get(endpoint)
    if (window === undefined || now >= window.endsAt) {
      window = { points: 0, endsAt: now + MINUTE }
      windows.set(endpoint, window)
    }
    if (window.points >= pointsPerMinute) return Math.ceil((window.endsAt - now) / 1000)
    window.points += 1
    return undefined
  }
}

export const limitHeaders = (facts: PrimaryFacts, resource: "core" | "graphql" = "core"): Record<string, string> => ({
  "x-ratelimit-limit": `${facts.limit}`,
  "x-ratelimit-remaining": `${facts.remaining}`,
  "x-ratelimit-used": `${facts.used}`,
  "x-ratelimit-reset": `${facts.reset}`,
  "x-ratelimit-resource": resource
})

/** The answer to a request beyond the hour's budget. GitHub sends no `retry-after` with it. */
export const primaryLimitReached = (status: 403 | 429, facts: PrimaryFacts): Reply =>
  jsonReply(
    status,
    { message: "API rate limit exceeded for user ID 1.", documentation_url: LIMIT_DOCS, status: `${status}` },
    limitHeaders(facts)
  )

/** The answer to too many requests in a minute. `retry-after` may be missing, as at GitHub. */
export const secondaryLimitReached = (
  status: 403 | 429,
  retryAfterSeconds: number | undefined,
  facts: PrimaryFacts | undefined
): Reply =>
  jsonReply(
    status,
    {
      message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      documentation_url: `${LIMIT_DOCS}#about-secondary-rate-limits`,
      status: `${status}`
    },
    {
      ...(facts === undefined ? {} : limitHeaders(facts)),
      ...(retryAfterSeconds === undefined ? {} : { "retry-after": `${retryAfterSeconds}` })
    }
  )
