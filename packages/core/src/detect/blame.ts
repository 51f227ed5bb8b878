/**
 * Decides whom a failed check is blamed on: the user, whose failure is recorded, or the token or GitHub, whose failure ends
 * the checks and marks no user.
 */
import { DateTime, Duration, Effect, Match } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import type { UserKey } from "../domain/User.ts"
import { type GithubError, githubError, Unavailable } from "../github/Github.ts"
import type { ScanUser } from "../store/Checks.ts"
import type { UserConflict } from "../store/Users.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type CheckResult, failed } from "./checkResult.ts"

/** This many users in a row without an answer are an outage of GitHub, not those users' failures. */
const signsOfOutage = 3

/** Reasons that may be the token's or GitHub's trouble all the same, so that the user is checked again soon. */
const passing: ReadonlySet<string> = new Set(["Unavailable", "Refused", "RateLimited"])

/** What blame does to users beyond the result of a check. */
export interface BlameOptions {
  /** Reads the user's list by smaller pages from now on. */
  readonly shrinkPages: (user: ScanUser) => Effect.Effect<void>
  /** Lists another account's gists, which shows whether GitHub answers at all. */
  readonly probe: Effect.Effect<void, GithubError>
  /** Takes back stored failures. */
  readonly unmark: (keys: ReadonlyArray<UserKey>) => Effect.Effect<void, DatabaseError>
}

/** Blame without any failure yet. */
export const make = ({ probe, shrinkPages, unmark }: BlameOptions) => {
  /** Failing users, with the reason, since GitHub last answered a list. */
  const marked = new Map<UserKey, string>()
  /** Users in a row that GitHub did not answer for. */
  let unanswered = 0

  const fail = Effect.fnUntraced(function* (
    user: ScanUser,
    error: { readonly reason: string; readonly message: string; readonly asked: Duration.Duration }
  ) {
    const { message, reason } = error
    marked.set(user.key, reason)
    const count = user.failures + 1
    yield* Telemetry.log("Warn", "user.failed", { user: user.username, reason, detail: message })
    return failed(user, { count, reason, message, retryIn: waitAfter({ ...error, count }) })
  })

  /** Records a refusal on the user, unless it is global. */
  const onGithubError = Effect.fnUntraced(function* (user: ScanUser, error: GithubError) {
    const { reason } = error
    const isUnavailable = reason instanceof Unavailable
    unanswered = isUnavailable ? unanswered + 1 : 0
    if (error.isGlobal && (!isUnavailable || unanswered >= signsOfOutage)) return yield* error
    if (needsSmallerPages(user, error)) yield* shrinkPages(user)
    return yield* fail(user, { reason: reason._tag, message: error.message, asked: yield* waitAskedBy(error) })
  })

  return {
    /** Fails when GitHub answered for none of the last users. */
    failInOutage: Effect.suspend(() => (unanswered >= signsOfOutage ? Effect.fail(outage()) : Effect.void)),
    /** GitHub answered a list. */
    onAnswer: (): void => {
      unanswered = 0
      marked.clear()
    },
    /** What a list's failure means, by its tag: a check that failed, or the error that ends the checks. */
    handlers: (user: ScanUser) => ({
      GithubError: (error: GithubError) => onGithubError(user, error),
      UserConflict: ({ message }: UserConflict) => {
        unanswered = 0
        return fail(user, { reason: "NameTaken", message, asked: Duration.zero })
      }
    }),
    /** Takes back the failures that were the same refusal, or outage, as the one that ended the checks. */
    withoutRefused: Effect.fnUntraced(function* (checked: ReadonlyArray<CheckResult>, ending: GithubError) {
      const isRefused = (reason: string) => isSameRefusal(reason, ending.reason._tag)
      const refused = new Set([...marked].filter(([, reason]) => isRefused(reason)).map(([key]) => key))
      marked.clear()
      // Users that GitHub never answers for, next to each other, seem an outage. Unmarked, they would end every scan.
      if (refused.size > 0 && ending.reason._tag === "Unavailable" && !(yield* isAway(probe))) return checked
      const own = checked.filter(({ check, outcome }) => outcome !== "Failed" || !refused.has(check.key))
      for (const { check } of checked) refused.delete(check.key)
      // Failures of earlier calls are stored already.
      if (refused.size > 0) yield* Effect.ignore(unmark([...refused]))
      return own
    }),
    /** Forgets the outage that ended the last scan. */
    forgetOutage: (): void => {
      unanswered = 0
    }
  }
}

/**
 * Whether GitHub may be able to show a smaller page. Without an answer, the second failure is no chance.
 * https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/18649
 */
export const needsSmallerPages = ({ failures }: Pick<ScanUser, "failures">, { reason }: GithubError): boolean =>
  (reason._tag === "Unavailable" && failures > 0) || (reason._tag === "Unexpected" && reason.isTooLong === true)

/** Whether GitHub does not answer the probe either. Any other failure of the probe is an answer. */
const isAway = (probe: Effect.Effect<void, GithubError>): Effect.Effect<boolean> =>
  Effect.match(probe, {
    onSuccess: () => false,
    onFailure: ({ reason }) => reason._tag === "Unavailable" || reason._tag === "Unreachable"
  })

const outage = (): GithubError =>
  githubError(new Unavailable({ message: "GitHub does not answer, for one user after the other" }))

/** The wait that GitHub asks for. */
const waitAskedBy = ({ reason }: GithubError): Effect.Effect<Duration.Duration> =>
  Match.value(reason).pipe(
    Match.tag("RateLimited", ({ resumeAt }) => Effect.map(DateTime.now, DateTime.distance(resumeAt))),
    Match.orElse(() => Effect.succeed(Duration.zero))
  )

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

/** By why GitHub refuses all requests, or all lists, or answers none: the reasons of users' failures that were the same. */
const sameRefusal: Readonly<Record<string, ReadonlyArray<string>>> = {
  Unauthorized: ["Refused"],
  Refused: ["Refused"],
  RateLimited: ["RateLimited"],
  Unexpected: ["UserNotFound", "Unexpected"],
  Unavailable: ["Unavailable"],
  Unreachable: ["Unavailable"]
}

/** Whether a user's failure was not the user's own, once all requests or lists are refused for `global`. */
export const isSameRefusal = (failure: string, global: string): boolean =>
  sameRefusal[global]?.includes(failure) === true
