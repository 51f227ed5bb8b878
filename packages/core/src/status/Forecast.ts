/**
 * What the tracked users take of GitHub's and Pipedrive's limits, and which limits are too small: the same for `status`, the
 * metrics and `/ready`.
 */
import { type DateTime, Duration, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { CheckSchedule, type Plan } from "../detect/CheckSchedule.ts"
import { Limits } from "../limits/Limits.ts"
import { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"

/** What the tracked users need, and what the limits allow. */
export interface Forecast {
  /** Checks an hour that the tracked users need. */
  readonly checksNeeded: number
  /** Checks an hour that GitHub's limits allow. */
  readonly checksAllowed: number
  /** The planned time between two checks of the users that publish least. */
  readonly maxInterval: Duration.Duration
  /** When the user was checked whose last check is oldest. */
  readonly oldestCheck: Option.Option<DateTime.Utc>
  /** Expected new gists a day. */
  readonly gistsPerDay: number
  /** Tokens a day that publishing one file of each gist costs. */
  readonly tokensPerDay: number
  /** Which limits are too small, each with what to do. */
  readonly shortages: ReadonlyArray<string>
}

/** What limits the checks and the publications of a day. */
export interface Means {
  readonly maxDelay: Duration.Duration
  readonly hasGithubToken: boolean
  readonly tokensPerFile: number
  /** Pipedrive's tokens of a day, once Pipedrive has reported them. */
  readonly tokenLimit: number | undefined
}

/** Tokens a day that a plan's gists cost, and the limits that are too small for the plan. */
export const needsOf = (plan: Plan, means: Means): Pick<Forecast, "tokensPerDay" | "shortages"> => {
  const { maxDelay, tokenLimit, tokensPerFile } = means
  const perHour = (checks: number) => Math.floor(checks * 3_600).toLocaleString("en")
  const tokensPerDay = Math.round(plan.gistsPerDay * tokensPerFile)
  const shortages: Array<string> = []
  if (!plan.fits) {
    const advice = `${means.hasGithubToken ? "Raise" : "Set GITHUB_TOKEN, raise"} GITPIP_MAX_DELAY, or track fewer users`
    shortages.push(
      `GitHub's limits allow ${perHour(plan.budget)} checks an hour, and checking ${plan.users.toLocaleString("en")} users within ${Duration.format(maxDelay)} takes ${perHour(plan.needed)}. ${advice}`
    )
  }
  if (tokenLimit !== undefined && tokensPerDay > tokenLimit) {
    shortages.push(
      `About ${Math.round(plan.gistsPerDay).toLocaleString("en")} new gists a day take ${tokensPerDay.toLocaleString("en")} of Pipedrive's tokens, and a day has ${tokenLimit.toLocaleString("en")}, so files will wait. Ask Pipedrive for a larger budget, or track fewer users`
    )
  }
  return { tokensPerDay, shortages }
}

/** The forecast by the present plan and budgets. */
export const make: Effect.Effect<
  Effect.Effect<Forecast, DatabaseError>,
  never,
  CheckSchedule | Store | Limits | Settings | Sink
> = Effect.gen(function* () {
  const schedule = yield* CheckSchedule
  const { checks } = yield* Store
  const settings = yield* Settings
  const sink = yield* Sink
  const limits = yield* Limits
  return Effect.gen(function* () {
    const plan = yield* schedule.plan
    const needs = needsOf(plan, {
      maxDelay: settings.maxDelay,
      hasGithubToken: Option.isSome(settings.githubToken),
      tokensPerFile: sink.price?.perFile ?? 0,
      tokenLimit: Option.getOrUndefined(Option.map(yield* limits.tokens, ({ limit }) => limit))
    })
    return {
      ...needs,
      checksNeeded: Math.round(plan.needed * 3_600),
      checksAllowed: Math.floor(plan.budget * 3_600),
      maxInterval: Duration.seconds(Math.round(plan.maxInterval / 1_000)),
      oldestCheck: yield* checks.oldestCheck,
      gistsPerDay: plan.gistsPerDay
    }
  })
})
