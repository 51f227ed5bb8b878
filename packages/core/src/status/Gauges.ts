/**
 * Brings the gauges up to date, from the database and from the services' last responses. A caller that shows metrics
 * refreshes the gauges first. Gitpip asks the database every few seconds at most, and shows when the database fails.
 */
import { Clock, Context, DateTime, Duration, Effect, Layer, Metric, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Github } from "../github/Github.ts"
import type { ThrottleState } from "../net/Throttle.ts"
import { Publisher } from "../publish/Publisher.ts"
import { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as Forecast from "./Forecast.ts"

/** For this long the last reading of the database is shown. */
const fresh = Duration.seconds(5)

/** A collector of metrics waits some seconds, and wants this process's metrics whatever the database does. */
const patience = Duration.seconds(3)

export class Gauges extends Context.Service<Gauges, { readonly refresh: Effect.Effect<void> }>()("gitpip/Gauges") {
  static readonly layer: Layer.Layer<Gauges, never, CheckSchedule | Store | Github | Sink | Publisher | Settings> =
    Layer.effect(
      Gauges,
      Effect.gen(function* () {
        const { limits, scans, totals } = yield* Store
        const github = yield* Github
        const forecast = yield* Forecast.make
        const sink = yield* Sink
        const publisher = yield* Publisher
        const settings = yield* Settings
        const startedAt = yield* Clock.currentTimeMillis
        /** The services with limits: `github`, `pipedrive`. */
        const services = [github.limitKey, sink.limitKey]
          .map((limitKey) => ({ limitKey, service: limitKey.split(":")[0] as string }))
          .filter(({ service }) => service !== "off")

        yield* Telemetry.begin
        yield* Metric.update(Telemetry.scanInterval, Duration.toSeconds(settings.scanInterval))
        yield* Metric.update(Telemetry.publisherOff, Option.isSome(publisher.off) ? 1 : 0)

        /** The last reading. Ages go on growing while the database cannot be read. */
        let last: Stored | undefined
        const stored = yield* Effect.cachedWithTTL(
          Effect.gen(function* () {
            last = {
              readAt: yield* Clock.currentTimeMillis,
              totals: yield* totals.read,
              forecast: yield* forecast,
              checkedAt: Option.flatMap(yield* scans.lastDone, ({ finishedAt }) => Option.fromNullishOr(finishedAt)),
              blocked: yield* Effect.forEach(services, ({ limitKey, service }) =>
                Effect.map(limits.blocked(limitKey), (limit) => ({
                  service,
                  until: Option.match(limit, { onNone: () => 0, onSome: (one) => one.until.epochMilliseconds })
                }))
              )
            }
            return true
          }).pipe(
            Effect.timeoutOption(patience),
            Effect.map(Option.isSome),
            Effect.catch((_: DatabaseError) => Effect.succeed(false))
          ),
          fresh
        )

        const showStored = Effect.fnUntraced(function* ({ blocked, checkedAt, forecast, readAt, totals }: Stored) {
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
          yield* Metric.update(Telemetry.overdue, Option.isSome(publisher.off) ? 0 : age(totals.due))
          yield* Metric.update(
            Telemetry.scanAge,
            secondsSince(Option.match(checkedAt, { onNone: () => startedAt, onSome: DateTime.toEpochMillis }))
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
        const showBudget = Effect.fnUntraced(function* (service: string, left: Option.Option<number>, limit: number) {
          yield* Metric.update(Telemetry.budgetLimit(service), limit)
          yield* Metric.update(
            Telemetry.budgetRemaining(service),
            Math.max(
              Option.getOrElse(left, () => limit),
              0
            )
          )
        })

        const lastLimits = new Map<string, number>()
        const showBudgets = Effect.gen(function* () {
          const ofGithub = ({ budget }: ThrottleState) =>
            Option.map(Option.fromUndefinedOr(budget), ({ limit, remaining }) => ({ limit, left: remaining }))
          const known = [
            { service: "github", budget: ofGithub(yield* github.limits) },
            { service: "github_points", budget: ofGithub(yield* github.points.limits) },
            { service: sink.limitKey.split(":")[0] as string, budget: yield* sink.budget }
          ]
          for (const { budget, service } of known) {
            if (Option.isSome(budget)) lastLimits.set(service, budget.value.limit)
            const limit = lastLimits.get(service)
            if (limit !== undefined) {
              yield* showBudget(
                service,
                Option.map(budget, ({ left }) => left),
                limit
              )
            }
          }
        })

        return Gauges.of({
          refresh: Effect.gen(function* () {
            yield* Metric.update(Telemetry.databaseUp, (yield* stored) ? 1 : 0)
            if (last !== undefined) yield* showStored(last)
            yield* Metric.update(Telemetry.publisherPaused, Option.isSome(yield* publisher.pause) ? 1 : 0)
            yield* showBudgets
          })
        })
      })
    )
}

interface Stored {
  /** In epoch milliseconds, by this process's clock. */
  readonly readAt: number
  readonly forecast: Forecast.Forecast
  readonly totals: Effect.Success<Store["Service"]["totals"]["read"]>
  readonly checkedAt: Option.Option<DateTime.Utc>
  readonly blocked: ReadonlyArray<{ readonly service: string; readonly until: number }>
}
