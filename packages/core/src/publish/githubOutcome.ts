/**
 * Decides what becomes of a publication after an error of GitHub, and who has to wait. Pure: no clock, no database, no
 * random. The table is in docs/lifecycle.md. Errors of the sink: outcome.ts.
 *
 * Hazard: `isUncertain` must be true whenever something may have been created. The next attempt then starts with a lookup.
 */
import { Duration } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import { afterLimit } from "../limits/sharing.ts"
import type { Claim } from "../store/Publications.ts"
import { type Decision, failure, type Outcome, release, type Situation, suspicion } from "./decision.ts"
import type { Failure, FailureVerdict } from "./evidence.ts"
import { signatureOf } from "./outcome.ts"

/** The decision after GitHub did not give the content of a file. */
export const afterGithubError = (claim: Situation, error: GithubError, verdict: FailureVerdict): Decision => {
  const { reason, scope } = error
  const { _tag, message } = reason
  const why = { reason: _tag, message, isUncertain: false }
  /** The failure is the file's own, whatever happened to others. */
  const own: FailureVerdict = { ...verdict, scope: "thing", isProven: true }
  switch (_tag) {
    case "GistNotFound":
    case "UserNotFound":
      return { outcome: missing(claim, { once: "GistNotFound", twice: "GistGone", message }) }
    case "NotPublic":
      return { outcome: { _tag: "discard", reason: _tag, message } }
    case "Blocked":
      return { outcome: { _tag: "fail", ...why } }
    case "RateLimited":
      return scope === "thing"
        ? failure(claim, verdict, { ...why, notBefore: reason.resumeAt })
        : afterGithubLimit(reason, { isGlobal: isGlobal(scope) })
    case "Unavailable":
    case "Unreachable":
      return failure(claim, isGlobal(scope) ? verdict : own, why)
    case "Refused":
      if (isGlobal(scope)) return refusedByGithub(error)
      return verdict.isProven ? { outcome: { _tag: "fail", ...why } } : failure(claim, verdict, why)
    default:
      return isGlobal(scope) ? refusedByGithub(error) : failure(claim, own, why)
  }
}

/** A limit of everything that is read with the token, or of one host. */
const afterGithubLimit = (
  reason: Extract<GithubError["reason"], { readonly _tag: "RateLimited" }>,
  { isGlobal }: { readonly isGlobal: boolean }
): Decision =>
  isGlobal
    ? {
        outcome: release(reason._tag, reason.message),
        block: {
          scope: "service",
          until: { _tag: "At", instant: reason.resumeAt, atMost: Timing.maxBlock },
          ...afterLimit(reason)
        }
      }
    : {
        outcome: {
          _tag: "snooze",
          reason: reason._tag,
          message: reason.message,
          due: { _tag: "At", instant: reason.resumeAt, atMost: Timing.maxSnooze },
          isUncertain: false
        }
      }

/** A failure of the token is the same for everything that is read with it. */
const refusedByGithub = ({ reason: { _tag, message }, retryAt }: GithubError): Decision => ({
  outcome: release(_tag, message),
  block: suspicion(
    message,
    retryAt === undefined
      ? { _tag: "After", wait: Timing.githubCredentialDelay }
      : { _tag: "At", instant: retryAt, atMost: Timing.maxBlock }
  )
})

/** A lookup found the item, whose content GitHub gives for no file now. The item waits, uncertain, for its content. */
export const afterContentError = (claim: Situation, error: GithubError, verdict: FailureVerdict): Decision => ({
  ...afterGithubError(claim, error, verdict),
  outcome: {
    _tag: "snooze",
    reason: "ContentLater",
    message: error.message,
    due: { _tag: "After", wait: Duration.minutes(1) },
    isUncertain: true
  }
})

/** Whether an error may be global, and is compared with others. All other errors name their scope themselves. */
const isEvidence = ({ reason, scope }: GithubError): boolean =>
  reason._tag === "Refused" || (reason._tag === "RateLimited" ? scope === "thing" : isGlobal(scope))

/** The failure to compare with others. `undefined` when the error names its scope itself. */
export const failureOfGithub = (
  { gistId, userKey }: Pick<Claim, "gistId" | "userKey">,
  error: GithubError
): Omit<Failure, "at"> | undefined =>
  isEvidence(error)
    ? {
        thing: { user: userKey, key: gistId },
        signature: signatureOf(error),
        // After a limit the user's other files are not requested one after the other.
        isUserWide: error.reason._tag === "RateLimited"
      }
    : undefined

/** GitHub's page of a gist can lag behind the list: a gist or file that is missing once is not gone yet. */
export const missing = (
  claim: Situation,
  { message, once, twice }: { readonly once: string; readonly twice: string; readonly message: string }
): Outcome =>
  claim.errorReason === once
    ? { _tag: "discard", reason: twice, message }
    : {
        _tag: "retry",
        reason: once,
        message,
        due: { _tag: "After", wait: Timing.goneDelay },
        isUncertain: false,
        counts: true
      }
