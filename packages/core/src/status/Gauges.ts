/**
 * Brings the gauges up to date, from the database and from the services' last responses. A caller that shows metrics
 * refreshes the gauges first. Gitpip asks the database every few seconds at most, and shows when the database fails.
 */
import { Clock, Context, Duration, Effect, Layer, Metric, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Github } from "../github/Github.ts"
import { Limits } from "../limits/Limits.ts"
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

/** The service that a limit's key names. */
const serviceOf = (limitKey: string): string => limitKey.split(":")[0] as string

/** Sets the gauges of the metrics to what the database holds now. */
export class Gauges extends Context.Service<Gauges, { readonly refresh: Effect.Effect<void> }>()("gitpip/Gauges") {
  static readonly layer: Layer.Layer<
    Gauges,
    never,
    CheckSchedule | Store | Limits | Github | Sink | Publisher | Settings
  > = Layer.effect(
    Gauges,
    Effect.gen(function* () {
      const { scans, totals } = yield* Store
      const github = yield* Github
      const limits = yield* Limits
      const forecast = yield* Forecast.make
      const sink = yield* Sink
      const publisher = yield* Publisher
      const settings = yield* Settings
      const startedAt = yield* Clock.currentTimeMillis
      /** The services with limits, as the metrics name them: `github`, and the sink (`pipedrive`) unless it is off. */
      const services = (
        [
          ["github", serviceOf(github.limitKey)],
          ["sink", serviceOf(sink.limitKey)]
        ] as const
      ).filter(([, service]) => service !== "off")

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
            blocked: (yield* limits.stored(services.map(([name]) => name))).map(({ limit }, index) => ({
              service: services[index]?.[1] as string,
              until: limit?.until.epochMilliseconds ?? 0
            }))
          }
          return true
        }).pipe(
          Effect.timeoutOption(patience),
          Effect.map(Option.isSome),
          Effect.catch((_: DatabaseError) => Effect.succeed(false))
        ),
        fresh
      )

      const showBudgets = makeShowBudgets({ limits, sinkService: serviceOf(sink.limitKey) })

      return Gauges.of({
        refresh: Effect.gen(function* () {
          yield* Metric.update(Telemetry.databaseUp, (yield* stored) ? 1 : 0)
          if (last !== undefined) yield* showReading(last, { startedAt, isPublisherOff: Option.isSome(publisher.off) })
          yield* Metric.update(Telemetry.publisherPaused, Option.isSome(yield* publisher.pause) ? 1 : 0)
          yield* showBudgets
        })
      })
    })
  )
}

/** Shows what is left of each budget. A budget without a present report keeps the limit of its last one. */
const makeShowBudgets = ({
  limits,
  sinkService
}: {
  readonly limits: Limits["Service"]
  readonly sinkService: string
}) => {
  const lastLimits = new Map<string, number>()
  const ofGithub = ({ budget }: ThrottleState) =>
    Option.map(Option.fromUndefinedOr(budget), ({ limit, remaining }) => ({ limit, left: remaining }))

  return Effect.gen(function* () {
    const known = [
      { service: "github", budget: ofGithub(yield* limits.requests) },
      { service: "github_points", budget: ofGithub(yield* limits.points) },
      { service: sinkService, budget: yield* limits.tokens }
    ]
    for (const { budget, service } of known) {
      if (Option.isSome(budget)) lastLimits.set(service, budget.value.limit)
      const limit = lastLimits.get(service)
      const left = Option.map(budget, ({ left }) => left)
      if (limit !== undefined) yield* showBudget(service, left, limit)
    }
  })
}
