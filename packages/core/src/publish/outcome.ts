/**
 * Decides what becomes of a publication after an attempt that did not succeed, and who has to wait. Pure: no clock, no
 * database, no random. The table is in docs/lifecycle.md.
 *
 * Hazard: `isUncertain` must be true whenever something may have been created. The next holder then looks for it first.
 */
import { type DateTime, Duration } from "effect"
import type { Content } from "../domain/GistFile.ts"
import { isGlobal } from "../domain/Scope.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import type { Verdict } from "./evidence.ts"
import type { SinkError } from "./Sink.ts"

/** When something is tried again, or until when it is blocked. */
export type Due =
  | { readonly _tag: "Now" }
  | { readonly _tag: "After"; readonly wait: Duration.Duration }
  /** After the wait for that many failures, with jitter, at least `atLeast`, and not before the instant that a service named. */
  | {
      readonly _tag: "Backoff"
      readonly failures: number
      readonly atLeast: Duration.Duration
      readonly notBefore?: DateTime.Utc
    }
  /** At an instant that the service named, at most `atMost` from now. */
  | { readonly _tag: "At"; readonly instant: DateTime.Utc; readonly atMost: Duration.Duration }
  /** Longer with each block in a row. */
  | { readonly _tag: "Growing" }

export type Outcome =
  | {
      readonly _tag: "published"
      readonly remoteId: string
      readonly how: "published" | "adopted"
      readonly remark: string | null
    }
  /** Tried again. `counts` as one of the publication's own tries, of which it has `Timing.maxAttempts`. */
  | {
      readonly _tag: "retry"
      readonly reason: string
      readonly message: string
      readonly due: Due
      readonly isUncertain: boolean
      readonly counts: boolean
    }
  /** Tried later, for a reason that is no failure. */
  | {
      readonly _tag: "snooze"
      readonly reason: string
      readonly message: string
      readonly due: Due
      readonly isUncertain: boolean
    }
  /** Put back as it was, because nothing can be done for anybody. */
  | { readonly _tag: "release"; readonly reason: string; readonly message: string }
  | { readonly _tag: "fail"; readonly reason: string; readonly message: string; readonly isUncertain: boolean }
  /** The gist or file is gone. */
  | { readonly _tag: "discard"; readonly reason: string; readonly message: string }

/** Who has to wait beside the publication itself. */
export interface Block {
  readonly scope: "user" | "service"
  readonly until: Due
  readonly message: string
  /**
   * - `limit`: the service says so, to all processes.
   * - `fault`: nobody can be served, as without a connection.
   * - `recalled`: a limit that another process, or an earlier one, was told.
   * - `pace`: this process keeps itself back.
   * - `suspicion`: several failures look like everybody's. Users of whom nothing has failed are still tried, slowly.
   */
  readonly cause: "limit" | "fault" | "restored" | "pace" | "suspicion"
}

export interface Decision {
  readonly outcome: Outcome
  readonly block?: Block
}

/** What the decisions need of a claim. */
export interface Situation {
  /** Tries so far, with this one. */
  readonly attempts: number
  /** Why the last try did not succeed. */
  readonly errorReason: string | null
}

/** What was asked of the sink: is it there, what does it hang on, create it. */
export type Step = "lookup" | "target" | "create"

export const afterSinkError = (
  claim: Situation,
  { reason }: SinkError,
  { step, verdict }: { readonly step: Step; readonly verdict: Verdict }
): Decision => {
  const { _tag, message } = reason
  // A lookup tells of an earlier request: while it has not answered, that one's fate stays unknown.
  if (step === "lookup" && _tag !== "Paused") {
    const until = _tag === "ItemLimited" ? { notBefore: reason.until } : {}
    return trouble(claim, verdict, { reason: "LookupFailed", message, isUncertain: true, ...until })
  }
  switch (_tag) {
    case "Paused":
      return {
        outcome: { _tag: "release", reason: _tag, message },
        block: {
          scope: "service",
          until: { _tag: "At", instant: reason.until, atMost: Timing.maxClosure },
          message,
          cause: reason.binding ? "limit" : "fault"
        }
      }
    case "ItemLimited":
      return trouble(claim, verdict, { reason: _tag, message, isUncertain: false, notBefore: reason.until })
    case "NotYet":
      return {
        outcome: {
          _tag: "snooze",
          reason: _tag,
          message,
          due: { _tag: "At", instant: reason.retryAt, atMost: Timing.maxPutOff },
          isUncertain: false
        }
      }
    case "NotSent":
    case "TargetGone":
      return trouble(claim, { ...verdict, isProven: true }, { reason: _tag, message, isUncertain: false })
    case "ItemRefused":
      return verdict.scope === "service"
        ? trouble(claim, verdict, { reason: _tag, message, isUncertain: false })
        : { outcome: { _tag: "fail", reason: _tag, message, isUncertain: false }, ...blockOf(verdict, message) }
    case "Forbidden":
      // What concerns the credential at first sight concerns all, unless something has succeeded since.
      return isGlobal(reason.scope) && !verdict.isProven
        ? {
            outcome: { _tag: "release", reason: _tag, message },
            block: {
              scope: "service",
              until: { _tag: "After", wait: Timing.credentialDelay },
              message,
              cause: "suspicion"
            }
          }
        : trouble(claim, verdict, { reason: _tag, message, isUncertain: false })
    case "SinkOutcomeUnknown":
      return step === "target"
        ? trouble(claim, verdict, { reason: "DealUnknown", message, isUncertain: false })
        : unknown(claim, verdict, message)
  }
}

/** Nobody knows whether it was created: a lookup comes next, however often it was tried. */
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

/** It did not work. It counts as a try only when something proves that others work. */
const trouble = (
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

/** Whether this was the last of the publication's own tries. */
export const isExhausted = ({ attempts }: Situation): boolean => attempts >= Timing.maxAttempts

const tries = (claim: Situation, verdict: Verdict): number => Math.max(claim.attempts, verdict.failures)

const blockOf = ({ scope }: Verdict, message: string): { readonly block?: Block } =>
  scope === "thing" ? {} : { block: { scope, until: { _tag: "Growing" }, message, cause: "suspicion" } }

/** Before it is sent once more, after lookups have shown that it is not there. */
export const beforeResend = ({ attempts }: Situation): Outcome | undefined =>
  attempts > Timing.maxAttempts
    ? {
        _tag: "fail",
        reason: "OutcomeUnknown",
        message: `None of ${Timing.maxAttempts} requests to create it was confirmed, and it is not there`,
        isUncertain: false
      }
    : undefined

/** A lookup found nothing, and comes too early to be believed. */
export const notThereYet = (wait: Duration.Duration): Outcome => ({
  _tag: "snooze",
  reason: "NotThereYet",
  message: "It does not show in Pipedrive yet",
  due: { _tag: "After", wait },
  isUncertain: true
})

/** A deal waits for its note, and the content for GitHub. */
export const contentLater = (message: string): Outcome => ({
  _tag: "snooze",
  reason: "ContentLater",
  message,
  due: { _tag: "After", wait: Duration.minutes(1) },
  isUncertain: true
})

/** The last tries leave the content out: a link that arrives is better than a text that does not. */
export const sendsContent = ({ attempts }: Situation): boolean => attempts < Timing.maxAttempts - 1

export const afterGithubError = (claim: Situation, error: GithubError, verdict: Verdict): Decision => {
  const { reason, scope } = error
  const { _tag, message } = reason
  switch (_tag) {
    case "GistNotFound":
    case "UserNotFound":
      return { outcome: missing(claim, "GistNotFound", "GistGone", message) }
    case "NotPublic":
      return { outcome: { _tag: "discard", reason: _tag, message } }
    case "Blocked":
      return { outcome: { _tag: "fail", reason: _tag, message, isUncertain: false } }
    case "RateLimited":
      if (scope === "thing") {
        return trouble(claim, verdict, { reason: _tag, message, isUncertain: false, notBefore: reason.resumeAt })
      }
      return isGlobal(scope)
        ? {
            outcome: { _tag: "release", reason: _tag, message },
            block: {
              scope: "service",
              until: { _tag: "At", instant: reason.resumeAt, atMost: Timing.maxClosure },
              message,
              cause: reason.binding ? "limit" : "pace"
            }
          }
        : {
            outcome: {
              _tag: "snooze",
              reason: _tag,
              message,
              due: { _tag: "At", instant: reason.resumeAt, atMost: Timing.maxPutOff },
              isUncertain: false
            }
          }
    case "Unavailable":
    case "Unreachable":
      return trouble(claim, isGlobal(scope) ? verdict : { ...verdict, scope: "thing", isProven: true }, {
        reason: _tag,
        message,
        isUncertain: false
      })
    default:
      // The token's trouble: the same for all that is read with it.
      if (isGlobal(scope)) {
        return {
          outcome: { _tag: "release", reason: _tag, message },
          block: {
            scope: "service",
            until:
              error.retryAt === undefined
                ? { _tag: "After", wait: Timing.githubCredentialDelay }
                : { _tag: "At", instant: error.retryAt, atMost: Timing.maxClosure },
            message,
            cause: "suspicion"
          }
        }
      }
      return _tag === "Refused" && verdict.isProven
        ? { outcome: { _tag: "fail", reason: _tag, message, isUncertain: false } }
        : trouble(claim, _tag === "Refused" ? verdict : { ...verdict, scope: "thing", isProven: true }, {
            reason: _tag,
            message,
            isUncertain: false
          })
  }
}

/** Whether an error can tell of everybody's trouble, so that it is compared with others. Other limits say themselves whose they are. */
export const isEvidence = ({ reason, scope }: GithubError): boolean =>
  reason._tag === "Refused" || (reason._tag === "RateLimited" ? scope === "thing" : isGlobal(scope))

/**
 * A content that cannot be had is left out, and the file is published as a link. `isWhole`: the content comes with the gist
 * itself, whose visibility is then not known either, so nothing is published.
 */
export const contentInPlaceOf = (
  claim: Situation,
  { reason, scope }: GithubError,
  { isWhole }: { readonly isWhole: boolean }
): Content | undefined => {
  if (isWhole || isGlobal(scope)) return undefined
  const omitted: Content = { _tag: "Omitted", why: reason.message }
  switch (reason._tag) {
    case "Blocked":
    case "Refused":
    case "Unexpected":
      return omitted
    case "RateLimited":
      // Waited for once.
      return claim.errorReason === "RateLimited" ? omitted : undefined
    case "Unavailable":
    case "Unreachable":
      return sendsContent(claim) ? undefined : omitted
    default:
      return undefined
  }
}

/** GitHub's page of a gist can lag behind the list: a thing that is missing once is not gone yet. */
export const missing = (claim: Situation, once: string, twice: string, message: string): Outcome =>
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

/** Failures that look alike have the same signature. Numbers differ from thing to thing. */
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
