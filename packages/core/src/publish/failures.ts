/**
 * Settles a publication after an error of GitHub or of the sink: judges whose failure it is, and decides.
 *
 * The failures and successes before it show the scope of a failure. A cheap read can prove more.
 */
import { Clock, Effect, Exit } from "effect"
import { isGlobal } from "../domain/Scope.ts"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import { type Failure, type FailureVerdict, noVerdict, type Thing } from "./evidence.ts"
import { afterContentError, afterGithubError, failureOfGithub } from "./githubOutcome.ts"
import { afterFinishError, afterSinkError, failureOfSink, globalBlock, type Step, signatureOf } from "./outcome.ts"
import type { Pauses, Service } from "./Pauses.ts"
import type { Pausing } from "./pausing.ts"
import type { Sink, SinkError } from "./Sink.ts"
import type { Settling } from "./settle.ts"

/** The request to the sink, and its target. */
interface SinkRequest {
  readonly step: Step
  readonly target?: string
}

const from = (service: Service, error: SinkError | GithubError) => ({ service, signature: signatureOf(error) })

interface Parts {
  readonly github: Github["Service"]
  readonly pausing: Pausing
  readonly settling: Settling
  readonly sink: Sink["Service"]
}

/** Judges failures of both services, and settles the publications that met them. */
export const make = ({ github, pausing, settling: { decide }, sink }: Parts) => {
  const judge = makeJudge({ github, pauses: pausing.pauses, sink })
  /** Targets that were replaced since their user's last success. */
  const replaced = new Map<number, string>()

  const ofGithub = Effect.fnUntraced(function* (claim: Claim, error: GithubError) {
    const verdict = yield* judge.ofGithub(claim, error)
    return yield* decide(claim, from("github", error), afterGithubError(claim, error, verdict))
  })

  /** The content of an item that a lookup found cannot be read now, and neither can any other content. */
  const ofContent = Effect.fnUntraced(function* (claim: Claim, error: GithubError) {
    const decision = afterContentError(claim, error, yield* judge.ofGithub(claim, error))
    return yield* decide(claim, from("github", error), decision)
  })

  /** Forgets a target that is gone, once, and answers whether it did. When the replacement is gone as well, the target was not at fault. */
  const replaceOnce = Effect.fnUntraced(function* (claim: Claim, { reason }: SinkError, target: string | undefined) {
    const user = claim.userKey
    if (reason._tag !== "TargetGone" || target === undefined || (replaced.get(user) ?? target) !== target) return false
    replaced.set(user, target)
    yield* Effect.ignore(sink.forget(claim, target))
    return true
  })

  const ofSink = Effect.fnUntraced(function* (claim: Claim, error: SinkError, { step, target }: SinkRequest) {
    const verdict = (yield* replaceOnce(claim, error, target)) ? noVerdict : yield* judge.ofSink(claim, error, step)
    return yield* decide(claim, from("sink", error), afterSinkError(claim, error, { step, verdict }))
  })

  /** A lookup found an item, and completing the item failed. */
  const ofFinish = Effect.fnUntraced(function* (claim: Claim, error: SinkError, remoteId: string) {
    const verdict = yield* judge.ofSink(claim, error, "lookup")
    return yield* decide(claim, from("sink", error), afterFinishError(claim, error, { remoteId, verdict }))
  })

  /** After an error of an audit or a deletion: makes all users wait when the error is global. Answers whether it is. */
  const ofUpkeep = Effect.fnUntraced(function* (error: SinkError, thing: Thing) {
    const block = globalBlock(error.reason, yield* judge.ofUpkeep(error, thing))
    if (block !== undefined) yield* pausing.block(block, { service: "sink", user: thing.user })
    return block !== undefined
  })

  return {
    ofGithub,
    ofContent,
    ofSink,
    ofFinish,
    ofUpkeep,
    /** The user's target works. */
    targetWorks: (user: number): void => void replaced.delete(user)
  }
}

export type Failures = ReturnType<typeof make>

const limits: ReadonlySet<(SinkError | GithubError)["reason"]["_tag"]> = new Set(["RateLimited", "ItemLimited"])

/** Judges the scope of a failure. While no other failure is similar, a cheap read proves whether the service works. */
const makeJudge = ({
  github,
  pauses,
  sink
}: {
  readonly github: Github["Service"]
  readonly pauses: Pauses
  readonly sink: Sink["Service"]
}) => {
  const judge = Effect.fnUntraced(function* (
    service: Service,
    failed: Omit<Failure, "at"> | undefined,
    probe: Effect.Effect<unknown, unknown> | undefined
  ): Effect.fn.Return<FailureVerdict> {
    if (failed === undefined) return noVerdict
    const failure = { ...failed, at: yield* Clock.currentTimeMillis }
    const verdict = pauses.failed(service, failure)
    if (verdict.isProven || !verdict.isAlone || probe === undefined) return verdict
    if (Exit.isFailure(yield* Effect.exit(probe))) return verdict
    pauses.proved(service, failure.thing)
    return { ...verdict, isProven: true }
  })

  /** The first failure is only tried again. A cheap read may fit into a limit that leaves no room for the request itself. */
  const mayProbe = (claim: Claim, { reason }: SinkError | GithubError): boolean =>
    claim.errorReason !== null && !limits.has(reason._tag)

  return {
    ofGithub: (claim: Claim, error: GithubError) =>
      judge("github", failureOfGithub(claim, error), mayProbe(claim, error) ? github.check : undefined),
    ofSink: (claim: Claim, error: SinkError, step: Step) =>
      judge("sink", failureOfSink(claim, error, step), mayProbe(claim, error) ? sink.probe : undefined),
    /** An error of an audit, or of a deletion: only a refusal that may be the credential's needs a verdict. */
    ofUpkeep: (error: SinkError, thing: Thing) =>
      judge(
        "sink",
        error.reason._tag === "Forbidden" && isGlobal(error.reason.scope)
          ? { thing, signature: signatureOf(error), isUserWide: false }
          : undefined,
        sink.probe
      )
  }
}
