/** What is left of GitHub's hour for checks. */
import { Clock, Duration, Effect } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Github } from "../github/Github.ts"
import type { Limits } from "../limits/Limits.ts"

/** A limit of this many requests an hour has room for any listing. */
const ampleHour = 1_000

/** Whether a long listing may take more of the hour. Without a token, half of the hour is left to other requests. */
export const hasRoom = Effect.fnUntraced(function* (limits: Limits["Service"]) {
  const { budget } = yield* limits.requests
  if (budget === undefined || budget.limit >= ampleHour) return true
  const allowance = Timing.backlogAllowance({
    left: budget.remaining,
    limit: budget.limit,
    renewsAt: budget.resetAt,
    period: Duration.hours(1),
    now: yield* Clock.currentTimeMillis
  })
  return allowance > 0
})

/** Whether GitHub offers queries, but none is left in this hour. */
export const pointsAreSpent = Effect.fnUntraced(function* ({
  github,
  limits
}: {
  readonly github: Github["Service"]
  readonly limits: Limits["Service"]
}) {
  const { budget, blockedUntil } = yield* limits.points
  return github.batched && (blockedUntil > (yield* Clock.currentTimeMillis) || (budget?.remaining ?? 1) <= 0)
})
