/** Pure rules for checks that fail: when a failing user is checked again, and which failures were not the users' own. */
import { Duration } from "effect"
import * as Timing from "../domain/Timing.ts"

/** This many users in a row without an answer are an outage of GitHub, not those users' failures. */
export const signsOfOutage = 3

/** Reasons that may be the token's or GitHub's trouble all the same, so that the user is checked again soon. */
const passing: ReadonlySet<string> = new Set(["Unavailable", "Refused", "RateLimited"])

/** The wait before a user is checked again, after a number of failures in a row. */
export const waitAfter = (failure: {
  readonly reason: string
  readonly count: number
  /** The wait that GitHub asked for. */
  readonly asked: Duration.Duration
}): Duration.Duration =>
  Duration.max(
    passing.has(failure.reason) ? Timing.outageDelay(failure.count) : Timing.userRetryDelay(failure.count),
    failure.asked
  )

/** By why GitHub refuses all requests, or all lists: the reasons of users' failures that were the same refusal. */
const sameRefusal: Readonly<Record<string, ReadonlyArray<string>>> = {
  Unauthorized: ["Refused"],
  Refused: ["Refused"],
  RateLimited: ["RateLimited"],
  Unexpected: ["UserNotFound", "Unexpected"]
}

/** Whether a user's failure was not the user's own, once all requests or lists are refused for `global`. */
export const isSameRefusal = (failure: string, global: string): boolean =>
  sameRefusal[global]?.includes(failure) === true
