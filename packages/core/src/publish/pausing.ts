/**
 * Pauses of publishing: begun by a failure, stored for the other processes on the database, and restored from what they
 * stored.
 */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Github } from "../github/Github.ts"
import { afterWait, type StoredLimit, type Wait, waitUntil } from "../store/Limits.ts"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Block } from "./decision.ts"
import { nobody, type Verdict } from "./evidence.ts"
import { afterGithubError } from "./githubOutcome.ts"
import { afterSinkError } from "./outcome.ts"
import type { Service, Whose } from "./Pauses.ts"
import * as Pauses from "./Pauses.ts"
import type { Sink } from "./Sink.ts"
import { sharedAs, sharedPause } from "./sharedPause.ts"

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

/** Keeps the pauses of this process in step with those that the database holds for all processes. */
export const make = ({ github, limits, sink }: Parts) => {
  const pauses = Pauses.make()
  const limitKeys: Record<Service, string> = { sink: sink.limitKey, github: github.limitKey }
  const refusals = makeStoredRefusals(limits, limitKeys)
  const probe = makeProbes({ github, sink })

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

/** The refusals of both services that are stored for all processes on the database, and when each was last probed. */
const makeStoredRefusals = (limits: Store["Service"]["limits"], limitKeys: Readonly<Record<Service, string>>) => {
  /** Services whose refusal is stored, by this process or by another one. */
  const refusing = new Set<Service>()
  /** In epoch milliseconds. */
  const probedAt: Record<Service, number> = { github: Number.NEGATIVE_INFINITY, sink: Number.NEGATIVE_INFINITY }

  return {
    /** Stores that a request was refused at an instant. */
    store: (service: Service, refusal: Wait, at: number) => {
      refusing.add(service)
      probedAt[service] = at
      return limits.refuse(limitKeys[service], refusal)
    },
    /** Ends a stored refusal: a request to the service succeeded. */
    end: Effect.fnUntraced(function* (service: Service) {
      if (!refusing.has(service)) return
      yield* limits.accept(limitKeys[service])
      refusing.delete(service)
    }),
    /** Notes a refusal that is stored. Answers whether a probe may follow. */
    found: (service: Service, at: number): boolean => {
      refusing.add(service)
      return at >= probedAt[service] + Duration.toMillis(Timing.credentialDelay)
    },
    probed: (service: Service, at: number): void => {
      probedAt[service] = at
    }
  }
}

/** The result of a cheap read. */
interface Probed {
  readonly isAccepted?: true
  readonly block?: Block
}

const accepted: Probed = { isAccepted: true }

/** For a read of no publication. */
const unproven: Verdict = { scope: "thing", isProven: false, failures: 1, userFailures: 1, isAlone: false }
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
