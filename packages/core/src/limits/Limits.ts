/**
 * The limits of both services, as this process knows them: what is left, what is stored for all processes on the database,
 * and what is restored from there.
 *
 * - `Limit.ts`, `answers.ts`, `evidence.ts`: what an answer shows about a limit
 * - `Throttle.ts`, `stated.ts`, `slots.ts`, `share.ts`: when the next request may leave
 * - `sharing.ts`: what is stored
 *
 * Guarantee: a limit is stored once, and a limit that this process's own throttle judged never.
 */
import { Clock, Context, DateTime, Duration, Effect, Layer, type Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { Github } from "../github/Github.ts"
import { Sink, type SinkBudget } from "../publish/Sink.ts"
import type { StoredLimit, Wait } from "../store/Limits.ts"
import { Store } from "../store/Store.ts"
import { storedAs, type WaitReason } from "./sharing.ts"
import type { ThrottleState } from "./Throttle.ts"

/** GitHub's requests, GitHub's points of queries, and the sink's requests: each with limits of its own. */
export type LimitName = "github" | "githubPoints" | "sink"

/** What GitHub's secondary limit concerns. */
const githubLimits = ["github", "githubPoints"] as const

/** What is stored of a limit, for all processes on the database. */
export interface KnownLimit {
  readonly name: LimitName
  readonly limit: StoredLimit | undefined
  readonly refusal: StoredLimit | undefined
}

/** What is left of the limits of both services, and how processes on one database share the limits that they met. */
export class Limits extends Context.Service<
  Limits,
  {
    /** GitHub's hour of requests, as GitHub last reported, and until when no request goes. */
    readonly requests: Effect.Effect<ThrottleState>
    /** The same of GitHub's hour of points. */
    readonly points: Effect.Effect<ThrottleState>
    /** The sink's budget, if the sink has one and knows its size. */
    readonly tokens: Effect.Effect<Option.Option<SinkBudget>>
    /** What is stored for all processes. */
    readonly stored: (names: ReadonlyArray<LimitName>) => Effect.Effect<ReadonlyArray<KnownLimit>, DatabaseError>
    /** Obeys the stored limits, which another process or an earlier one met. Answers what is stored. */
    readonly restore: (names: ReadonlyArray<LimitName>) => Effect.Effect<ReadonlyArray<KnownLimit>, DatabaseError>
    /** Stores why requests wait until then, for the other processes, when they should know (see `sharing.ts`). */
    readonly store: (name: LimitName, why: WaitReason, until: DateTime.Utc) => Effect.Effect<void, DatabaseError>
    /** Ends a stored refusal: a request to the service succeeded. */
    readonly accepted: (name: LimitName) => Effect.Effect<void, DatabaseError>
    /** Whether one cheap read may find out now whether a stored refusal goes on. Notes that the read is made. */
    readonly claimProbe: (name: LimitName) => Effect.Effect<boolean>
  }
>()("gitpip/Limits") {
  static readonly layer: Layer.Layer<Limits, never, Store | Github | Sink> = Layer.effect(
    Limits,
    Effect.gen(function* () {
      const { limits } = yield* Store
      const github = yield* Github
      const sink = yield* Sink
      const owners = { github, githubPoints: github.points, sink }
      const refusals = makeRefusals(limits, owners)

      const stored = (names: ReadonlyArray<LimitName>) =>
        Effect.map(limits.known(names.map((name) => owners[name].limitKey)), (found) =>
          names.map((name, index): KnownLimit => {
            const { limit, refusal } = found[index] ?? {}
            return { name, limit, refusal }
          })
        )

      return Limits.of({
        requests: github.limits,
        points: github.points.limits,
        tokens: sink.budget,
        stored,
        restore: Effect.fnUntraced(function* (names) {
          const known = yield* stored(names)
          const now = yield* DateTime.now
          for (const { limit, name, refusal } of known) {
            if (limit !== undefined) yield* owners[name].block(DateTime.addDuration(now, limit.wait), limit.message)
            if (refusal !== undefined) refusals.found(name)
          }
          return known
        }),
        store: Effect.fnUntraced(function* (name, why, until) {
          const wait = Duration.max(DateTime.distance(yield* DateTime.now, until), Duration.zero)
          const { message } = why
          switch (storedAs(why, wait)) {
            case "limit":
              for (const limited of why.isSecondary === true ? githubLimits : [name]) {
                yield* limits.block(owners[limited].limitKey, { wait, message })
                // From now on the throttle knows that the limit is stored.
                yield* owners[limited].block(until, message)
              }
              return
            case "refusal":
              return yield* refusals.store(name, { wait, message })
          }
        }),
        accepted: refusals.end,
        claimProbe: refusals.claimProbe
      })
    })
  )
}

/** The refusals that are stored for all processes on the database, and when each service was last probed. */
const makeRefusals = (
  limits: Store["Service"]["limits"],
  owners: Readonly<Record<LimitName, { readonly limitKey: string }>>
) => {
  /** Whose refusal is stored, by this process or by another one. */
  const refusing = new Set<LimitName>()
  /** In epoch milliseconds. */
  const probedAt = new Map<LimitName, number>()

  return {
    found: (name: LimitName): void => void refusing.add(name),
    store: Effect.fnUntraced(function* (name: LimitName, refusal: Wait) {
      refusing.add(name)
      // The refused request was the probe.
      probedAt.set(name, yield* Clock.currentTimeMillis)
      yield* limits.refuse(owners[name].limitKey, refusal)
    }),
    end: Effect.fnUntraced(function* (name: LimitName) {
      if (!refusing.has(name)) return
      yield* limits.accept(owners[name].limitKey)
      refusing.delete(name)
    }),
    claimProbe: (name: LimitName): Effect.Effect<boolean> =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const last = probedAt.get(name) ?? Number.NEGATIVE_INFINITY
        if (now < last + Duration.toMillis(Timing.credentialDelay)) return false
        probedAt.set(name, now)
        return true
      })
  }
}
