/** When a publication is attempted again: a rule, and the wait that follows from the rule. Pure. */
import { DateTime, Duration } from "effect"
import type * as Stored from "../domain/Outcome.ts"
import * as Timing from "../domain/Timing.ts"
import type { Retrial } from "../store/Publications.ts"

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

export type Outcome = Stored.Outcome<Due>

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
  if (outcome._tag !== "retry" && outcome._tag !== "snooze") return outcome
  const { due } = outcome
  const isLast = outcome._tag === "retry" && due._tag === "Backoff" && due.failures > 1
  return { ...outcome, due: { wait: waitOf(due, present), isLast } }
}
