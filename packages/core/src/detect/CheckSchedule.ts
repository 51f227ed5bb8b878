/**
 * Decides how often each class of users is checked: `domain/Cadence.ts` with the present numbers of users and GitHub's
 * present limits. A part of the limits is left for reading new gists, and for other programs with the same token.
 */
import { Context, type DateTime, Duration, Effect, Exit, Layer, type Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Cadence from "../domain/Cadence.ts"
import { Github } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"

/** The part of GitHub's limits that the schedule may use. */
export const share = 0.8

/** The planned delay as a part of the promised one: a check that is due takes its time, too. */
export const margin = 0.98

/** Users are counted once in this time for each 100,000: counting a million takes more than a second. */
const fresh = Duration.minutes(1)
const maxAge = Duration.minutes(10)

/** A cadence, with the numbers of checks an hour that it needs and that the limits allow. */
export interface Plan extends Cadence.Cadence {
  /** Users that the schedule checks: tracked, and not failing. */
  readonly users: number
  /** Milliseconds between two checks of the users that publish least. */
  readonly maxInterval: number
  /** Checks a second that GitHub's limits allow the schedule. */
  readonly budget: number
  /** Expected new gists a day, by the users' rates. */
  readonly gistsPerDay: number
  /** When the public feed last had a gap: users that were not checked since are due. */
  readonly gapAt: Option.Option<DateTime.Utc>
}

/** The intervals at which users are checked, by what GitHub's limits allow. */
export class CheckSchedule extends Context.Service<
  CheckSchedule,
  {
    /** The plan. Its numbers of users are at most a minute old, or ten with a million users. */
    readonly plan: Effect.Effect<Plan, DatabaseError>
  }
>()("gitpip/CheckSchedule") {
  static readonly layer: Layer.Layer<CheckSchedule, never, Store | Github | Settings> = Layer.effect(
    CheckSchedule,
    Effect.gen(function* () {
      const { checks, feed } = yield* Store
      const github = yield* Github
      const settings = yield* Settings
      const counted = yield* Effect.cachedWithTTL(
        checks.classes,
        Exit.match({
          onFailure: () => Duration.zero,
          onSuccess: (classes) =>
            Duration.clamp(Duration.times(fresh, sum(classes) / 100_000), { minimum: fresh, maximum: maxAge })
        })
      )
      return CheckSchedule.of({
        plan: Effect.gen(function* () {
          const classes = yield* counted
          const capacity = yield* github.capacity
          const budget = Math.max(capacity.single, capacity.batched) * share
          const gapAt = yield* feed.gapAt(settings.githubApiUrl)
          const cadence = Cadence.cadence({
            users: classes,
            budget,
            minInterval: Duration.toMillis(settings.scanInterval),
            maxInterval: Duration.toMillis(settings.maxDelay) * margin
          })
          return {
            ...cadence,
            maxInterval:
              cadence.intervals[
                Math.max(
                  classes.findIndex((count) => count > 0),
                  0
                )
              ] ?? 0,
            users: sum(classes),
            budget,
            gistsPerDay: classes.reduce((sum, count, c) => sum + (c === 0 ? 0 : count * Cadence.rateOf(c)), 0),
            gapAt
          }
        })
      })
    })
  )
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)
