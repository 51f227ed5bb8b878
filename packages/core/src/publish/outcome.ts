/**
 * Decides what becomes of a publication after an error of the sink, and who has to wait. Pure: no clock, no database, no
 * random. The table is in docs/lifecycle.md. Errors of GitHub: githubOutcome.ts.
 *
 * Hazard: `isUncertain` must be true whenever something may have been created. The next attempt then starts with a lookup.
 */
import type { Duration } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import { afterLimit } from "../limits/sharing.ts"
import type { Claim } from "../store/Publications.ts"
import {
  blockOf,
  type Decision,
  failure,
  isExhausted,
  type Outcome,
  type PublishingBlock,
  release,
  type Situation,
  suspicion,
  tries
} from "./decision.ts"
import type { Failure, FailureVerdict } from "./evidence.ts"
import type { SinkError } from "./Sink.ts"

/** The request to the sink: to find the file's remote ids, to find its target, or to create the file. */
export type Step = "lookup" | "target" | "create"

/** The block of all users after an error that concerns every item. `undefined` for any other error. */
export const globalBlock = (
  reason: SinkError["reason"],
  { isProven }: Pick<FailureVerdict, "isProven">
): PublishingBlock | undefined => {
  const { _tag, message } = reason
  switch (_tag) {
    case "Paused":
      return {
        scope: "service",
        until: { _tag: "At", instant: reason.until, atMost: Timing.maxBlock },
        ...afterLimit(reason, reason.enforcedBy === "service" ? "limit" : "fault")
      }
    case "Forbidden":
      // A refusal that seems the credential's is global, unless something has succeeded since.
      return isGlobal(reason.scope) && !isProven
        ? suspicion(message, { _tag: "After", wait: Timing.credentialDelay })
        : undefined
    default:
      return undefined
  }
}

/** The decision after a sink did not do what `step` asked for. */
export const afterSinkError = (
  claim: Situation,
  { reason }: SinkError,
  { step, verdict }: { readonly step: Step; readonly verdict: FailureVerdict }
): Decision => {
  const { _tag, message } = reason
  const block = globalBlock(reason, verdict)
  if (block !== undefined) return { outcome: release(_tag, message), block }
  // Until a lookup is answered, the outcome of the earlier request stays unknown.
  if (step === "lookup") {
    const until = _tag === "ItemLimited" ? { notBefore: reason.until } : {}
    return failure(claim, verdict, { reason: "LookupFailed", message, isUncertain: true, ...until })
  }
  switch (_tag) {
    case "ItemLimited":
      return failure(claim, verdict, { reason: _tag, message, isUncertain: false, notBefore: reason.until })
    case "NotYet":
      return {
        outcome: {
          _tag: "snooze",
          reason: _tag,
          message,
          due: { _tag: "At", instant: reason.retryAt, atMost: Timing.maxSnooze },
          isUncertain: false
        }
      }
    case "TargetGone":
    case "NotSent":
      return failure(claim, { ...verdict, isProven: true }, { reason: _tag, message, isUncertain: false })
    case "ItemRefused":
      return verdict.scope === "service"
        ? failure(claim, verdict, { reason: _tag, message, isUncertain: false })
        : { outcome: { _tag: "fail", reason: _tag, message, isUncertain: false }, ...blockOf(verdict, message) }
    case "Paused":
    case "Forbidden":
      return failure(claim, verdict, { reason: _tag, message, isUncertain: false })
    case "SinkOutcomeUnknown":
      return step === "target"
        ? failure(claim, verdict, { reason: "DealUnknown", message, isUncertain: false })
        : unknown(claim, verdict, message)
  }
}

/** The lookup found the item, and completing the item failed. After the last attempt the item stays incomplete. */
export const afterFinishError = (
  claim: Situation,
  error: SinkError,
  { remoteId, verdict }: { readonly remoteId: string; readonly verdict: FailureVerdict }
): Decision => {
  const decision = afterSinkError(claim, error, { step: "lookup", verdict })
  return isExhausted(claim) && decision.outcome._tag !== "release"
    ? { outcome: { _tag: "published", how: "adopted", remoteId, remark: `Not complete: ${error.message}` } }
    : decision
}

/** The item may have been created: a lookup comes next, after any number of attempts. */
const unknown = (claim: Situation, verdict: FailureVerdict, message: string): Decision => ({
  outcome: {
    _tag: "retry",
    reason: "OutcomeUnknown",
    message,
    due: { _tag: "Backoff", failures: tries(claim, verdict), atLeast: Timing.settleDelay },
    isUncertain: true,
    counts: verdict.isProven
  },
  ...blockOf(verdict, message)
})

/** Before another request, after lookups have shown that no earlier one created anything. */
export const beforeResend = ({ attempts }: Situation): Outcome | undefined =>
  attempts > Timing.maxAttempts
    ? {
        _tag: "fail",
        reason: "OutcomeUnknown",
        message: `Pipedrive confirmed none of ${Timing.maxAttempts} requests to create it, and does not show it`,
        isUncertain: false
      }
    : undefined

/** A lookup found nothing, and came too early to be believed. */
export const notThereYet = (wait: Duration.Duration): Outcome => ({
  _tag: "snooze",
  reason: "NotThereYet",
  message: "Pipedrive does not show it yet",
  due: { _tag: "After", wait },
  isUncertain: true
})

/** The failure to compare with others. `undefined` when the error names its scope itself. */
export const failureOfSink = (
  { key, userKey: user }: Pick<Claim, "key" | "userKey">,
  error: SinkError,
  step: Step
): Omit<Failure, "at"> | undefined => {
  const { _tag } = error.reason
  if (waits.has(_tag)) return undefined
  const isOfDeal = step === "target" || _tag === "TargetGone"
  return {
    thing: { user, key: isOfDeal ? `deal of ${user}` : String(key) },
    signature: signatureOf(error),
    // Against a limit the user's other files are not sent one after the other.
    isUserWide: isOfDeal || _tag === "ItemLimited"
  }
}

/** What is no failure: the sink will take the item later. */
const waits: ReadonlySet<SinkError["reason"]["_tag"]> = new Set(["Paused", "NotYet"])

/** Similar failures have the same signature. Numbers are left out, since they differ between things. */
export const signatureOf = ({ reason }: SinkError | GithubError): string => {
  switch (reason._tag) {
    case "SinkOutcomeUnknown":
    case "NotSent":
    case "Unavailable":
    case "Unreachable":
      return "unavailable"
    default:
      return `${reason._tag} ${reason.message.replace(/\d+/g, "#")}`
  }
}
