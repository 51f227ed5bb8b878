/** Judges the scope of a failure, by the failures and successes before it, and by a cheap read that can prove more. */
import { Clock, Effect, Exit } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import type { Failure, Thing, Verdict } from "./evidence.ts"
import { isEvidence } from "./githubOutcome.ts"
import { type Step, signatureOf } from "./outcome.ts"
import type { Pauses, Service } from "./Pause.ts"
import type { Sink, SinkError } from "./Sink.ts"

/** For errors that name their scope themselves. */
export const noVerdict: Verdict = { scope: "thing", isProven: true, failures: 1, userFailures: 1, isAlone: false }

const namesItsScope = ({ reason }: SinkError): boolean => reason._tag === "Paused" || reason._tag === "NotYet"

interface Parts {
  readonly github: Github["Service"]
  readonly pauses: Pauses
  readonly sink: Sink["Service"]
}

export const make = ({ github, pauses, sink }: Parts) => {
  /** While no other failure is similar, a cheap read proves whether the service works. */
  const judge = Effect.fnUntraced(function* (
    service: Service,
    failed: Omit<Failure, "at">,
    probe: Effect.Effect<unknown, unknown> | undefined
  ) {
    const failure = { ...failed, at: yield* Clock.currentTimeMillis }
    const verdict = pauses.failed(service, failure)
    if (verdict.isProven || !verdict.isAlone || probe === undefined) return verdict
    if (Exit.isFailure(yield* Effect.exit(probe))) return verdict
    pauses.proved(service, failure.thing)
    return { ...verdict, isProven: true }
  })

  return {
    ofGithub: (claim: Claim, error: GithubError): Effect.Effect<Verdict> => {
      if (!isEvidence(error)) return Effect.succeed(noVerdict)
      const isLimit = error.reason._tag === "RateLimited"
      return judge(
        "github",
        // After a limit the user's other files are not asked for one after the other.
        { thing: { user: claim.userKey, key: claim.gistId }, signature: signatureOf(error), isUserWide: isLimit },
        claim.errorReason === null || isLimit ? undefined : github.check
      )
    },
    ofSink: (claim: Claim, error: SinkError, step: Step): Effect.Effect<Verdict> => {
      if (namesItsScope(error)) return Effect.succeed(noVerdict)
      const { _tag } = error.reason
      const user = claim.userKey
      const isOfDeal = step === "target" || _tag === "TargetGone"
      const isLimit = _tag === "ItemLimited"
      return judge(
        "sink",
        {
          thing: { user, key: isOfDeal ? `deal of ${user}` : String(claim.key) },
          signature: signatureOf(error),
          // Against a limit the user's other files are not sent one after the other.
          isUserWide: isOfDeal || isLimit
        },
        // A cheap read may fit into a limit that leaves no room for a create.
        claim.errorReason === null || isLimit ? undefined : sink.probe
      )
    },
    /** An error of an audit, or of a deletion: only a refusal that may be the credential's needs a verdict. */
    ofUpkeep: (error: SinkError, thing: Thing): Effect.Effect<Verdict> =>
      error.reason._tag === "Forbidden" && isGlobal(error.reason.scope)
        ? judge("sink", { thing, signature: signatureOf(error), isUserWide: false }, sink.probe)
        : Effect.succeed(noVerdict)
  }
}
