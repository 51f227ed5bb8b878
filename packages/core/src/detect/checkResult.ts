/** The results of checks: pure values, ready to be recorded. */
import * as Cadence from "../domain/Cadence.ts"
import type { ListedFile } from "../domain/GistFile.ts"
import type { CheckFailure, ScanUser, UserCheck } from "../store/Checks.ts"
import { afterGists } from "./verdict.ts"

/** The result of one check of a user. */
export interface CheckResult {
  readonly outcome: "Unchanged" | "Changed" | "Failed"
  /** New files that were stored. */
  readonly files: number
  /** What is to be recorded about the user. */
  readonly check: UserCheck
  /** Whether the user's full listing has pages left. */
  readonly isUnfinished: boolean
  /** Whether the check began behind the first page, which an earlier check had read. */
  readonly isResumed: boolean
}

/** What GitHub answered about a user. */
export interface Answer {
  readonly outcome: "Unchanged" | "Changed"
  /** Files that were not stored before. */
  readonly found: ReadonlyArray<ListedFile>
  /** How many of them this check has stored. */
  readonly added: number
  readonly isFullListing: boolean
  readonly isUnfinished: boolean
  readonly isResumed?: boolean
  /** The batch's fingerprint, when the answer confirms it. */
  readonly fingerprint: string | null
}

/** A check that GitHub answered, with what the answer adds to the user's rate. `now` is in epoch milliseconds. */
export const answered = (user: ScanUser, answer: Answer, now: number): CheckResult => {
  const gists = new Map(answer.found.map(({ createdAt, gistId }) => [gistId, Date.parse(createdAt)]))
  return {
    outcome: answer.outcome,
    files: answer.added,
    isUnfinished: answer.isUnfinished,
    isResumed: answer.isResumed === true,
    check: {
      key: user.key,
      fingerprint: answer.fingerprint ?? (user.fingerprint === null ? null : afterGists(user.fingerprint, gists.size)),
      // Files that another check has stored meanwhile are that check's to count.
      gained: answer.added === 0 ? 0 : Cadence.gained([...gists.values()], now),
      isFullListing: answer.isFullListing,
      failure: null
    }
  }
}

/** A check that failed for a reason of the user. */
export const failed = (user: ScanUser, failure: CheckFailure): CheckResult => ({
  outcome: "Failed",
  files: 0,
  isUnfinished: false,
  isResumed: false,
  check: { key: user.key, fingerprint: null, gained: null, isFullListing: false, failure }
})

/** Two checks of one user as one. */
export const together = (before: CheckResult, after: CheckResult): CheckResult => ({
  ...after,
  isResumed: before.isResumed,
  outcome: before.outcome === "Changed" ? "Changed" : after.outcome,
  files: before.files + after.files,
  check:
    after.check.failure === null
      ? { ...after.check, gained: (before.check.gained ?? 0) + (after.check.gained ?? 0) }
      : after.check
})
