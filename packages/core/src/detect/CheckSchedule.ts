/**
 * Decides how often each class of users is looked at, from what GitHub's limits allow: `domain/Cadence.ts` with the
 * numbers of now. What is left of the limits is for reading new gists, and for others with the same token.
 */
import { Context, type DateTime, Duration, Effect, Exit, Layer, type Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import * as Cadence from "../domain/Cadence.ts"
import { Github } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"

/** The part of GitHub's limits that the schedule may take. */
export const share = 0.8

/** Planned is somewhat less than the longest delay that is promised: a look is due at its turn, and has then to be made. */
export const margin = 0.98

/** The numbers of users change slowly, and counting a million takes more than a second: so often for each 100,000. */
const fresh = Duration.minutes(1)
const maxAge = Duration.minutes(10)

export interface Plan extends Cadence.Cadence {
  /** Users that the schedule looks at: tracked, and not failing. */
  readonly users: number
  /** Milliseconds between two looks at the users that publish least. */
  readonly longest: number
  /** Looks a second that GitHub's limits allow the schedule. */
  readonly budget: number
  /** New gists a day that the users' rates let expect. */
  readonly gistsPerDay: number
  /** When the public feed last had a gap: users not looked at since are due, after those that are late. */
  readonly gapAt: Option.Option<DateTime.Utc>
}

export class CheckSchedule extends Context.Service<
  CheckSchedule,
  {
    /** The plan, from numbers of users that are a minute old, or ten with a million users. */
    readonly plan: Effect.Effect<Plan, DatabaseError>
  }
>()("gitpip/Planner") {
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
            shortest: Duration.toMillis(settings.scanInterval),
            longest: Duration.toMillis(settings.maxDelay) * margin
          })
          return {
            ...cadence,
            longest:
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
