/**
 * Pauses of publishing: begun by a failure, stored for the other processes on the database, and restored from what they
 * stored.
 */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Github } from "../github/Github.ts"
import { afterWait, waitUntil } from "../store/Limits.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Verdict } from "./evidence.ts"
import { afterGithubError, afterSinkError, type Block } from "./outcome.ts"
import type { Service } from "./Pause.ts"
import * as Pauses from "./Pause.ts"
import type { Sink } from "./Sink.ts"

/** Whose request began a pause. */
interface Cause {
  readonly service: Service
  readonly user: number
}

/** No request of a user's began a restored pause. */
const nobody = 0

/** For a cheap read of no publication. */
const unproven: Verdict = { scope: "thing", isProven: false, failures: 1, userFailures: 1, isAlone: false }
const nothingTried = { attempts: 0, errorReason: null }

/** What a cheap read shows. */
interface Probed {
  readonly isAccepted?: true
  readonly block?: Block
}

const accepted: Probed = { isAccepted: true }

export const make = ({
  github,
  limits,
  sink
}: {
  readonly github: Github["Service"]
  readonly limits: Store["Service"]["limits"]
  readonly sink: Sink["Service"]
}) => {
  const pauses = Pauses.make()
  /** Services whose refusal is stored, by this process or by another one. */
  const refusing = new Set<Service>()
  /** When the refusal of a service was last probed, in epoch milliseconds. */
  const probedAt: Record<Service, number> = { github: Number.NEGATIVE_INFINITY, sink: Number.NEGATIVE_INFINITY }
  const limitKeys: Record<Service, string> = { sink: sink.limitKey, github: github.limitKey }

  /** Makes others wait, and stores for the other processes what they should know of it. */
  const block = Effect.fnUntraced(function* (made: Block, { service, user }: Cause) {
    const at = yield* Clock.currentTimeMillis
    const begun = pauses.block(made, { service, user }, at)
    if (begun === undefined) return
    const { message, until } = begun
    yield* Telemetry.log("Warn", "publisher.paused", { until: DateTime.formatIso(until), detail: message })
    const wait = yield* waitUntil(until)
    switch (Pauses.sharedAs(made, wait)) {
      case "limit":
        return yield* limits.block(limitKeys[service], { wait, message })
      case "refusal":
        refusing.add(service)
        probedAt[service] = at
        return yield* limits.refuse(limitKeys[service], { wait, message })
    }
  })

  /** Ends a stored refusal: a request to the service succeeded. */
  const succeeded = Effect.fnUntraced(function* (service: Service) {
    if (!refusing.has(service)) return
    yield* limits.accept(limitKeys[service])
    refusing.delete(service)
  })

  /** What a cheap read of each service shows. */
  const probe: Record<Service, Effect.Effect<Probed>> = {
    sink: Effect.match(sink.probe ?? Effect.void, {
      onSuccess: () => accepted,
      onFailure: (error): Probed => afterSinkError(nothingTried, error, { step: "create", verdict: unproven })
    }),
    github: Effect.match(github.check, {
      onSuccess: () => accepted,
      onFailure: (error): Probed => afterGithubError(nothingTried, error, unproven)
    })
  }

  const known = Effect.map(
    Effect.suspend(() => limits.known([limitKeys.sink, limitKeys.github])),
    ([ofSink, ofGithub]) => [
      { service: "sink" as const, limit: ofSink?.limit, refusal: ofSink?.refusal },
      { service: "github" as const, limit: ofGithub?.limit, refusal: ofGithub?.refusal }
    ]
  )

  /** A stored refusal is neither forgotten nor obeyed: a cheap probe decides. */
  const restoreRefusal = Effect.fnUntraced(function* (service: Service) {
    refusing.add(service)
    const at = yield* Clock.currentTimeMillis
    const isProbed = at < probedAt[service] + Duration.toMillis(Timing.credentialDelay)
    if (isProbed || pauses.current(at) !== undefined) return
    probedAt[service] = at
    const probed = yield* probe[service]
    if (probed.isAccepted) yield* succeeded(service)
    if (probed.block !== undefined) yield* block(probed.block, { service, user: nobody })
  })

  return {
    pauses,
    block,
    accepted: succeeded,
    /** Obeys the limits that other processes, or an earlier one, met, and probes the refusals. */
    restore: Effect.gen(function* () {
      const stored = yield* known
      for (const { limit, service } of stored) {
        if (limit === undefined) continue
        const { message, wait } = limit
        const until = yield* afterWait(wait)
        yield* service === "sink" ? sink.block(until, message) : github.block(until, message)
        yield* block(
          { scope: "service", until: { _tag: "After", wait }, message, enforcedBy: "service", cause: "restored" },
          { service, user: nobody }
        )
      }
      for (const { refusal, service } of stored) {
        if (refusal !== undefined) yield* restoreRefusal(service)
      }
    }),
    current: Effect.map(Clock.currentTimeMillis, (at) => Option.fromUndefinedOr(pauses.current(at))),
    /** The pause as every process on the database shows it. */
    shared: Effect.gen(function* () {
      const stored = yield* known
      const own = pauses.current(yield* Clock.currentTimeMillis)
      return Option.fromUndefinedOr(
        Pauses.sharedPause(
          stored.map(({ limit, refusal, service }) => ({
            limit,
            refusal,
            own: own?.service === service ? own : undefined
          }))
        )
      )
    })
  }
}

export type Pausing = ReturnType<typeof make>
