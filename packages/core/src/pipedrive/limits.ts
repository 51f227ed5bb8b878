/**
 * Pipedrive's limits of requests: windows, the company's tokens of a day, and how long to wait. Pure.
 * https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
 */
import { DateTime, Duration } from "effect"
import { type Answer, int } from "../net/exchange.ts"

type Headers = Answer["headers"]

/** Tokens of the company's day. The day is taken to end at midnight UTC. */
export interface DayBudget {
  readonly left: number
  readonly limit: number
  readonly renewsAt: DateTime.Utc
  readonly period: Duration.Duration
}

/** The budget of the smallest plan. */
const smallestBudget = 30_000

const oneDay = Duration.days(1)

/** The end of the day in UTC, in epoch milliseconds. */
export const midnightAfter = (now: number): number => {
  const day = Duration.toMillis(oneDay)
  return (Math.floor(now / day) + 1) * day
}

/** The company's tokens left, by a response. A day can end below zero. */
export const tokensLeft = (headers: Headers): number | undefined => {
  const value = headers["x-daily-ratelimit-token-remaining"]
  return value !== undefined && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** The company's tokens of the day, if the response reports them. */
export const dayBudgetOf = (headers: Headers, now: number): DayBudget | undefined => {
  const left = tokensLeft(headers)
  return left === undefined
    ? undefined
    : {
        left: Math.max(left, 0),
        limit: int(headers, "x-daily-ratelimit-token-limit") ?? smallestBudget,
        renewsAt: DateTime.makeUnsafe(midnightAfter(now)),
        period: oneDay
      }
}

/** Pipedrive counts requests within two seconds. The window is a little longer, because its clock differs from ours. */
const windowMillis = 2_050

/** The longest time in seconds until a window of two seconds is renewed, whatever a header says. */
const maxReset = 60

/** The burst window, if the response reports it. */
export const windowOf = (headers: Headers, now: number) => {
  const limit = int(headers, "x-ratelimit-limit")
  const remaining = int(headers, "x-ratelimit-remaining")
  if (limit === undefined || remaining === undefined) return undefined
  const reset = Math.min(Math.max(int(headers, "x-ratelimit-reset") ?? 2, 1), maxReset)
  return { limit, millis: windowMillis, remaining, resetAt: now + reset * 1_000 }
}

/** Fewer requests than the burst of the smallest plan (20 in two seconds), so that the first responses report the true one. */
export const firstConcurrency = 12

/** The largest burst of an API token is 120 in two seconds. No more files are under way than answers of that plan need. */
const maxConcurrency = 40

/** How long a file is under way when both services answer after 300 ms, with the statements between. */
const slowFile = 0.65

/**
 * How many files, and requests, may be under way at a time: as many as slow answers need to use a burst limit to the full
 * (Little's law).
 */
export const concurrencyFor = ({ limit, millis }: { readonly limit: number; readonly millis: number }): number =>
  Math.min(Math.max(Math.ceil((limit / millis) * 1_000 * slowFile), firstConcurrency), maxConcurrency)

/** A wait for a slot up to this is waited. A longer one is reported, so that the caller can do something else. */
export const patience = Duration.seconds(15)

/** Searches are limited to ten requests in two seconds on every plan. */
export const searchWindow = { limit: 10, millis: windowMillis }

/** The longest wait for a burst to end, whatever a header says. */
export const maxBurst = Duration.hours(1)

/** Seconds to wait after that many 429s in a row: from the third on half a minute, doubling, whatever the headers say. */
export const growingWait = (refusals: number): number => (refusals < 3 ? 0 : 30 * 2 ** Math.min(refusals - 3, 10))
