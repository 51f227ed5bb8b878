/** Responses of 429: which calls each one holds, and until when. */
import { DateTime, Duration } from "effect"
import type { Requester } from "../limits/limitEvidence.ts"
import * as LimitEvidence from "../limits/limitEvidence.ts"
import type { Throttle } from "../limits/Throttle.ts"
import { BudgetSpent, BurstLimited, ItemLimited } from "./errors.ts"
import { growingWait, maxBurst } from "./limits.ts"

/** A call that was answered, or limited. Instants are in epoch milliseconds. */
interface Call {
  /** The item that the call is for. Missing when the call is for no item. */
  readonly by: Requester | undefined
  readonly startedAt: number
  /** The price in tokens of the company's day. */
  readonly cost: number
}

interface Limited extends Call {
  readonly now: number
  /** Whether the response itself says that the limit is global. */
  readonly isStated: boolean
  /** Responses of 429 in a row, with this one. */
  readonly times: number
  readonly maxPause?: Duration.Duration
}

const itemLimited = (message: string, until: number) =>
  new ItemLimited({ message, resumeAt: DateTime.makeUnsafe(until) })

export const make = (throttle: Throttle) => {
  let evidence = LimitEvidence.none
  /** 429s in a row that may be global: how many, when the last one came, and the price of the cheapest call among them. */
  let refusals = { times: 0, at: Number.NEGATIVE_INFINITY, cost: Number.POSITIVE_INFINITY }

  return {
    /** Why this item alone has to wait, if it has to. */
    held: (by: Requester | undefined, now: number): ItemLimited | undefined => {
      const until = LimitEvidence.heldUntil(evidence, by?.thing, now)
      return until === undefined ? undefined : itemLimited("Pipedrive's limit of requests is reached", until)
    },
    /** Notes that a call was not limited. */
    answered: ({ by, cost, startedAt }: Call): void => {
      evidence = LimitEvidence.answered(evidence, { thing: by?.thing, startedAt })
      // A cheaper call can fit into what is left of a day.
      if (cost >= refusals.cost) refusals = { ...refusals, times: 0, cost: Number.POSITIVE_INFINITY }
    },
    /** The 429s in a row, with one to a call that left then. Several calls that were under way together count as one. */
    inARow: (startedAt: number): number => refusals.times + (startedAt > refusals.at ? 1 : 0),
    /** Notes a 429, makes others wait when it may be global, and answers the error's reason. */
    limited: (
      reason: BurstLimited | BudgetSpent,
      { by, cost, isStated, maxPause = maxBurst, now, startedAt, times }: Limited
    ): BurstLimited | BudgetSpent | ItemLimited => {
      const { message } = reason
      const statedUntil = reason.resumeAt.epochMilliseconds
      const minWait = (n: number) => growingWait(n) * 1_000
      const limit = LimitEvidence.refused(evidence, { by, isStated, startedAt, now, statedUntil, minWait })
      evidence = limit.evidence
      const until = LimitEvidence.blockedUntil(limit.scope, statedUntil, now)
      if (until === undefined) return itemLimited(message, limit.until)
      refusals = {
        times,
        at: times > refusals.times ? now : refusals.at,
        cost: Math.min(refusals.cost, cost)
      }
      // A day that is not known to be spent limits no other process.
      const isSpent = limit.scope === "global" && reason._tag === "BudgetSpent"
      throttle.block(maxPause === maxBurst ? until : Math.min(until, now + Duration.toMillis(maxPause)), message, {
        enforcedBy: isSpent ? "service" : "self"
      })
      const Reason = isSpent ? BudgetSpent : BurstLimited
      return new Reason({ message, resumeAt: DateTime.makeUnsafe(until) })
    }
  }
}
