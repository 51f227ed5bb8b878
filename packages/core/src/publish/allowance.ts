/** How many files of a backlog may be published now, so that the shortest budget leaves enough for new files. Pure. */
import { DateTime, Duration, Option } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import type { Price, SinkBudget } from "./Sink.ts"

/** A budget that is used up and renewed all at once, and the cost of one file. */
interface BacklogBudget {
  readonly what: string
  readonly left: number
  readonly limit: number
  /** In epoch milliseconds. */
  readonly renewsAt: number
  readonly period: Duration.Duration
  readonly cost: number
}

/** How many files of the backlog may be published now. */
export interface Allowance {
  readonly files: number
  /** Until when the backlog waits, and why, while it may publish nothing. */
  readonly wait: Option.Option<{ readonly until: DateTime.Utc; readonly message: string }>
}

const allowance = (budgets: ReadonlyArray<BacklogBudget>, now: number): Allowance => {
  let files = Number.POSITIVE_INFINITY
  let wait: Allowance["wait"] = Option.none()
  for (const { cost, left, limit, period, renewsAt, what } of budgets) {
    const over = Timing.backlogAllowance({ left, limit, renewsAt, period, now })
    const affordable = Math.max(Math.floor(over / cost), 0)
    if (affordable >= files) continue
    files = affordable
    // The held part shrinks by half the limit within a period.
    const until = Math.min(now + ((cost - over) * 2 * Duration.toMillis(period)) / limit, renewsAt)
    const message = `${what} are kept for new files: ${left} of ${limit} are left`
    wait = affordable > 0 ? Option.none() : Option.some({ until: DateTime.makeUnsafe(Math.ceil(until)), message })
  }
  return { files, wait }
}

/** The allowance that follows from both services' budgets. A budget that is not known limits nothing. */
export const allowanceOf = (
  {
    price,
    requests,
    tokens
  }: {
    readonly tokens: Option.Option<SinkBudget>
    readonly price: Price | undefined
    readonly requests: ThrottleState["budget"]
  },
  now: number
): Allowance =>
  allowance(
    [
      ...Option.toArray(
        Option.map(tokens, ({ left, limit, period, renewsAt }) => ({
          what: "Pipedrive's tokens for the day",
          left,
          limit,
          renewsAt: renewsAt.epochMilliseconds,
          period,
          cost: price?.perFile ?? Timing.createCost
        }))
      ),
      ...(requests === undefined
        ? []
        : [
            {
              what: "GitHub's requests for the hour",
              left: requests.remaining,
              limit: requests.limit,
              renewsAt: requests.resetAt,
              period: Duration.hours(1),
              cost: 1
            }
          ])
    ],
    now
  )
