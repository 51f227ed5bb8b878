/** Pure rules for the wait between two polls of the public feed. */
import { DateTime, Duration, Match } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"

/** The feed's part of an hour's requests: little of a token's 5,000, more of the 60 without a token. */
const quotaOf = (limit: number): number => (limit < 1_000 ? 0.2 : 0.04)

/** GitHub's feed hardly changes within this time. */
const minPause = Duration.seconds(30)

/** Failures that may end any minute: outages, and refusals of the token. */
const passing: ReadonlySet<string> = new Set(["Unavailable", "Unreachable", "Unauthorized", "Refused"])

/** The wait after any other failure: another answer is not to be expected soon. */
const refusalPause = Duration.minutes(30)

/** The wait after a poll that took a number of requests, of `limit` an hour. */
export const waitAfterPoll = (requests: number, limit: number | undefined): Duration.Duration => {
  const pause = limit === undefined ? 0 : (requests * 3_600_000) / (Math.max(limit, 1) * quotaOf(limit))
  return Duration.max(Duration.millis(pause), minPause)
}

/** The wait after a number of failures in a row, of which this is the last. */
export const waitAfterFailure = (
  { reason, retryAt }: Pick<GithubError, "reason" | "retryAt">,
  failures: number,
  now: DateTime.Utc
): Duration.Duration =>
  Match.value(reason).pipe(
    Match.tag("RateLimited", ({ resumeAt }) => DateTime.distance(now, resumeAt)),
    Match.orElse(({ _tag }) => {
      if (retryAt !== undefined) return Duration.max(DateTime.distance(now, retryAt), minPause)
      return passing.has(_tag) ? Timing.outageDelay(failures) : refusalPause
    })
  )
