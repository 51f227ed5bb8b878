/**
 * Who has to wait: all users until an instant, or one user. Keeps the evidence of failures, for both services.
 *
 * Guarantees: a pause on suspicion delays a user of whom nothing has failed by `Timing.probeInterval` at most, while fewer
 * than `Timing.maxProbedUsers` users have failed. One success ends such a pause. A limit that a service states holds all.
 *
 * The evidence is not stored: after a restart each user is tried again.
 */
import { Duration } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Block } from "./decision.ts"
import * as Evidence from "./evidence.ts"
import * as GlobalPause from "./globalPause.ts"
import type { Pause } from "./sharedPause.ts"
import * as UserWaits from "./userWaits.ts"

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

export const make = () => {
  const evidence: Record<Service, Evidence.Evidence> = { github: Evidence.nothing, sink: Evidence.nothing }
  const waits = UserWaits.make()
  const ofAll = GlobalPause.make()
  let lastFailureAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY

  /** After the clock was set back, every earlier instant is wrong. */
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
  const known = () => [
    ...new Set([
      ...Evidence.failing(evidence.github),
      ...Evidence.failing(evidence.sink),
      ...waits.all(),
      ...ofAll.pausedBy()
    ])
  ]

  const probesAt = ({ cause, service }: GlobalPause.GlobalPause): number =>
    cause === "suspicion" && Evidence.suspects(evidence[service]).size < Timing.maxProbedUsers
      ? lastFailureAt + Duration.toMillis(Timing.probeInterval)
      : Number.POSITIVE_INFINITY

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
      ofAll.succeeded(service)
      if (service === "sink") waits.end(thing.user)
    },
    /** Makes others wait. Answers the pause of all users that this began, if it did. */
    block: (block: Block, whose: Whose, now: number): Pause | undefined => {
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
        return probesAt(pause) <= now ? { _tag: "Probe", except: known() } : { _tag: "Nobody" }
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
        : { _tag: "Paused" as const, except: known(), endsAt: pause.until.epochMilliseconds, probesAt: probesAt(pause) }
    }
  }
}

export type Pauses = ReturnType<typeof make>
