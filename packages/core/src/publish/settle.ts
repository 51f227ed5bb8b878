/** The one place that stores what became of a publication. */
import { DateTime, Duration, Effect, Metric, Random } from "effect"
import type { Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Outcome, scheduled } from "./due.ts"
import type { Decision } from "./outcome.ts"
import type { Service } from "./Pause.ts"
import type { Pausing } from "./pausing.ts"

/** A publication that failed as refused, and how: one that failed alike may show that the refusal was global. */
interface Refusal {
  readonly claim: Claim
  readonly signature: string
  readonly reason: string
  readonly message: string
}

/** Refusals that are remembered. */
const refusedCapacity = 100

const thingOf = (claim: Claim) => ({ user: claim.userKey, key: String(claim.key) })

export const make = ({
  pausing,
  publications
}: {
  readonly pausing: Pausing
  readonly publications: Store["Service"]["publications"]
}) => {
  /** Publications that failed as refused since the last success. */
  let refused: ReadonlyArray<Refusal> = []
  /** Those of them whose refusal turned out to be global. */
  let wronglyFailed: ReadonlyArray<Refusal> = []

  /** Stores an outcome, and answers the state of the publication. */
  const settle = Effect.fnUntraced(function* (claim: Claim, outcome: Outcome) {
    if (outcome._tag === "published") {
      pausing.pauses.succeeded("sink", thingOf(claim))
      refused = []
    }
    const present = { now: yield* DateTime.now, random: yield* Random.next }
    const stored = yield* publications.settle(claim, scheduled(outcome, present))
    if (outcome._tag === "published") {
      yield* pausing.accepted("sink")
      const isFirst = stored === "published"
      yield* Metric.update(Telemetry.attempts(isFirst ? outcome.how : "duplicate"), 1)
      yield* Telemetry.log("Info", isFirst ? "publication.published" : "publication.duplicate", {
        publication: claim.key,
        file: claim.htmlUrl,
        remote_id: outcome.remoteId,
        outcome: outcome.how
      })
      return "published" as const
    }
    const state = stored as Exclude<typeof stored, "published" | "duplicate">
    if (outcome._tag === "release" || outcome._tag === "snooze") return state
    const { message, reason } = outcome
    yield* Metric.update(Telemetry.attempts(reason), 1)
    yield* Telemetry.log("Warn", "publication.set_back", {
      publication: claim.key,
      file: claim.htmlUrl,
      state,
      reason,
      detail: message
    })
    return state
  })

  /** Stores the outcome of a decision, and makes others wait when the decision says so. */
  const decide = Effect.fnUntraced(function* (
    claim: Claim,
    { service, signature }: { readonly service: Service; readonly signature: string },
    { block, outcome }: Decision
  ) {
    if (outcome._tag === "fail" && !outcome.isUncertain) {
      const { message, reason } = outcome
      refused = [...refused, { claim, signature, reason, message }].slice(-refusedCapacity)
    }
    const state = yield* settle(claim, outcome)
    if (block === undefined) return state
    if (block.scope === "service" && block.cause === "suspicion") {
      wronglyFailed = [...wronglyFailed, ...refused.filter((one) => one.signature === signature)]
      refused = refused.filter((one) => one.signature !== signature)
    }
    yield* pausing.block(block, { service, user: claim.userKey })
    return state
  })

  /** Takes back failures that turned out to be global: those publications wait again. */
  const takeBack = Effect.gen(function* () {
    for (const { claim, message, reason } of wronglyFailed) {
      yield* publications.settle(claim, {
        _tag: "snooze",
        reason,
        message,
        due: { wait: Duration.zero, isLast: false },
        isUncertain: false
      })
    }
    wronglyFailed = []
  })

  return { settle, decide, takeBack }
}

export type Settling = ReturnType<typeof make>
