/**
 * The decision after an attempt that did not succeed: the outcome of the publication, when it is attempted again, and who
 * else has to wait. Pure.
 */
import { DateTime, Duration } from "effect"
import type * as Stored from "../domain/Outcome.ts"
import * as Timing from "../domain/Timing.ts"
import type { WaitReason } from "../limits/sharing.ts"
import type { Retrial } from "../store/Publications.ts"
import type { FailureVerdict } from "./evidence.ts"

/** After a wait. */
export interface After {
  readonly _tag: "After"
  readonly wait: Duration.Duration
}

/** At an instant that the service named, at most `atMost` from now. */
export interface At {
  readonly _tag: "At"
  readonly instant: DateTime.Utc
  readonly atMost: Duration.Duration
}

/** When a publication is attempted again. */
export type Due =
  | After
  | At
  /** After the wait for that many failures, with jitter, at least `atLeast`, and not before the instant that a service named. */
  | {
      readonly _tag: "Backoff"
      readonly failures: number
      readonly atLeast: Duration.Duration
      readonly notBefore?: DateTime.Utc
    }

/** The publication's outcome, with the rule for the time of the next attempt in place of the time. */
export type Outcome = Stored.Outcome<Due>

/** Which other publications have to wait, and why. */
export interface PublishingBlock extends WaitReason {
  readonly scope: "user" | "service"
  /** `Growing`: longer with each block in a row. */
  readonly until: After | At | { readonly _tag: "Growing" }
}

/** The outcome of one attempt, and who else has to wait. */
export interface Decision {
  readonly outcome: Outcome
  readonly block?: PublishingBlock
}

/** The part of a claim that the decisions depend on. */
export interface Situation {
  /** Attempts so far, this one included. */
  readonly attempts: number
  /** Why the last attempt did not succeed. */
  readonly errorReason: string | null
}

/** Hands the claim back unchanged: publishing is paused. */
export const release = (reason: string, message: string): Outcome => ({ _tag: "release", why: { reason, message } })

/** A failure counts as an attempt only when it is proven that others succeed. */
export const failure = (
  claim: Situation,
  verdict: FailureVerdict,
  {
    notBefore,
    ...why
  }: {
    readonly reason: string
    readonly message: string
    readonly isUncertain: boolean
    readonly notBefore?: DateTime.Utc
  }
): Decision => ({
  outcome:
    verdict.isProven && isExhausted(claim)
      ? { _tag: "fail", ...why }
      : {
          _tag: "retry",
          ...why,
          due: {
            _tag: "Backoff",
            failures: tries(claim, verdict),
            atLeast: Duration.zero,
            ...(notBefore === undefined ? {} : { notBefore })
          },
          counts: verdict.isProven
        },
  ...blockOf(verdict, why.message)
})

/** Whether this was the publication's last attempt. */
export const isExhausted = ({ attempts }: Situation): boolean => attempts >= Timing.maxAttempts

/** Failures that the next wait depends on: attempts of earlier processes count as well. */
export const tries = (claim: Situation, verdict: FailureVerdict): number => Math.max(claim.attempts, verdict.failures)

/** The block that a verdict asks for: none when the thing itself is at fault. */
export const blockOf = ({ scope }: FailureVerdict, message: string): { readonly block?: PublishingBlock } =>
  scope === "thing" ? {} : { block: { ...suspicion(message, { _tag: "Growing" }), scope } }

/** A block of all users on suspicion, which one success ends. */
export const suspicion = (message: string, until: PublishingBlock["until"]): PublishingBlock => ({
  scope: "service",
  until,
  message,
  enforcedBy: "self",
  cause: "suspicion"
})

interface Present {
  readonly now: DateTime.Utc
  /** From 0 to 1. */
  readonly random: number
}

/** How long a publication waits. */
export const waitOf = (due: Due, { now, random }: Present): Duration.Duration => {
  const until = (instant: DateTime.Utc, atMost: Duration.Duration) =>
    Duration.clamp(DateTime.distance(now, instant), { minimum: Duration.zero, maximum: atMost })
  switch (due._tag) {
    case "After":
      return due.wait
    case "At":
      return until(due.instant, due.atMost)
    case "Backoff":
      return [
        Timing.jittered(Timing.publicationRetryDelay(due.failures), random),
        due.atLeast,
        until(due.notBefore ?? now, Timing.maxSnooze)
      ].reduce(Duration.max)
  }
}

/** The outcome with its wait as a duration. A publication that failed before goes behind its user's other files. */
export const scheduled = (outcome: Outcome, present: Present): Stored.Outcome<Retrial> => {
  switch (outcome._tag) {
    case "retry":
      return { ...outcome, due: { wait: waitOf(outcome.due, present), isLast: hasFailedBefore(outcome.due) } }
    case "snooze":
      return { ...outcome, due: { wait: waitOf(outcome.due, present), isLast: false } }
    default:
      return outcome
  }
}

const hasFailedBefore = (due: Due): boolean => due._tag === "Backoff" && due.failures > 1
