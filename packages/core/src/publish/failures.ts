/** Settles a publication after an error of GitHub or of the sink: judges whose failure it is, and decides. */
import { Effect } from "effect"
import type { Github, GithubError } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import type { Thing } from "./evidence.ts"
import { afterContentError, afterGithubError } from "./githubOutcome.ts"
import * as Judge from "./judge.ts"
import { afterFinishError, afterSinkError, globalBlock, type Step, signatureOf } from "./outcome.ts"
import type { Service } from "./Pause.ts"
import type { Pausing } from "./pausing.ts"
import type { Sink, SinkError } from "./Sink.ts"
import type { Settling } from "./settle.ts"

/** The request to the sink, and its target. */
interface Asked {
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

export const make = ({ github, pausing, settling: { decide }, sink }: Parts) => {
  const judge = Judge.make({ github, pauses: pausing.pauses, sink })
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

  const ofSink = Effect.fnUntraced(function* (claim: Claim, error: SinkError, { step, target }: Asked) {
    const verdict = (yield* replaceOnce(claim, error, target))
      ? Judge.noVerdict
      : yield* judge.ofSink(claim, error, step)
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
