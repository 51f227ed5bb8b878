/** Pure rules for the end of a scan: how it ended, and when the next scheduled scan is due. */
import { DateTime, Duration, Exit, Match, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { GithubError, RateLimited } from "../github/Github.ts"
import type { Ending, LastStart } from "../store/Scans.ts"

/** What becomes of a scan's row. */
export const endingOf = (exit: Exit.Exit<void, GithubError | DatabaseError>, now: DateTime.Utc): Ending => {
  if (Exit.isSuccess(exit)) return { state: "done", reason: null, message: null, resumeIn: null }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (error === undefined) {
    return { state: "interrupted", reason: null, message: "the process was stopped", resumeIn: null }
  }
  return Match.value(error).pipe(
    Match.tagsExhaustive({
      DatabaseError: ({ message }): Ending => ({
        state: "interrupted",
        reason: "DatabaseError",
        message,
        resumeIn: null
      }),
      GithubError: ({ reason, retryAt }): Ending => {
        const resumeAt = "resumeAt" in reason ? reason.resumeAt : retryAt
        return {
          state: "stopped",
          reason: reason._tag,
          message: reason.message,
          resumeIn: resumeAt === undefined ? null : DateTime.distance(now, resumeAt)
        }
      }
    })
  )
}

/** The limit of GitHub's that ended a scan. */
export const limitOf = (exit: Exit.Exit<void, GithubError | DatabaseError>): Option.Option<RateLimited> =>
  Option.flatMap(Exit.findErrorOption(exit), (error) =>
    error instanceof GithubError && error.reason instanceof RateLimited ? Option.some(error.reason) : Option.none()
  )

/** The wait for the next scheduled scan. A full scan that was stopped or cut off goes on as soon as possible. */
export const untilNextScan = (last: Option.Option<LastStart>, interval: Duration.Duration): Duration.Duration => {
  if (Option.isNone(last)) return Duration.zero
  const { resumeIn, startedAgo, state } = last.value
  const due = Duration.toMillis(interval) - startedAgo
  const wait = state === "interrupted" ? 0 : state === "stopped" ? (resumeIn ?? due) : due
  return Duration.millis(Math.max(wait, 0))
}
