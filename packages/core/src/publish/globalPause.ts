/** The pause of all users: begun by a block, grown by suspicions in a row, ended by its instant or by a success. */
import { DateTime, Duration } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Block } from "./decision.ts"
import type { Service, Whose } from "./Pause.ts"
import type { Pause } from "./sharedPause.ts"

/** A stored limit that ends this much later than the present pause is the same one, read by a slow statement. */
const restoredSlack = Duration.toMillis(Duration.seconds(5))

export interface GlobalPause extends Pause {
  readonly service: Service
  readonly cause: Block["cause"]
}

/** When a block ends, in epoch milliseconds. `suspicions`: blocks on suspicion in a row, with this one. */
const endOf = (until: Block["until"], { now, suspicions }: { readonly now: number; readonly suspicions: number }) => {
  switch (until._tag) {
    case "At":
      return Math.min(until.instant.epochMilliseconds, now + Duration.toMillis(until.atMost))
    case "After":
      return now + Duration.toMillis(until.wait)
    case "Growing":
      return now + Duration.toMillis(Timing.outageDelay(suspicions))
  }
}

export const make = () => {
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
    block: (block: Block, { service, user }: Whose, now: number): GlobalPause | undefined => {
      const { cause, enforcedBy, message, until } = block
      const present = current(now)
      if (until._tag === "Growing") {
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
