/**
 * What the present users and their rates take of GitHub's and Pipedrive's limits, and what does not fit: the same for
 * `status`, the metrics and `/ready`.
 */
import { Context, type DateTime, Duration, Effect, Layer, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"

/** What is needed, and what there is. */
export interface Forecast {
  /** Looks an hour at all users whose turn it is, and those that GitHub's limits allow. */
  readonly checksNeeded: number
  readonly checksAllowed: number
  /** The longest time between two looks at a user, as planned. */
  readonly maxInterval: Duration.Duration
  /** When the user was looked at that has waited longest. */
  readonly oldestCheck: Option.Option<DateTime.Utc>
  /** New gists a day that are to be expected, and the tokens that publishing a file of each costs. */
  readonly gistsPerDay: number
  readonly tokensPerDay: number
  /** What does not fit, each with what to do. */
  readonly shortages: ReadonlyArray<string>
}

export class Budgets extends Context.Service<Budgets, { readonly forecast: Effect.Effect<Forecast, DatabaseError> }>()(
  "gitpip/Budgets"
) {
  static readonly layer: Layer.Layer<Budgets, never, CheckSchedule | Store | Settings | Sink> = Layer.effect(
    Budgets,
    Effect.gen(function* () {
      const schedule = yield* CheckSchedule
      const { checks } = yield* Store
      const settings = yield* Settings
      const sink = yield* Sink
      return Budgets.of({
        forecast: Effect.gen(function* () {
          const plan = yield* schedule.plan
          const tokens = yield* sink.budget
          const tokensPerDay = Math.round(plan.gistsPerDay * (sink.price?.perFile ?? 0))
          const perHour = (checks: number) => Math.floor(checks * 3_600).toLocaleString("en")
          const shortages: Array<string> = []
          if (!plan.fits) {
            shortages.push(
              `GitHub's limits allow ${perHour(plan.budget)} looks an hour, and to look at ${plan.users.toLocaleString("en")} users within ${Duration.format(settings.maxDelay)} takes ${perHour(plan.needed)}. ${Option.isNone(settings.githubToken) ? "Set GITHUB_TOKEN, raise" : "Raise"} GITPIP_MAX_DELAY, or track fewer users`
            )
          }
          if (Option.isSome(tokens) && tokensPerDay > tokens.value.limit) {
            shortages.push(
              `about ${Math.round(plan.gistsPerDay).toLocaleString("en")} new gists a day take ${tokensPerDay.toLocaleString("en")} of Pipedrive's tokens, and there are ${tokens.value.limit.toLocaleString("en")}: files will wait. Ask Pipedrive for a larger budget, or track fewer users`
            )
          }
          return {
            checksNeeded: Math.round(plan.needed * 3_600),
            checksAllowed: Math.floor(plan.budget * 3_600),
            maxInterval: Duration.seconds(Math.round(plan.longest / 1_000)),
            oldestCheck: yield* checks.oldestCheck,
            gistsPerDay: plan.gistsPerDay,
            tokensPerDay,
            shortages
          }
        })
      })
    })
  )
}
