/** Sets the gauges by a reading of the database, and by the services' budgets. */
import { Clock, DateTime, Duration, Effect, Metric, Option } from "effect"
import type { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type * as Forecast from "./Forecast.ts"

/** What the gauges show of the database. */
export interface Reading {
  /** In epoch milliseconds, by this process's clock. */
  readonly readAt: number
  readonly forecast: Forecast.Forecast
  readonly totals: Effect.Success<Store["Service"]["totals"]["read"]>
  readonly checkedAt: Option.Option<DateTime.Utc>
  readonly blocked: ReadonlyArray<{ readonly service: string; readonly until: number }>
}

/** Shows a reading of the database, as of now. `process` is what this process knows besides. */
export const showReading = Effect.fnUntraced(function* (
  { blocked, checkedAt, forecast, readAt, totals }: Reading,
  process: { readonly startedAt: number; readonly isPublisherOff: boolean }
) {
  // By the database's clock: its last reading, and the time since then.
  const now = totals.now.epochMilliseconds + (yield* Clock.currentTimeMillis) - readAt
  const secondsSince = (instant: number) => Math.max(now - instant, 0) / 1_000
  const age = (instant: DateTime.Utc | null) => (instant === null ? 0 : secondsSince(instant.epochMilliseconds))
  yield* Metric.update(Telemetry.usersTracked, totals.tracked)
  yield* Metric.update(Telemetry.usersFailing, totals.failing)
  yield* Metric.update(Telemetry.pending, totals.pending)
  yield* Metric.update(Telemetry.sending, totals.sending)
  yield* Metric.update(Telemetry.failed, totals.failed)
  yield* Metric.update(Telemetry.oldestPending, age(totals.oldestPending))
  yield* Metric.update(Telemetry.overdue, process.isPublisherOff ? 0 : age(totals.due))
  yield* Metric.update(
    Telemetry.scanAge,
    secondsSince(Option.match(checkedAt, { onNone: () => process.startedAt, onSome: DateTime.toEpochMillis }))
  )
  if (Option.isSome(checkedAt)) {
    yield* Metric.update(Telemetry.lastScan, Math.floor(DateTime.toEpochMillis(checkedAt.value) / 1_000))
  }
  yield* Metric.update(Telemetry.checksNeeded, forecast.checksNeeded)
  yield* Metric.update(Telemetry.checksAllowed, forecast.checksAllowed)
  yield* Metric.update(Telemetry.checkInterval, Duration.toSeconds(forecast.maxInterval))
  yield* Metric.update(Telemetry.checkAge, age(Option.getOrNull(forecast.oldestCheck)))
  yield* Metric.update(Telemetry.gistsExpected, forecast.gistsPerDay)
  yield* Metric.update(Telemetry.shortages, forecast.shortages.length)
  for (const { service, until } of blocked) {
    yield* Metric.update(Telemetry.blockedSeconds(service), Math.max(until - now, 0) / 1_000)
  }
})

/** A budget is whole again once the time of its renewal has passed, before any response says so. */
export const showBudget = Effect.fnUntraced(function* (service: string, left: Option.Option<number>, limit: number) {
  yield* Metric.update(Telemetry.budgetLimit(service), limit)
  yield* Metric.update(
    Telemetry.budgetRemaining(service),
    Math.max(
      Option.getOrElse(left, () => limit),
      0
    )
  )
})
