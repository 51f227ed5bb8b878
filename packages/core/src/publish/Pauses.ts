/**
 * Who has to wait: all users until an instant, or one user. Keeps the evidence of failures, for both services.
 *
 * Guarantees: a pause on suspicion delays a user of whom nothing has failed by `Timing.probeInterval` at most, while fewer
 * than `Timing.maxProbedUsers` users have failed. One success ends such a pause. A limit that a service states holds all.
 *
 * The evidence is not stored: after a restart each user is tried again.
 */
import { DateTime, Duration, Predicate } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { PublishingBlock } from "./decision.ts"
import * as FailureEvidence from "./evidence.ts"
import type { Pause } from "./sharedPause.ts"

/** The service whose failure or limit makes work wait. */
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

/** Whose request began a block. */
export interface Whose {
  readonly service: Service
  readonly user: number
}

/** No pause, and no evidence of failures yet. */
export const make = () => {
  const evidence = makeEvidence()
  const waits = makeUserWaits()
  const ofAll = makeGlobalPause()
  let askedAt = Number.NEGATIVE_INFINITY

  /** After the clock went back, every earlier instant is wrong. */
  const notice = (now: number): void => {
    if (Timing.clockWentBack(askedAt, now)) {
      ofAll.end()
      waits.clear()
    }
    askedAt = now
  }

  const current = (now: number) => {
    notice(now)
    return ofAll.current(now)
  }

  /** Users of whom something has failed. Other users' files show first whether a service works at all. */
  const known = () => [...new Set([...evidence.failing(), ...waits.all(), ...ofAll.pausedBy()])]

  return {
    current,
    failed: evidence.failed,
    proved: evidence.proved,
    succeeded: (service: Service, thing: FailureEvidence.Thing): void => {
      evidence.succeeded(service, thing)
      ofAll.succeeded(service)
      if (service === "sink") waits.end(thing.user)
    },
    /** Makes others wait. Answers the pause of all users that this began, if it did. */
    block: (block: PublishingBlock, whose: Whose, now: number): Pause | undefined => {
      if (block.scope === "user") return void waits.block(whose.user, now)
      notice(now)
      return ofAll.block(block, whose, now)
    },
    /** Whether a claim has to be released because its user waits. */
    isBlocked: (user: number, now: number): boolean => {
      notice(now)
      return waits.isBlocked(user, now)
    },
    candidates: (now: number): Candidates => {
      const pause = current(now)
      if (pause !== undefined) {
        return evidence.probesAt(pause) <= now ? { _tag: "Probe", except: known() } : { _tag: "Nobody" }
      }
      const over = waits.over(now)
      return ofAll.isCareful()
        ? { _tag: "One", except: known(), over, blocked: waits.blocked(now) }
        : { _tag: "All", over, except: waits.all() }
    },
    /** Notes that nothing of this user was due. */
    idled: waits.idled,
    /** Users who wait for reasons of their own, or waited until now. */
    waiting: waits.all,
    /** When a user's file may be attempted again, and the users whose files may not. `probesAt`: when a probe may be sent. */
    next: (now: number) => {
      const pause = current(now)
      return pause === undefined
        ? { _tag: "Open" as const, except: waits.blocked(now), endsAt: waits.nextEnd(now) }
        : {
            _tag: "Paused" as const,
            except: known(),
            endsAt: pause.until.epochMilliseconds,
            probesAt: evidence.probesAt(pause)
          }
    }
  }
}

/** The pauses of this process, and the evidence behind them. */
export type Pauses = ReturnType<typeof make>

/** A stored limit that ends this much later than the present pause is the same one, read by a slow statement. */
const restoredSlack = Duration.toMillis(Duration.seconds(5))

/** A pause of all users, and the service that caused it. */
export interface GlobalPause extends Pause {
  readonly service: Service
  readonly cause: PublishingBlock["cause"]
}

/** The failures of both services that no success has ended. */
const makeEvidence = () => {
  const evidence: Record<Service, FailureEvidence.FailureEvidence> = {
    github: FailureEvidence.nothing,
    sink: FailureEvidence.nothing
  }
  let lastFailureAt = Number.NEGATIVE_INFINITY

  return {
    /** Notes a failure, and answers its scope. */
    failed: (service: Service, failure: FailureEvidence.Failure): FailureEvidence.FailureVerdict => {
      const next = FailureEvidence.afterFailure(evidence[service], failure)
      evidence[service] = next.evidence
      lastFailureAt = failure.at
      return next.verdict
    },
    /** Notes that a read has shown that the service works. */
    proved: (service: Service, thing: FailureEvidence.Thing): void => {
      evidence[service] = FailureEvidence.afterProof(evidence[service], thing)
    },
    succeeded: (service: Service, thing: FailureEvidence.Thing): void => {
      evidence[service] = FailureEvidence.afterSuccess(evidence[service], thing)
    },
    /** Users of whom something has failed, at either service. */
    failing: (): ReadonlyArray<number> => [
      ...FailureEvidence.failing(evidence.github),
      ...FailureEvidence.failing(evidence.sink)
    ],
    /** When a probe may be sent during a pause, in epoch milliseconds; infinite when none may be. */
    probesAt: ({ cause, service }: GlobalPause): number =>
      cause === "suspicion" && FailureEvidence.suspects(evidence[service]).size < Timing.maxProbedUsers
        ? lastFailureAt + Duration.toMillis(Timing.probeInterval)
        : Number.POSITIVE_INFINITY
  }
}

/** When a block ends, in epoch milliseconds. `suspicions`: blocks on suspicion in a row, with this one. */
const endOf = (
  until: PublishingBlock["until"],
  { now, suspicions }: { readonly now: number; readonly suspicions: number }
) => {
  switch (until._tag) {
    case "At":
      return Math.min(until.instant.epochMilliseconds, now + Duration.toMillis(until.atMost))
    case "After":
      return now + Duration.toMillis(until.wait)
    case "Growing":
      return now + Duration.toMillis(Timing.outageDelay(suspicions))
  }
}

const isGrowing = Predicate.isTagged("Growing")

/** The pause of all users: begun by a block, grown by suspicions in a row, ended by its instant or by a success. */
const makeGlobalPause = () => {
  let paused: GlobalPause | undefined
  /** Pauses on suspicion since the last success: each is longer than the one before. */
  let suspicions = 0
  let isCareful = false
  /** The user whose request began the last pause: another user's file is attempted first after the pause. */
  let pausedBy: number | undefined

  const current = (now: number) => {
    if (paused !== undefined && paused.until.epochMilliseconds <= now) paused = undefined
    return paused
  }

  return {
    current,
    /** Whether one file at a time is attempted. */
    isCareful: (): boolean => isCareful,
    pausedBy: (): ReadonlyArray<number> => (pausedBy === undefined ? [] : [pausedBy]),
    /** Answers the pause when this block begins one. */
    block: (block: PublishingBlock, { service, user }: Whose, now: number): GlobalPause | undefined => {
      const { cause, enforcedBy, message, until } = block
      const present = current(now)
      if (isGrowing(until)) {
        if (present !== undefined) return
        suspicions++
      }
      const end = endOf(until, { now, suspicions })
      const slack = cause === "restored" ? restoredSlack : 0
      if (present !== undefined && present.until.epochMilliseconds >= end - slack) return
      paused = { until: DateTime.makeUnsafe(end), message, service, cause }
      // After this process's own limit everything else works.
      if (cause !== "limit" || enforcedBy === "service") isCareful = true
      pausedBy = user
      return paused
    },
    succeeded: (service: Service): void => {
      if (paused?.cause === "suspicion" && paused.service === service) paused = undefined
      if (service === "github") return
      isCareful = false
      suspicions = 0
      pausedBy = undefined
    },
    end: (): void => {
      paused = undefined
    }
  }
}

/** Users of whom all files failed in a row, at most this many; the oldest go first. */
const capacity = 2_000

/** How long a user of whom nothing is due is not asked for again. */
const idle = Duration.toMillis(Duration.seconds(15))

/** Users who wait for reasons of their own, longer with each failure in a row. Instants are in epoch milliseconds. */
const makeUserWaits = () => {
  const users = new Map<number, { readonly until: number; readonly blocks: number }>()
  const those = (isIn: (until: number) => boolean) =>
    [...users].filter(([, { until }]) => isIn(until)).map(([user]) => user)

  return {
    all: (): ReadonlyArray<number> => [...users.keys()],
    /** Users who wait. */
    blocked: (now: number) => those((until) => until > now),
    /** Users whose wait is over, and of whom nothing has succeeded since. */
    over: (now: number) => those((until) => until <= now),
    isBlocked: (user: number, now: number): boolean => (users.get(user)?.until ?? 0) > now,
    /** When the first wait ends. */
    nextEnd: (now: number): number | undefined => {
      const ends = [...users.values()].map(({ until }) => until).filter((until) => until > now)
      return ends.length === 0 ? undefined : Math.min(...ends)
    },
    block: (user: number, now: number): void => {
      const present = users.get(user)
      // A request that was under way when the wait began fails for the same reason, and is no further sign.
      if (present !== undefined && present.until > now) return
      const blocks = (present?.blocks ?? 0) + 1
      users.delete(user)
      users.set(user, { until: now + Duration.toMillis(Timing.outageDelay(blocks)), blocks })
      const [oldest] = users.keys()
      if (users.size > capacity && oldest !== undefined) users.delete(oldest)
    },
    /** Notes that nothing of this user was due. */
    idled: (user: number, now: number): void => {
      const present = users.get(user)
      if (present !== undefined) users.set(user, { ...present, until: now + idle })
    },
    end: (user: number): void => void users.delete(user),
    clear: (): void => users.clear()
  }
}
