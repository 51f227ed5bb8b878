/**
 * Decides what becomes of a publication after an attempt that did not succeed, and who has to wait. Pure: no clock, no
 * database, no random. The table is in docs/lifecycle.md.
 *
 * Hazard: `isUncertain` must be true whenever something may have been created. The next attempt then starts with a lookup.
 */
import { type DateTime, Duration } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import type { After, At, Outcome } from "./due.ts"
import type { Verdict } from "./evidence.ts"
import type { SinkError } from "./Sink.ts"

/** Which other publications have to wait. */
export interface Block {
  readonly scope: "user" | "service"
  /** `Growing`: longer with each block in a row. */
  readonly until: After | At | { readonly _tag: "Growing" }
  readonly message: string
  /** `service`: the service holds every process until then. `self`: this process waits by its own judgement. */
  readonly enforcedBy: "service" | "self"
  /**
   * - `limit`: requests are limited.
   * - `fault`: the service cannot be reached.
   * - `restored`: a limit that another process, or an earlier one, met.
   * - `suspicion`: several failures seem global. Users of whom nothing has failed are still tried, slowly.
   */
  readonly cause: "limit" | "fault" | "restored" | "suspicion"
}

export interface Decision {
  readonly outcome: Outcome
  readonly block?: Block
}

/** The part of a claim that the decisions depend on. */
export interface Situation {
  /** Attempts so far, this one included. */
  readonly attempts: number
  /** Why the last attempt did not succeed. */
  readonly errorReason: string | null
}

/** The request to the sink: to find the file's remote ids, to find its target, or to create the file. */
export type Step = "lookup" | "target" | "create"

/** The block of all users after an error that concerns every item. `undefined` for any other error. */
export const globalBlock = (
  reason: SinkError["reason"],
  { isProven }: Pick<Verdict, "isProven">
): Block | undefined => {
  const { _tag, message } = reason
  switch (_tag) {
    case "Paused":
      return {
        scope: "service",
        until: { _tag: "At", instant: reason.until, atMost: Timing.maxBlock },
        message,
        enforcedBy: reason.enforcedBy,
        cause: reason.enforcedBy === "service" ? "limit" : "fault"
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

export const afterSinkError = (
  claim: Situation,
  { reason }: SinkError,
  { step, verdict }: { readonly step: Step; readonly verdict: Verdict }
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
  { remoteId, verdict }: { readonly remoteId: string; readonly verdict: Verdict }
): Decision => {
  const decision = afterSinkError(claim, error, { step: "lookup", verdict })
  return isExhausted(claim) && decision.outcome._tag !== "release"
    ? { outcome: { _tag: "published", how: "adopted", remoteId, remark: `Not complete: ${error.message}` } }
    : decision
}

/** The item may have been created: a lookup comes next, after any number of attempts. */
const unknown = (claim: Situation, verdict: Verdict, message: string): Decision => ({
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

/** A failure counts as an attempt only when it is proven that others succeed. */
const failure = (
  claim: Situation,
  verdict: Verdict,
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
const isExhausted = ({ attempts }: Situation): boolean => attempts >= Timing.maxAttempts

const tries = (claim: Situation, verdict: Verdict): number => Math.max(claim.attempts, verdict.failures)

const blockOf = ({ scope }: Verdict, message: string): { readonly block?: Block } =>
  scope === "thing" ? {} : { block: { ...suspicion(message, { _tag: "Growing" }), scope } }

const suspicion = (message: string, until: Block["until"]): Block => ({
  scope: "service",
  until,
  message,
  enforcedBy: "self",
  cause: "suspicion"
})

/** Hands the claim back unchanged: publishing is paused. */
export const release = (reason: string, message: string): Outcome => ({ _tag: "release", why: { reason, message } })

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

export const afterGithubError = (claim: Situation, error: GithubError, verdict: Verdict): Decision => {
  const { reason, scope } = error
  const { _tag, message } = reason
  const why = { reason: _tag, message, isUncertain: false }
  /** The failure is the file's own, whatever happened to others. */
  const own: Verdict = { ...verdict, scope: "thing", isProven: true }
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
  { _tag, enforcedBy, message, resumeAt }: Extract<GithubError["reason"], { readonly _tag: "RateLimited" }>,
  { isGlobal }: { readonly isGlobal: boolean }
): Decision =>
  isGlobal
    ? {
        outcome: release(_tag, message),
        block: {
          scope: "service",
          until: { _tag: "At", instant: resumeAt, atMost: Timing.maxBlock },
          message,
          enforcedBy,
          cause: "limit"
        }
      }
    : {
        outcome: {
          _tag: "snooze",
          reason: _tag,
          message,
          due: { _tag: "At", instant: resumeAt, atMost: Timing.maxSnooze },
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
export const afterContentError = (claim: Situation, error: GithubError, verdict: Verdict): Decision => ({
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
export const isEvidence = ({ reason, scope }: GithubError): boolean =>
  reason._tag === "Refused" || (reason._tag === "RateLimited" ? scope === "thing" : isGlobal(scope))

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
