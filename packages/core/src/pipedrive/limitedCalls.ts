/** Translates Pipedrive's answers into the values of its limit (`limits/Limit.ts`), and what they come to into errors. */
import { DateTime, Duration } from "effect"
import type { Requester } from "../limits/evidence.ts"
import * as Limit from "../limits/Limit.ts"
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

interface LimitedCall extends Call {
  readonly now: number
  /** Whether the response itself says that the limit is global. */
  readonly isStated: boolean
  readonly maxPause?: Duration.Duration
}

const itemLimited = (message: string, until: number) =>
  new ItemLimited({ message, resumeAt: DateTime.makeUnsafe(until) })

const rules: Limit.LimitRules = {
  minWait: (times) => growingWait(times) * 1_000,
  // A cheaper call can fit into what is left of a day.
  endsRow: (row, { cost }) => cost >= row.cost
}

export const make = (throttle: Throttle) => {
  const limit = Limit.make(throttle, rules)

  return {
    limit,
    /** Why this item alone has to wait, if it has to. */
    held: (by: Requester | undefined, now: number): ItemLimited | undefined => {
      const until = limit.heldUntil(by?.thing, now)
      return until === undefined ? undefined : itemLimited("Pipedrive's limit of requests is reached", until)
    },
    /** Notes that a call was not limited. */
    answered: ({ by, cost, startedAt }: Call): void => limit.answered({ thing: by?.thing, startedAt, cost }),
    /** Notes a 429, makes others wait when it may be global, and answers the error's reason. */
    limited: (
      reason: BurstLimited | BudgetSpent,
      { maxPause = maxBurst, ...call }: LimitedCall
    ): BurstLimited | BudgetSpent | ItemLimited => {
      const { message } = reason
      const statedUntil = reason.resumeAt.epochMilliseconds
      const limited = limit.limited(
        {
          ...call,
          statedUntil,
          allUntil: statedUntil,
          message,
          // A day that is not known to be spent limits no other process.
          enforcedBy: (scope) => (scope === "global" && reason._tag === "BudgetSpent" ? "service" : "self")
        },
        maxPause === maxBurst ? {} : { maxBlock: Duration.toMillis(maxPause) }
      )
      if (limited.scope === "thing") return itemLimited(message, limited.until)
      const Reason = limited.enforcedBy === "service" ? BudgetSpent : BurstLimited
      return new Reason({ message, resumeAt: DateTime.makeUnsafe(limited.until) })
    }
  }
}
