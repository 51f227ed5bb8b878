/**
 * Brings the gauges up to date, from the database and from the services' last responses. A caller that shows metrics
 * refreshes the gauges first. Gitpip asks the database every few seconds at most, and shows when the database fails.
 */
import { Clock, Context, Duration, Effect, Layer, Metric, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Github } from "../github/Github.ts"
import type { ThrottleState } from "../limits/Throttle.ts"
import { Publisher } from "../publish/Publisher.ts"
import { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import * as Forecast from "./Forecast.ts"
import { type Reading, showBudget, showReading } from "./showGauges.ts"

/** For this long the last reading of the database is shown. */
const fresh = Duration.seconds(5)

/** A collector of metrics waits some seconds, and wants this process's metrics whatever the database does. */
const patience = Duration.seconds(3)

/** Sets the gauges of the metrics to what the database holds now. */
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
        let last: Reading | undefined
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
            if (last !== undefined)
              yield* showReading(last, { startedAt, isPublisherOff: Option.isSome(publisher.off) })
            yield* Metric.update(Telemetry.publisherPaused, Option.isSome(yield* publisher.pause) ? 1 : 0)
            yield* showBudgets
          })
        })
      })
    )
}
