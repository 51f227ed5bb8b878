/** The one place that stores the outcome of an attempt, ends the attempt early, and takes a failure back. */
import { Data, DateTime, Duration, Effect, Metric, Random } from "effect"
import type { Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Decision, type Outcome, scheduled } from "./decision.ts"
import type { Service } from "./Pauses.ts"
import type { Pausing } from "./pausing.ts"
import type { Sink } from "./Sink.ts"

/** The state that was stored. `duplicate`: another process had published the file before. */
type Stored = Effect.Success<ReturnType<Store["Service"]["publications"]["settle"]>>

/** Counts and logs the outcome of an attempt. A release and a snooze are not counted. */
const report = Effect.fnUntraced(function* (claim: Claim, outcome: Outcome, stored: Stored) {
  const publication = { publication: claim.key, file: claim.htmlUrl }
  switch (outcome._tag) {
    case "release":
    case "snooze":
      return
    case "published": {
      const isFirst = stored === "published"
      yield* Metric.update(Telemetry.attempts(isFirst ? outcome.how : "duplicate"), 1)
      return yield* Telemetry.log("Info", isFirst ? "publication.published" : "publication.duplicate", {
        ...publication,
        remote_id: outcome.remoteId,
        outcome: outcome.how
      })
    }
    case "skip":
      yield* Metric.update(Telemetry.attempts(outcome.reason), 1)
      return yield* Telemetry.log("Info", "publication.skipped", { ...publication, detail: outcome.message })
    default: {
      const { message, reason } = outcome
      yield* Metric.update(Telemetry.attempts(reason), 1)
      yield* Telemetry.log("Warn", "publication.attempt_failed", {
        ...publication,
        state: stored,
        reason,
        detail: message
      })
    }
  }
})

/** Settling for one publisher. Its refusals are remembered until a success, to be taken back when they turn out to be global. */
export const make = ({
  pausing,
  publications,
  sink: { duplicateId }
}: {
  readonly pausing: Pausing
  readonly publications: Store["Service"]["publications"]
  readonly sink: Pick<Sink["Service"], "duplicateId">
}) => {
  const refusals = makeRefusals()

  /** Stores an outcome, and answers the state of the publication. */
  const settle = Effect.fnUntraced(function* (claim: Claim, outcome: Outcome) {
    const isPublished = outcome._tag === "published"
    if (isPublished) {
      pausing.pauses.succeeded("sink", { user: claim.userKey, key: String(claim.key) })
      refusals.clear()
    }
    const present = { now: yield* DateTime.now, random: yield* Random.next }
    const stored = yield* publications.settle(
      claim,
      scheduled(outcome, present),
      (remoteId) => duplicateId?.(remoteId, claim.target ?? "") ?? remoteId
    )
    if (isPublished) yield* pausing.accepted("sink")
    yield* report(claim, outcome, stored)
    return stored === "duplicate" ? ("published" as const) : stored
  })

  /** Stores the outcome of a decision, and makes others wait when the decision says so. */
  const decide = Effect.fnUntraced(function* (
    claim: Claim,
    { service, signature }: { readonly service: Service; readonly signature: string },
    { block, outcome }: Decision
  ) {
    if (outcome._tag === "fail" && !outcome.isUncertain) {
      refusals.add({ claim, signature, reason: outcome.reason, message: outcome.message })
    }
    const state = yield* settle(claim, outcome)
    if (block === undefined) return state
    if (block.scope === "service" && block.cause === "suspicion") refusals.turnedOutGlobal(signature)
    yield* pausing.block(block, { service, user: claim.userKey })
    return state
  })

  /** Takes back failures that turned out to be global: those publications wait again. */
  const takeBack = Effect.gen(function* () {
    for (const { claim, message, reason } of refusals.wrong()) {
      yield* publications.settle(claim, {
        _tag: "snooze",
        reason,
        message,
        due: { wait: Duration.zero, isLast: false },
        isUncertain: false
      })
    }
    refusals.clearWrong()
  })

  return { settle, decide, takeBack }
}

export type Settling = ReturnType<typeof make>

/** The state in which an attempt leaves a publication. */
export type State = Effect.Success<ReturnType<Settling["settle"]>>

/** The attempt has ended early, and the publication is settled. */
export class Ended extends Data.TaggedError("Ended")<{ readonly state: State }> {}

/** Settles, and ends the attempt. */
export const ending = <E>(settled: Effect.Effect<State, E>): Effect.Effect<never, E | Ended> =>
  Effect.flatMap(settled, (state) => Effect.fail(new Ended({ state })))

/** A publication that failed as refused, and why. */
interface RefusedPublication {
  readonly claim: Claim
  /** Equal for similar refusals. */
  readonly signature: string
  readonly reason: string
  readonly message: string
}

/** Refusals that are remembered. */
const capacity = 100

/** Publications that failed as refused. When a refusal turns out to be global, these failures are taken back. */
const makeRefusals = () => {
  /** Refusals since the last success. */
  let recent: ReadonlyArray<RefusedPublication> = []
  /** Those that turned out to be global. */
  let wrong: ReadonlyArray<RefusedPublication> = []

  return {
    add: (refusal: RefusedPublication): void => {
      recent = [...recent, refusal].slice(-capacity)
    },
    /** A refusal of this signature is global: the earlier refusals of the signature were not the files' own. */
    turnedOutGlobal: (signature: string): void => {
      wrong = [...wrong, ...recent.filter((refusal) => refusal.signature === signature)]
      recent = recent.filter((refusal) => refusal.signature !== signature)
    },
    /** Something was published: the refusals before were the files' own. */
    clear: (): void => {
      recent = []
    },
    /** Refusals that are to be taken back. */
    wrong: () => wrong,
    clearWrong: (): void => {
      wrong = []
    }
  }
}
