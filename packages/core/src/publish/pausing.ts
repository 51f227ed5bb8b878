/**
 * Pauses of publishing: begun by a failure, stored for the other processes on the database, and restored from what they
 * stored.
 */
import { Clock, DateTime, Effect, Option } from "effect"
import type { Github } from "../github/Github.ts"
import { afterWait, type StoredLimit, waitUntil } from "../store/Limits.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Block } from "./decision.ts"
import { nobody } from "./evidence.ts"
import type { Service, Whose } from "./Pause.ts"
import * as Pauses from "./Pause.ts"
import * as Probe from "./probe.ts"
import type { Sink } from "./Sink.ts"
import { sharedAs, sharedPause } from "./sharedPause.ts"
import * as StoredRefusals from "./storedRefusals.ts"

interface Parts {
  readonly github: Github["Service"]
  readonly limits: Store["Service"]["limits"]
  readonly sink: Sink["Service"]
}

/** What is stored of each service, for all processes. */
const knownOf = (limits: Parts["limits"], limitKeys: Readonly<Record<Service, string>>) =>
  Effect.map(limits.known([limitKeys.sink, limitKeys.github]), ([ofSink, ofGithub]) => [
    { service: "sink" as const, limit: ofSink?.limit, refusal: ofSink?.refusal },
    { service: "github" as const, limit: ofGithub?.limit, refusal: ofGithub?.refusal }
  ])

export const make = ({ github, limits, sink }: Parts) => {
  const pauses = Pauses.make()
  const limitKeys: Record<Service, string> = { sink: sink.limitKey, github: github.limitKey }
  const refusals = StoredRefusals.make(limits, limitKeys)
  const probe = Probe.make({ github, sink })

  /** Makes others wait, and stores the pause when the other processes should know of it. */
  const block = Effect.fnUntraced(function* (made: Block, { service, user }: Whose) {
    const at = yield* Clock.currentTimeMillis
    const begun = pauses.block(made, { service, user }, at)
    if (begun === undefined) return
    const { message, until } = begun
    yield* Telemetry.log("Warn", "publisher.paused", { until: DateTime.formatIso(until), detail: message })
    const wait = yield* waitUntil(until)
    switch (sharedAs(made, wait)) {
      case "limit":
        return yield* limits.block(limitKeys[service], { wait, message })
      case "refusal":
        return yield* refusals.store(service, { wait, message }, at)
    }
  })

  const known = Effect.suspend(() => knownOf(limits, limitKeys))

  const restoreLimit = Effect.fnUntraced(function* (service: Service, { message, wait }: StoredLimit) {
    const until = yield* afterWait(wait)
    yield* service === "sink" ? sink.block(until, message) : github.block(until, message)
    yield* block(
      { scope: "service", until: { _tag: "After", wait }, message, enforcedBy: "service", cause: "restored" },
      { service, user: nobody }
    )
  })

  /** A stored refusal is neither forgotten nor obeyed: a cheap probe decides. */
  const restoreRefusal = Effect.fnUntraced(function* (service: Service) {
    const at = yield* Clock.currentTimeMillis
    if (!refusals.found(service, at) || pauses.current(at) !== undefined) return
    refusals.probed(service, at)
    const probed = yield* probe[service]
    if (probed.isAccepted) yield* refusals.end(service)
    if (probed.block !== undefined) yield* block(probed.block, { service, user: nobody })
  })

  return {
    pauses,
    block,
    /** Ends a stored refusal: a request to the service succeeded. */
    accepted: refusals.end,
    /** Obeys the limits that other processes, or an earlier one, met, and probes the refusals. */
    restore: Effect.gen(function* () {
      const stored = yield* known
      for (const { limit, service } of stored) if (limit !== undefined) yield* restoreLimit(service, limit)
      for (const { refusal, service } of stored) if (refusal !== undefined) yield* restoreRefusal(service)
    }),
    current: Effect.map(Clock.currentTimeMillis, (at) => Option.fromUndefinedOr(pauses.current(at))),
    /** The pause as every process on the database shows it. */
    shared: Effect.gen(function* () {
      const stored = yield* known
      const own = pauses.current(yield* Clock.currentTimeMillis)
      const ofServices = stored.map(({ service, ...known }) => ({
        ...known,
        own: own?.service === service ? own : undefined
      }))
      return Option.fromUndefinedOr(sharedPause(ofServices))
    })
  }
}

export type Pausing = ReturnType<typeof make>
