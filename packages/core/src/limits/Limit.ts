/**
 * One limit of a service with one credential: the throttle that its requests run in, and what their answers show.
 *
 * GitHub's and Pipedrive's modules translate answers into the values of `answers.ts`, and the result into their errors.
 */
import { Clock, type DateTime, Effect } from "effect"
import * as Answers from "./answers.ts"
import * as LimitEvidence from "./evidence.ts"
import type { Throttle, ThrottleState } from "./Throttle.ts"

/** How a service's answers count. */
export interface LimitRules {
  /** The minimum wait in milliseconds after that many limits in a row of one thing. */
  readonly minWait: (times: number) => number
  /** Whether an answer without the limit ends the row of limits. */
  readonly endsRow: (row: Answers.InARow, call: Answers.AnsweredCall) => boolean
}

interface LimitedOptions {
  /** How long everything waits at most, in milliseconds. */
  readonly maxBlock?: number
}

/** One limit of a service: asked before a request, and informed of each answer. */
export interface Limit {
  readonly throttle: Throttle
  /** Until when this thing alone has to wait (epoch milliseconds), if it has to. */
  readonly heldUntil: (thing: string | undefined, now: number) => number | undefined
  /** The limits in a row, with one to a request that left then (epoch milliseconds). */
  readonly timesInARow: (startedAt: number) => number
  /** Notes that a request was answered without the limit. `cost`: missing when the answer shows nothing about the row. */
  readonly answered: (call: {
    readonly thing: string | undefined
    readonly startedAt: number
    readonly cost?: number
  }) => void
  /** Notes a limit. A limit of everything blocks the throttle. */
  readonly limited: (answer: Answers.LimitAnswer, options?: LimitedOptions) => Answers.Limited
  /** Sends nothing until then, for a limit that is stored. */
  readonly restore: (until: DateTime.Utc, why: string) => Effect.Effect<void>
  /** A budget whose period is over is left out: it says nothing about the next one. */
  readonly state: Effect.Effect<ThrottleState>
}

/** A limit that no answer has named yet. Its requests run in `throttle`, which a limit of everything blocks. */
export const make = (throttle: Throttle, { endsRow, minWait }: LimitRules): Limit => {
  let answers = Answers.none

  return {
    throttle,
    heldUntil: (thing, now) => LimitEvidence.heldUntil(answers.evidence, thing, now),
    timesInARow: (startedAt) => Answers.timesInARow(answers, startedAt),
    answered: ({ cost, startedAt, thing }) => {
      answers = Answers.notLimited(answers, { thing, startedAt })
      if (cost !== undefined && endsRow(answers.row, { cost, startedAt })) answers = Answers.rowEnded(answers)
    },
    limited: (answer, { maxBlock = Number.POSITIVE_INFINITY } = {}) => {
      const next = Answers.limited(answers, answer, minWait)
      answers = next.answers
      const { limited } = next
      if (limited.scope !== "thing") {
        const { enforcedBy, until } = limited
        throttle.block(Math.min(until, answer.now + maxBlock), answer.message, { enforcedBy })
      }
      return limited
    },
    restore: (until, why) => Effect.sync(() => throttle.block(until.epochMilliseconds, why, { isStored: true })),
    state: Effect.map(Clock.currentTimeMillis, (now) => {
      const state = throttle.state()
      return state.budget !== undefined && state.budget.resetAt <= now ? { ...state, budget: undefined } : state
    })
  }
}
