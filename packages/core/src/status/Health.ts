/** Whether work gets done: what `/ready` and `doctor` report. */
import { Clock, DateTime, Duration, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { CheckSchedule } from "../detect/CheckSchedule.ts"
import { Github } from "../github/Github.ts"
import type { Limits } from "../limits/Limits.ts"
import { Publisher } from "../publish/Publisher.ts"
import type { Sink } from "../publish/Sink.ts"
import { Settings } from "../Settings.ts"
import { Store } from "../store/Store.ts"
import * as Forecast from "./Forecast.ts"

/** How long work may be late before it counts as overdue. */
const grace = Duration.minutes(10)

/** Since when work is late, by the database's clock, with the last reason why. */
export interface Late {
  readonly since: DateTime.Utc
  readonly why: Option.Option<string>
}

/** Reports full scans when none has ended for two intervals and the grace. */
export const overdueScan = (
  { since, why }: Late,
  interval: Duration.Duration,
  now: DateTime.Utc
): Option.Option<string> =>
  isLate(since, Duration.sum(Duration.times(interval, 2), grace), now)
    ? Option.some(`No full scan has ended since ${DateTime.formatIso(since)}${because(why)}`)
    : Option.none()

/** Reports the publication that is due longest when the worker had time to publish it. */
export const overduePublication = (due: Late, workerStart: DateTime.Utc, now: DateTime.Utc): Option.Option<string> =>
  isLate(DateTime.max(due.since, workerStart), grace, now)
    ? Option.some(`A publication has been due since ${DateTime.formatIso(due.since)}${because(due.why)}`)
    : Option.none()

const isLate = (since: DateTime.Utc, patience: Duration.Duration, now: DateTime.Utc): boolean =>
  Duration.isGreaterThan(DateTime.distance(since, now), patience)

const because = (why: Option.Option<string>): string =>
  Option.match(why, { onNone: () => "", onSome: (message) => `: ${message}` })

/** Why work does not get done; empty when it does. `since` is when the worker started, by this process's clock. */
export type Overdue = (since: DateTime.Utc) => Effect.Effect<ReadonlyArray<string>, DatabaseError>

/**
 * Judges whether scans and publications are overdue, by the instant at which the worker started. One sentence for
 * each reason.
 */
export const make: Effect.Effect<
  Overdue,
  never,
  CheckSchedule | Github | Limits | Publisher | Settings | Sink | Store
> = Effect.gen(function* () {
  const { now, requireWritable, scans } = yield* Store
  const publisher = yield* Publisher
  const github = yield* Github
  const { scanInterval } = yield* Settings
  const forecast = yield* Forecast.make

  const scanning = Effect.fnUntraced(function* (workerStart: DateTime.Utc, at: DateTime.Utc) {
    const lastDone = Option.flatMap(yield* scans.lastDone, ({ finishedAt }) => Option.fromNullishOr(finishedAt))
    const why = Option.flatMap(yield* scans.lastEnded, ({ message }) => Option.fromNullishOr(message))
    const since = DateTime.max(
      workerStart,
      Option.getOrElse(lastDone, () => workerStart)
    )
    return overdueScan({ since, why }, scanInterval, at)
  })

  const publishing = Effect.fnUntraced(function* (workerStart: DateTime.Utc, at: DateTime.Utc) {
    if (Option.isSome(publisher.off)) return Option.none()
    const due = yield* publisher.nextDue
    if (Option.isNone(due)) return Option.none()
    const why = Option.map(yield* publisher.sharedPause, ({ message }) => message)
    return overduePublication({ since: due.value, why }, workerStart, at)
  })

  return Effect.fn("Gitpip.overdue")(function* (since) {
    yield* requireWritable
    const refused = Option.map(yield* github.refused, ({ message }) => message)
    const at = yield* now
    // The worker's start, by the database's clock.
    const uptime = Duration.millis((yield* Clock.currentTimeMillis) - since.epochMilliseconds)
    const workerStart = DateTime.subtractDuration(at, uptime)
    const late = [refused, yield* publisher.fault, yield* scanning(workerStart, at), yield* publishing(workerStart, at)]
    return [...late.flatMap(Option.toArray), ...(yield* forecast).shortages]
  })
})
