/**
 * Translates GitHub's answers into the values of its limits (`limits/Limit.ts`), and what they come to into errors.
 */
import { Clock, DateTime, Effect } from "effect"
import { RequestedFor } from "../limits/evidence.ts"
import * as Limit from "../limits/Limit.ts"
import type { Window } from "../limits/SharedQuota.ts"
import type { Throttle } from "../limits/Throttle.ts"
import { type Head, int } from "../net/exchange.ts"
import { maxLimitWait, minLimitWait, type ResponseMeaning, resetAt } from "./classify.ts"
import { fail, type GithubError, RateLimited } from "./errors.ts"

/** A request that left, and the thing that a limit of it may concern. */
interface LimitedRequest {
  /** When the request left, in epoch milliseconds. */
  readonly startedAt: number
  readonly thing?: string | undefined
}

/** One of GitHub's limits: of requests, or of queries. */
export interface GithubLimit extends Pick<Limit.Limit, "throttle" | "restore" | "state"> {
  /** Notes the budget that a response's headers report. */
  readonly noteHeaders: (head: Head) => Effect.Effect<void>
  /** Notes that a request succeeded. */
  readonly accept: (request: LimitedRequest) => void
  /** Fails with what a response means. A limit blocks the throttle, or the one thing that meets the limit. */
  readonly failWith: (meaning: ResponseMeaning, request: LimitedRequest) => Effect.Effect<never, GithubError>
  /** Fails while the thing alone has to wait. */
  readonly admit: (thing: string | undefined) => Effect.Effect<void, GithubError>
}

/** Every request costs the same as far as limits in a row go. */
const cost = 1

const rules: Limit.LimitRules = {
  minWait: minLimitWait,
  // A request that left before the last limit was known shows nothing about that limit.
  endsRow: ({ at }, { startedAt }) => startedAt > at
}

/** The limit by its name, and the throttle that keeps it. */
export interface GithubLimitOptions {
  readonly throttle: Throttle
  /** GitHub's name of the limit. */
  readonly resource: "core" | "graphql"
  /** The throttle of GitHub's other limit, which the secondary limit blocks as well. */
  readonly other: Throttle
  /** How many requests GitHub takes in a sliding window, where it limits them. */
  readonly window?: Window
}

/** A limit of GitHub that no answer has reported yet. */
export const make = ({ other, resource, throttle, window }: GithubLimitOptions): GithubLimit => {
  const limit = Limit.make(throttle, rules)

  const failLimited = Effect.fnUntraced(function* (
    reason: RateLimited,
    { isStated = true, scope }: ResponseMeaning,
    { startedAt, thing }: LimitedRequest
  ) {
    const { enforcedBy, isSecondary, message, resumeAt } = reason
    const now = yield* Clock.currentTimeMillis
    const requester = yield* RequestedFor
    const statedUntil = resumeAt.epochMilliseconds
    const limited = limit.limited({
      by: requester === undefined || thing === undefined ? undefined : { ...requester, thing },
      cost,
      isStated,
      startedAt,
      now,
      statedUntil,
      allUntil: Math.max(statedUntil, now + minLimitWait(limit.timesInARow(startedAt))),
      message,
      enforcedBy: () => "service"
    })
    if (limited.scope === "thing") return yield* failThing(message, limited.until)
    if (isSecondary === true) other.block(limited.until, message)
    const met = { message, enforcedBy, resumeAt: DateTime.makeUnsafe(limited.until) }
    return yield* fail(new RateLimited(isSecondary === true ? { ...met, isSecondary } : met), scope)
  })

  return {
    throttle,
    restore: limit.restore,
    state: limit.state,
    noteHeaders: (head) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const budget = budgetOf(head, resource, now)
        if (budget === undefined) return
        throttle.learn(budget)
        // An Enterprise Server without limits sends no such headers, and has no window either.
        if (window !== undefined) throttle.setWindow(window)
      }),
    accept: ({ startedAt, thing }) => limit.answered({ thing, startedAt, cost }),
    failWith: (meaning, request) => {
      if (meaning.reason instanceof RateLimited) return failLimited(meaning.reason, meaning, request)
      limit.answered({ thing: request.thing, startedAt: request.startedAt })
      return fail(meaning.reason, meaning.scope)
    },
    admit: (thing) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const until = limit.heldUntil(thing, now)
        return until === undefined ? Effect.void : failThing("GitHub's limit is reached for this alone", until)
      })
  }
}

const failThing = (message: string, until: number) =>
  fail(new RateLimited({ message, enforcedBy: "service", resumeAt: DateTime.makeUnsafe(until) }), "thing")

/** The budget of an hour, if the headers report that of this resource. */
const budgetOf = ({ headers }: Head, resource: "core" | "graphql", now: number) => {
  // A missing address is answered with the limit of requests, even in place of that of queries.
  const named = headers["x-ratelimit-resource"]
  if (named !== undefined && (named === "graphql") !== (resource === "graphql")) return undefined
  const limit = int(headers, "x-ratelimit-limit")
  const remaining = int(headers, "x-ratelimit-remaining")
  const reset = int(headers, "x-ratelimit-reset")
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined
  return { limit, remaining, resetAt: Math.min(resetAt(reset), now + maxLimitWait) }
}
