/** Settles a publication after an error of GitHub or of the sink: judges whose failure it is, and decides. */
import { Clock, Effect, Exit } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import type { Failure, Verdict } from "./evidence.ts"
import {
  afterFinishError,
  afterGithubError,
  afterSinkError,
  globalBlock,
  isEvidence,
  type Step,
  signatureOf
} from "./outcome.ts"
import type { Service } from "./Pause.ts"
import type { Pausing } from "./pausing.ts"
import type { Sink, SinkError } from "./Sink.ts"
import type { Settling } from "./settle.ts"

/** For errors that name their scope themselves. */
const noVerdict: Verdict = { scope: "thing", isProven: true, failures: 1, userFailures: 1, isAlone: false }

const namesItsScope = ({ reason }: SinkError): boolean => reason._tag === "Paused" || reason._tag === "NotYet"

/** No user's request: a duplicate belongs to no user. */
const nobody = 0

/** What the sink was asked for, and with which target. */
interface Asked {
  readonly step: Step
  readonly target?: string
}

export const make = ({
  github,
  pausing,
  settling: { decide },
  sink
}: {
  readonly github: Github["Service"]
  readonly pausing: Pausing
  readonly settling: Settling
  readonly sink: Sink["Service"]
}) => {
  const { pauses } = pausing
  /** Targets that were replaced since their user's last success. */
  const replaced = new Map<number, string>()

  /** Whose failure it is. While no other failure is similar, a cheap read proves whether the service works. */
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

  const ofGithub = Effect.fnUntraced(function* (claim: Claim, error: GithubError) {
    const signature = signatureOf(error)
    // The proof comes before a refusal, which is final. Any other failure is tried again first.
    const isFinal = error.reason._tag === "Blocked"
    const isLimit = error.reason._tag === "RateLimited"
    const verdict = isEvidence(error)
      ? yield* judge(
          "github",
          // After a limit the user's other files are not asked for one after the other.
          { thing: { user: claim.userKey, key: claim.gistId }, signature, isUserWide: isLimit },
          (isFinal || claim.errorReason !== null) && !isLimit ? github.check : undefined
        )
      : noVerdict
    return yield* decide(claim, { service: "github", signature }, afterGithubError(claim, error, verdict))
  })

  /** Whose failure an error of the sink is. */
  const judgeSink = (claim: Claim, error: SinkError, step: Step) => {
    const { reason } = error
    const user = claim.userKey
    const isOfDeal = step === "target" || reason._tag === "TargetGone"
    const isLimit = reason._tag === "ItemLimited"
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
  }

  const ofSink = Effect.fnUntraced(function* (claim: Claim, error: SinkError, { step, target }: Asked) {
    const { _tag } = error.reason
    const user = claim.userKey
    let verdict = noVerdict
    if (_tag === "TargetGone" && target !== undefined && (replaced.get(user) ?? target) === target) {
      // When the replacement is gone as well, the first target was not at fault: it is not replaced again.
      replaced.set(user, target)
      yield* Effect.ignore(sink.forget(claim, target))
    } else if (!namesItsScope(error)) {
      verdict = yield* judgeSink(claim, error, step)
    }
    return yield* decide(
      claim,
      { service: "sink", signature: signatureOf(error) },
      afterSinkError(claim, error, { step, verdict })
    )
  })

  /** After the lookup has found what an earlier request created, completing it failed. */
  const ofFinish = Effect.fnUntraced(function* (claim: Claim, error: SinkError, remoteId: string) {
    const verdict = namesItsScope(error) ? noVerdict : yield* judgeSink(claim, error, "lookup")
    return yield* decide(
      claim,
      { service: "sink", signature: signatureOf(error) },
      afterFinishError(claim, error, { remoteId, verdict })
    )
  })

  /** After an error of an audit, or of a deletion: makes all users wait when it is global. Answers whether it is. */
  const ofUpkeep = Effect.fnUntraced(function* (error: SinkError, key: string, user: number = nobody) {
    const { reason } = error
    const verdict =
      reason._tag === "Forbidden" && isGlobal(reason.scope)
        ? yield* judge("sink", { thing: { user, key }, signature: signatureOf(error), isUserWide: false }, sink.probe)
        : noVerdict
    const block = globalBlock(reason, verdict)
    if (block !== undefined) yield* pausing.block(block, { service: "sink", user })
    return block !== undefined
  })

  return {
    ofGithub,
    ofSink,
    ofFinish,
    ofUpkeep,
    /** The user's target works. */
    targetWorks: (user: number): void => void replaced.delete(user)
  }
}

export type Failures = ReturnType<typeof make>
