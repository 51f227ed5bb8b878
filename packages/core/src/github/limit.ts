/**
 * One of GitHub's limits: the throttle that keeps it, and what refused requests show about whose limit it is.
 *
 * `limits/limitEvidence.ts` decides whether a limit concerns the credential or one thing.
 */
import { Clock, DateTime, Effect } from "effect"
import * as LimitEvidence from "../limits/limitEvidence.ts"
import type { Window } from "../limits/SharedQuota.ts"
import type { Throttle, ThrottleState } from "../limits/Throttle.ts"
import { type Answer, int } from "../net/exchange.ts"
import { maxLimitWait, minLimitWait, resetAt, type Verdict } from "./classify.ts"
import { fail, type GithubError, RateLimited } from "./errors.ts"

/** A request that left, and the thing that a limit of it may concern. */
interface Asked {
  /** When the request left, in epoch milliseconds. */
  readonly startedAt: number
  readonly thing?: string | undefined
}

export interface Limit {
  readonly throttle: Throttle
  /** Notes the budget that a response's headers report. */
  readonly noteHeaders: (answer: Answer) => Effect.Effect<void>
  /** Notes that a request was answered. */
  readonly accept: (asked: Asked) => void
  /** Fails with what a response means. A limit blocks the throttle, or the one thing that meets the limit. */
  readonly failWith: (verdict: Verdict, asked: Asked) => Effect.Effect<never, GithubError>
  /** Fails while the thing alone has to wait. */
  readonly admit: (thing: string | undefined) => Effect.Effect<void, GithubError>
  /** Sends nothing until then, for a limit that is stored. */
  readonly block: (until: DateTime.Utc, why: string) => Effect.Effect<void>
  readonly state: Effect.Effect<ThrottleState>
}

export const make = ({
  resource,
  throttle,
  window
}: {
  readonly throttle: Throttle
  /** GitHub's name of the limit. */
  readonly resource: "core" | "graphql"
  /** How many requests GitHub takes in a sliding window, where it limits them. */
  readonly window?: Window
}): Limit => {
  let evidence = LimitEvidence.none
  /** How many requests in a row met the limit, and when the last one did. */
  let limitsInARow: { readonly times: number; readonly at: number } | undefined

  const noteAnswered = ({ startedAt, thing }: Asked): void => {
    evidence = LimitEvidence.answered(evidence, { thing, startedAt })
  }

  /** Blocks the throttle. A request that left before the last refusal was known does not count as a further one. */
  const blockAll = (
    asked: Asked,
    reason: RateLimited,
    { now, scope }: { readonly now: number; readonly scope: LimitEvidence.LimitScope }
  ) => {
    const isFurther = limitsInARow === undefined || limitsInARow.at < asked.startedAt
    const times = (limitsInARow?.times ?? 0) + (isFurther ? 1 : 0)
    if (isFurther) limitsInARow = { times, at: now }
    const statedUntil = Math.max(reason.resumeAt.epochMilliseconds, now + minLimitWait(times))
    const until = LimitEvidence.blockedUntil(scope, statedUntil, now) ?? statedUntil
    throttle.block(until, reason.message)
    return until
  }

  const limited = Effect.fnUntraced(function* (reason: RateLimited, { isStated = true, scope }: Verdict, asked: Asked) {
    const { startedAt, thing } = asked
    const now = yield* Clock.currentTimeMillis
    const requester = yield* LimitEvidence.RequestedFor
    const next = LimitEvidence.refused(evidence, {
      by: requester === undefined || thing === undefined ? undefined : { ...requester, thing },
      isStated,
      startedAt,
      now,
      statedUntil: reason.resumeAt.epochMilliseconds,
      minWait: minLimitWait
    })
    evidence = next.evidence
    if (next.scope === "thing") return yield* failThing(reason.message, next.until)
    const until = blockAll(asked, reason, { now, scope: next.scope })
    const { enforcedBy, message } = reason
    return yield* fail(new RateLimited({ message, enforcedBy, resumeAt: DateTime.makeUnsafe(until) }), scope)
  })

  return {
    throttle,
    noteHeaders: (answer) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const budget = budgetOf(answer, resource, now)
        if (budget === undefined) return
        throttle.learn(budget)
        // An Enterprise Server without limits sends no such headers, and has no window either.
        if (window !== undefined) throttle.setWindow(window)
      }),
    accept: (asked) => {
      noteAnswered(asked)
      if ((limitsInARow?.at ?? 0) < asked.startedAt) limitsInARow = undefined
    },
    failWith: (verdict, asked) => {
      if (verdict.reason instanceof RateLimited) return limited(verdict.reason, verdict, asked)
      noteAnswered(asked)
      return fail(verdict.reason, verdict.scope)
    },
    admit: (thing) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const until = LimitEvidence.heldUntil(evidence, thing, now)
        return until === undefined ? Effect.void : failThing("GitHub's limit is reached for this alone", until)
      }),
    block: (until, why) => Effect.sync(() => throttle.block(until.epochMilliseconds, why, { isStored: true })),
    // What was left of an hour that is over says nothing about the next hour.
    state: Effect.map(Clock.currentTimeMillis, (now) => {
      const state = throttle.state()
      return state.budget !== undefined && state.budget.resetAt <= now ? { ...state, budget: undefined } : state
    })
  }
}

const failThing = (message: string, until: number) =>
  fail(new RateLimited({ message, enforcedBy: "service", resumeAt: DateTime.makeUnsafe(until) }), "thing")

/** The budget of an hour, if the headers report that of this resource. */
const budgetOf = ({ headers }: Answer, resource: "core" | "graphql", now: number) => {
  // A missing address is answered with the limit of requests, even in place of that of queries.
  const named = headers["x-ratelimit-resource"]
  if (named !== undefined && (named === "graphql") !== (resource === "graphql")) return undefined
  const limit = int(headers, "x-ratelimit-limit")
  const remaining = int(headers, "x-ratelimit-remaining")
  const reset = int(headers, "x-ratelimit-reset")
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined
  return { limit, remaining, resetAt: Math.min(resetAt(reset), now + maxLimitWait) }
}
