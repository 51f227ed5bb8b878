/**
 * Pauses of publishing: begun by a failure, stored for the other processes on the database, and restored from what they
 * stored (`limits/Limits.ts`).
 */
import { Clock, DateTime, Effect, Option } from "effect"
import type { Github } from "../github/Github.ts"
import type { Limits } from "../limits/Limits.ts"
import type { StoredLimit } from "../store/Limits.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { PublishingBlock } from "./decision.ts"
import { type FailureVerdict, nobody } from "./evidence.ts"
import { afterGithubError } from "./githubOutcome.ts"
import { afterSinkError } from "./outcome.ts"
import type { Service, Whose } from "./Pauses.ts"
import * as Pauses from "./Pauses.ts"
import type { Sink } from "./Sink.ts"
import { sharedPause } from "./sharedPause.ts"

interface Parts {
  readonly github: Github["Service"]
  readonly limits: Limits["Service"]
  readonly sink: Sink["Service"]
}

const services: ReadonlyArray<Service> = ["sink", "github"]

/** Keeps the pauses of this process in step with those that the database holds for all processes. */
export const make = ({ github, limits, sink }: Parts) => {
  const pauses = Pauses.make()
  const probe = makeProbes({ github, sink })

  /** Makes others wait, and stores the pause when the other processes should know of it. */
  const block = Effect.fnUntraced(function* (made: PublishingBlock, { service, user }: Whose) {
    const at = yield* Clock.currentTimeMillis
    const begun = pauses.block(made, { service, user }, at)
    if (begun === undefined) return
    const { message, until } = begun
    yield* Telemetry.log("Warn", "publisher.paused", { until: DateTime.formatIso(until), detail: message })
    yield* limits.store(service, made, until)
  })

  const restoreLimit = (service: Service, { message, wait }: StoredLimit) =>
    block(
      { scope: "service", until: { _tag: "After", wait }, message, enforcedBy: "service", cause: "restored" },
      { service, user: nobody }
    )

  /** A stored refusal is neither forgotten nor obeyed: a cheap probe decides. */
  const restoreRefusal = Effect.fnUntraced(function* (service: Service) {
    if (pauses.current(yield* Clock.currentTimeMillis) !== undefined || !(yield* limits.claimProbe(service))) return
    const probed = yield* probe[service]
    if (probed.isAccepted) yield* limits.accepted(service)
    if (probed.block !== undefined) yield* block(probed.block, { service, user: nobody })
  })

  return {
    pauses,
    block,
    /** Ends a stored refusal: a request to the service succeeded. */
    accepted: limits.accepted,
    /** Obeys the limits that other processes, or an earlier one, met, and probes the refusals. */
    restore: Effect.gen(function* () {
      const stored = yield* limits.restore(services)
      for (const [index, service] of services.entries()) {
        const limit = stored[index]?.limit
        if (limit !== undefined) yield* restoreLimit(service, limit)
      }
      for (const [index, service] of services.entries()) {
        if (stored[index]?.refusal !== undefined) yield* restoreRefusal(service)
      }
    }),
    current: Effect.map(Clock.currentTimeMillis, (at) => Option.fromUndefinedOr(pauses.current(at))),
    /** The pause as every process on the database shows it. */
    shared: Effect.gen(function* () {
      const stored = yield* limits.stored(services)
      const own = pauses.current(yield* Clock.currentTimeMillis)
      return Option.fromUndefinedOr(
        sharedPause(stored.map((known) => ({ ...known, own: own?.service === known.name ? own : undefined })))
      )
    })
  }
}

export type Pausing = ReturnType<typeof make>

/** The result of a cheap read. */
interface Probed {
  readonly isAccepted?: true
  readonly block?: PublishingBlock
}

const accepted: Probed = { isAccepted: true }

/** For a read of no publication. */
const unproven: FailureVerdict = { scope: "thing", isProven: false, failures: 1, userFailures: 1, isAlone: false }
const nothingTried = { attempts: 0, errorReason: null }

/** A cheap read of each service, which shows whether the service works again. */
const makeProbes = ({
  github,
  sink
}: {
  readonly github: Github["Service"]
  readonly sink: Sink["Service"]
}): Readonly<Record<Service, Effect.Effect<Probed>>> => ({
  sink: Effect.match(sink.probe ?? Effect.void, {
    onSuccess: () => accepted,
    onFailure: (error): Probed => afterSinkError(nothingTried, error, { step: "create", verdict: unproven })
  }),
  github: Effect.match(github.check, {
    onSuccess: () => accepted,
    onFailure: (error): Probed => afterGithubError(nothingTried, error, unproven)
  })
})
