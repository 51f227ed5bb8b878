/**
 * Who has to wait: all users until an instant, or one user. Keeps the evidence of failures, for both services.
 *
 * Guarantees: a pause on suspicion delays a user of whom nothing has failed by `Timing.probeInterval` at most, while fewer
 * than `Timing.maxProbedUsers` users have failed. One success ends such a pause. A limit that a service states holds all.
 *
 * The evidence is not stored: after a restart each user is tried again.
 */
import { DateTime, Duration } from "effect"
import * as Timing from "../domain/Timing.ts"
import * as Evidence from "./evidence.ts"
import type { Block } from "./outcome.ts"

/** Nothing is sent before `until`. */
export interface Pause {
  readonly until: DateTime.Utc
  readonly message: string
}

/** A pause as every process on the database shows it. A refusal may be past its end: only a success ends it. */
export interface SharedPause extends Pause {
  /** Missing for a limit, of which only the end counts. */
  readonly since?: DateTime.Utc
}

interface Stored extends Pause {
  readonly since: DateTime.Utc
}

/** What a process knows of one service: its own pause, and what is stored for all processes. */
export interface Known {
  readonly own: Pause | undefined
  readonly limit: Stored | undefined
  readonly refusal: Stored | undefined
}

/** The pause that every process shows. A process's own pause is newer than a stored one, which knows the beginning. */
export const sharedPause = (services: ReadonlyArray<Known>): SharedPause | undefined => {
  const pauses = services.flatMap(({ limit, own, refusal }): ReadonlyArray<SharedPause> => {
    if (own !== undefined) {
      const { message, until } = own
      return [refusal === undefined ? { message, until } : { message, until, since: refusal.since }]
    }
    if (limit !== undefined) return [{ message: limit.message, until: limit.until }]
    return refusal === undefined ? [] : [refusal]
  })
  // Of two pauses the later end is when publishing goes on.
  return pauses.reduce<SharedPause | undefined>(
    (last, pause) => (last === undefined || DateTime.isGreaterThan(pause.until, last.until) ? pause : last),
    undefined
  )
}

/** A shorter wait is over before a person reads of it. */
const minSharedWait = Duration.seconds(15)

/** A stored limit that ends this much later than the present pause is the same one, read by a slow statement. */
const restoredSlack = Duration.toMillis(Duration.seconds(5))

/** How a pause is shared: as a limit that holds every process, as a refusal that every process shows, or not at all. */
export const sharedAs = (
  { cause, enforcedBy }: Pick<Block, "cause" | "enforcedBy">,
  wait: Duration.Duration
): "limit" | "refusal" | "nothing" => {
  if (cause === "restored") return "nothing"
  if (cause === "limit") return enforcedBy === "service" ? "limit" : "nothing"
  return Duration.isLessThan(wait, minSharedWait) ? "nothing" : "refusal"
}

export type Service = "github" | "sink"

/** Whose files may be attempted next. */
export type Candidates =
  | { readonly _tag: "Nobody" }
  /** All files of users that need not wait. `over`: users whose own wait is over, each with one file. */
  | { readonly _tag: "All"; readonly over: ReadonlyArray<number>; readonly except: ReadonlyArray<number> }
  /** One file: of a user of whom nothing has failed, else of a user whose wait is over, else of any who need not wait. */
  | {
      readonly _tag: "One"
      readonly except: ReadonlyArray<number>
      readonly over: ReadonlyArray<number>
      readonly blocked: ReadonlyArray<number>
    }
  /** One file of a user of whom nothing has failed, during a pause. */
  | { readonly _tag: "Probe"; readonly except: ReadonlyArray<number> }

/** Users of whom all files failed in a row, at most this many; the oldest go first. */
const capacity = 2_000

/** How long a user of whom nothing is due is not asked for again. */
const idle = Duration.toMillis(Duration.seconds(15))

export const make = () => {
  const evidence: Record<Service, Evidence.Evidence> = { github: Evidence.nothing, sink: Evidence.nothing }
  let paused: (Pause & { readonly service: Service; readonly cause: Block["cause"] }) | undefined
  /** Pauses on suspicion since the last success: each is longer than the one before. */
  let suspicions = 0
  let isCareful = false
  let lastFailureAt = Number.NEGATIVE_INFINITY
  /** The user whose request began the last pause: another user's file is attempted first after the pause. */
  let pausedBy: number | undefined
  const users = new Map<number, { readonly until: number; readonly blocks: number }>()

  let askedAt = Number.NEGATIVE_INFINITY
  /** After the clock was set back, every earlier instant is wrong. */
  const notice = (now: number): void => {
    if (Timing.clockWentBack(askedAt, now)) {
      paused = undefined
      users.clear()
    }
    askedAt = now
  }

  const current = (now: number) => {
    notice(now)
    if (paused !== undefined && paused.until.epochMilliseconds <= now) paused = undefined
    return paused
  }

  const suspects = (service: Service) => Evidence.suspects(evidence[service]).size
  /** Users of whom something has failed: other users show first whether a service works at all. */
  const known = () => [
    ...new Set([
      ...Evidence.failing(evidence.github),
      ...Evidence.failing(evidence.sink),
      ...users.keys(),
      ...(pausedBy === undefined ? [] : [pausedBy])
    ])
  ]
  const blocked = (now: number) => [...users].filter(([, { until }]) => until > now).map(([user]) => user)

  const probesAt = (pause: { readonly cause: Block["cause"]; readonly service: Service }): number =>
    pause.cause === "suspicion" && suspects(pause.service) < Timing.maxProbedUsers
      ? lastFailureAt + Duration.toMillis(Timing.probeInterval)
      : Number.POSITIVE_INFINITY

  const growing = (n: number) => Duration.toMillis(Timing.outageDelay(n))

  return {
    current,
    /** Notes a failure, and answers its scope. */
    failed: (service: Service, failure: Evidence.Failure): Evidence.Verdict => {
      const next = Evidence.afterFailure(evidence[service], failure)
      evidence[service] = next.evidence
      lastFailureAt = failure.at
      return next.verdict
    },
    /** Notes that a read has shown that the service works. */
    proved: (service: Service, thing: Evidence.Thing): void => {
      evidence[service] = Evidence.afterProof(evidence[service], thing)
    },
    succeeded: (service: Service, thing: Evidence.Thing): void => {
      evidence[service] = Evidence.afterSuccess(evidence[service], thing)
      if (paused?.cause === "suspicion" && paused.service === service) paused = undefined
      if (service === "github") return
      isCareful = false
      suspicions = 0
      pausedBy = undefined
      users.delete(thing.user)
    },
    /** Makes others wait. Answers the pause of all users that this began, if it did. */
    block: (
      block: Block,
      whose: { readonly service: Service; readonly user: number },
      now: number
    ): Pause | undefined => {
      const { cause, enforcedBy, message, scope, until } = block
      if (scope === "user") {
        const present = users.get(whose.user)
        // A request that was under way when the wait began fails for the same reason: it is no further sign.
        if (present !== undefined && present.until > now) return
        const blocks = (present?.blocks ?? 0) + 1
        users.delete(whose.user)
        users.set(whose.user, { until: now + growing(blocks), blocks })
        const [oldest] = users.keys()
        if (users.size > capacity && oldest !== undefined) users.delete(oldest)
        return
      }
      const present = current(now)
      if (until._tag === "Growing") {
        if (present !== undefined) return
        suspicions++
      }
      const end =
        until._tag === "At"
          ? Math.min(until.instant.epochMilliseconds, now + Duration.toMillis(until.atMost))
          : until._tag === "After"
            ? now + Duration.toMillis(until.wait)
            : now + growing(suspicions)
      const slack = cause === "restored" ? restoredSlack : 0
      if (present !== undefined && present.until.epochMilliseconds >= end - slack) return
      paused = { until: DateTime.makeUnsafe(end), message, service: whose.service, cause }
      // After this process's own limit everything else works.
      if (cause !== "limit" || enforcedBy === "service") isCareful = true
      pausedBy = whose.user
      return paused
    },
    /** Whether a claim has to be released because its user waits. */
    isBlocked: (user: number, now: number): boolean => {
      notice(now)
      return (users.get(user)?.until ?? 0) > now
    },
    candidates: (now: number): Candidates => {
      const pause = current(now)
      if (pause !== undefined) {
        return probesAt(pause) <= now ? { _tag: "Probe", except: known() } : { _tag: "Nobody" }
      }
      const over = [...users].filter(([, { until }]) => until <= now).map(([user]) => user)
      return isCareful
        ? { _tag: "One", except: known(), over, blocked: blocked(now) }
        : { _tag: "All", over, except: [...users.keys()] }
    },
    /** Notes that nothing of this user was due. */
    idled: (user: number, now: number): void => {
      const present = users.get(user)
      if (present !== undefined) users.set(user, { ...present, until: now + idle })
    },
    /** Users who wait for reasons of their own, or waited until now. */
    waiting: (): ReadonlyArray<number> => [...users.keys()],
    /** When a user's file may be attempted again, and the users whose files may not. `probesAt`: when a probe may be sent. */
    next: (now: number) => {
      const pause = current(now)
      const ends = [...users.values()].map(({ until }) => until).filter((until) => until > now)
      return pause === undefined
        ? { _tag: "Open" as const, except: blocked(now), endsAt: ends.length === 0 ? undefined : Math.min(...ends) }
        : { _tag: "Paused" as const, except: known(), endsAt: pause.until.epochMilliseconds, probesAt: probesAt(pause) }
    }
  }
}

export type Pauses = ReturnType<typeof make>
