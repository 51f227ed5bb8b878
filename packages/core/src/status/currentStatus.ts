/** Puts together what `status` shows. */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Scanner } from "../detect/Scanner.ts"
import type { Status } from "../domain/Status.ts"
import { Limits } from "../limits/Limits.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import { Publisher } from "../publish/Publisher.ts"
import type { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as Forecast from "./Forecast.ts"

/** A service's limit as it is shown. */
const budgetOf = ({ budget }: ThrottleState) =>
  budget === undefined
    ? undefined
    : {
        limit: budget.limit,
        remaining: Math.max(budget.remaining, 0),
        resetAt: DateTime.makeUnsafe(budget.resetAt)
      }

/** Reads the status: counts from the database, limits from this process. */
export const make: Effect.Effect<
  Effect.Effect<Status, DatabaseError>,
  never,
  CheckSchedule | Limits | Publisher | Scanner | Settings | Sink | Store
> = Effect.gen(function* () {
  const { scans, totals } = yield* Store
  const publisher = yield* Publisher
  const scanner = yield* Scanner
  const limits = yield* Limits
  const settings = yield* Settings
  const forecast = yield* Forecast.make

  const ofPublishing = Effect.fnUntraced(function* (pending: number) {
    const now = yield* DateTime.now
    const pause = yield* publisher.sharedPause
    const hold = pending === 0 ? Option.none() : yield* publisher.backlogHold
    const waits = Option.orElse(pause, () => hold)
    const budget = yield* limits.tokens
    return {
      state: Option.isSome(publisher.off) ? "off" : Option.isSome(pause) ? "paused" : "on",
      message: Option.getOrNull(Option.orElse(publisher.off, () => Option.map(waits, ({ message }) => message))),
      since: Option.getOrNull(Option.flatMap(pause, ({ since }) => Option.fromUndefinedOr(since))),
      until: Option.getOrNull(
        Option.filter(
          Option.map(waits, ({ until }) => until),
          DateTime.isGreaterThan(now)
        )
      ),
      tokensLeft: Option.getOrNull(Option.map(budget, ({ left }) => left)),
      tokensLimit: Option.getOrNull(Option.map(budget, ({ limit }) => limit)),
      pipedriveUrl: Option.getOrNull(Option.map(settings.pipedrive, ({ pages }) => pages)),
      publishAs: settings.publishAs
    } satisfies Status["publishing"]
  })

  const ofGithub = Effect.gen(function* () {
    const requests = yield* limits.requests
    const now = yield* Clock.currentTimeMillis
    return {
      ...(budgetOf(requests) ?? { limit: null, remaining: null, resetAt: null }),
      blockedUntil: requests.blockedUntil > now ? DateTime.makeUnsafe(requests.blockedUntil) : null,
      points: budgetOf(yield* limits.points) ?? null
    } satisfies Status["github"]
  })

  return Effect.gen(function* () {
    const { failed, pending, sending, tracked } = yield* totals.read
    const schedule = yield* forecast
    return {
      users: tracked,
      lastScan: Option.getOrNull(yield* scans.lastEnded),
      nextScanAt: yield* scanner.nextScheduled,
      publications: { pending, sending, failed, oldestDue: Option.getOrNull(yield* publisher.nextDue) },
      publishing: yield* ofPublishing(pending),
      github: yield* ofGithub,
      schedule: {
        ...schedule,
        maxInterval: Duration.toSeconds(schedule.maxInterval),
        oldestCheck: Option.getOrNull(schedule.oldestCheck)
      }
    } satisfies Status
  }).pipe(Effect.withSpan("Gitpip.status"))
})
