/** Pure rules for the end of a scan: how it ended, and when the next scheduled scan is due. */
import { DateTime, Duration, Exit, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { GithubError } from "../github/Github.ts"
import type { Ending, LastStart } from "../store/Scans.ts"

/** What becomes of a scan's row. */
export const endingOf = (exit: Exit.Exit<void, GithubError | DatabaseError>, now: DateTime.Utc): Ending => {
  if (Exit.isSuccess(exit)) return { state: "done", reason: null, message: null, resumeIn: null }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (error === undefined) {
    return { state: "interrupted", reason: null, message: "the process was stopped", resumeIn: null }
  }
  if (error._tag === "DatabaseError") {
    return { state: "interrupted", reason: "DatabaseError", message: error.message, resumeIn: null }
  }
  const { reason, retryAt } = error
  const resumeAt = reason._tag === "RateLimited" ? reason.resumeAt : retryAt
  return {
    state: "stopped",
    reason: reason._tag,
    message: reason.message,
    resumeIn: resumeAt === undefined ? null : DateTime.distance(now, resumeAt)
  }
}

/** The wait for the next scheduled scan. A full scan that was stopped or cut off goes on as soon as possible. */
export const untilNextScan = (last: Option.Option<LastStart>, interval: Duration.Duration): Duration.Duration => {
  if (Option.isNone(last)) return Duration.zero
  const { resumeIn, startedAgo, state } = last.value
  const due = Duration.toMillis(interval) - startedAgo
  const wait = state === "interrupted" ? 0 : state === "stopped" ? (resumeIn ?? due) : due
  return Duration.millis(Math.max(wait, 0))
}
