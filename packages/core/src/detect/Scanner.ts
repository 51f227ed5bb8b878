/**
 * Runs scans: of all users, of due users, or of single users. A scan never calls the sink.
 *
 * Guarantees: one full scan at a time across all processes. An account's failure is recorded on that user and stops no
 * other check. Trouble of the token or of GitHub stops the scan, and the next one goes on behind the last checked user.
 */
import { Clock, Context, DateTime, Duration, Effect, Layer, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Scan, ScanId } from "../domain/Scan.ts"
import { UserKey } from "../domain/User.ts"
import { Github, maxLogins } from "../github/Github.ts"
import { Limits } from "../limits/Limits.ts"
import { Settings } from "../Settings.ts"
import type { ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Checker } from "./Checker.ts"
import { CheckSchedule } from "./CheckSchedule.ts"
import { Profiles } from "./Profiles.ts"
import { hasRoom } from "./room.ts"
import { makeRunScan } from "./runScan.ts"
import { untilNextScan } from "./scanEnd.ts"
import * as ScanUsers from "./scanUsers.ts"

/** New users are checked together once none was added for this time. */
const quiet = Duration.seconds(1)

type ScanProblem = DatabaseError | ScanRunning | ScanNotFound

/** Runs full scans and scans of single users, each under a lease. */
export class Scanner extends Context.Service<
  Scanner,
  {
    /** Checks all users, or one, now, and answers when done. */
    readonly scan: (options: {
      readonly kind: "scheduled" | "requested"
      readonly userKey: UserKey | null
      readonly onProgress?: (progress: ScanUsers.ScanProgress) => Effect.Effect<void>
    }) => Effect.Effect<Scan, ScanProblem>
    /** Checks users for whom the public feed showed new gists, beside any other scan. */
    readonly found: (keys: ReadonlyArray<UserKey>) => Effect.Effect<Scan, ScanProblem>
    /**
     * Checks users that were tracked since the first call, soon after the last of them was tracked, beside any other scan.
     * Users whose check GitHub refuses wait for the next full scan. Answers how many users were checked.
     */
    readonly checkNew: Effect.Effect<number, ScanProblem>
    /** Runs the queued scans of single users, or of all users, and answers how many. */
    readonly runQueued: (which: "single" | "all") => Effect.Effect<number, ScanProblem>
    /** When the next scheduled scan is due, by this process's clock. */
    readonly nextScheduled: Effect.Effect<DateTime.Utc, DatabaseError>
  }
>()("gitpip/Scanner") {
  static readonly layer: Layer.Layer<
    Scanner,
    never,
    Checker | CheckSchedule | Store | Limits | Github | Profiles | Settings | ScanSpans
  > = Layer.effect(
    Scanner,
    Effect.gen(function* () {
      const { checks, history, scans } = yield* Store
      const limits = yield* Limits
      const checker = yield* Checker
      const schedule = yield* CheckSchedule
      const github = yield* Github
      const profiles = yield* Profiles
      const settings = yield* Settings
      const scanSpans = yield* ScanSpans
      const run = makeRunScan({ checker, limits, scanSpans, scans })
      const users = yield* ScanUsers.make

      const scheduled = Effect.fnUntraced(function* (scan: ScanUsers.RunningScan) {
        // Before the first response the limits are assumed, and may be larger. Asking for them is free.
        const isKnown = (yield* limits.requests).budget !== undefined
        if (!isKnown && !(yield* schedule.plan).checksAllUsers) yield* Effect.ignore(github.check)
        const { checksAllUsers } = yield* schedule.plan
        return yield* checksAllUsers ? users.all(scan, { includeFailing: false }) : users.due(scan)
      })

      const requested = (scan: ScanUsers.RunningScan, userKey: number | null) =>
        userKey === null ? users.all(scan, { includeFailing: true }) : users.some(scan, [UserKey.make(userKey)])

      /** After a full scan: servers and commands alike run them, and one at a time. */
      const trimHistory = Effect.catch(history.trim(settings.keepHistory), ({ message }) =>
        Telemetry.log("Warn", "history.failed", { detail: message })
      )

      /** When the last user was tracked of those that `checkNew` has checked, by the database's clock. */
      let newAfter: DateTime.Utc | undefined

      const checkNew = Effect.gen(function* () {
        newAfter ??= yield* checks.now
        const { blockedUntil } = yield* limits.requests
        const isBlocked = blockedUntil > (yield* Clock.currentTimeMillis) || Option.isSome(yield* github.refused)
        if (isBlocked || !(yield* hasRoom(limits))) return 0
        const found = yield* checks.justTracked({ after: DateTime.toDate(newAfter), limit: maxLogins, quiet })
        const last = found.at(-1)
        if (last === undefined) return 0
        // A drain that is under way publishes what the check finds at once, and names the person.
        yield* Effect.ignore(profiles.refresh)
        newAfter = last.trackedAt
        const { key } = Option.getOrThrow(yield* scans.start("new", null))
        const keys = found.map((user) => user.key)
        yield* run(key, users.some(running(key, { isScheduled: true }), keys))
        return keys.length
      })

      return Scanner.of({
        checkNew,
        scan: Effect.fnUntraced(function* ({ kind, onProgress, userKey }) {
          yield* scans.reap
          const { key } = Option.getOrThrow(yield* scans.start(kind, userKey))
          const isScheduled = kind === "scheduled"
          const scan = running(key, { onProgress, isScheduled })
          const ended = yield* run(key, isScheduled ? scheduled(scan) : requested(scan, userKey))
          if (userKey === null) yield* trimHistory
          return ended
        }),
        found: Effect.fnUntraced(function* (keys) {
          const { key } = Option.getOrThrow(yield* scans.start("feed", null))
          return yield* run(key, users.some(running(key), keys))
        }),
        runQueued: Effect.fnUntraced(function* (which) {
          yield* scans.reap
          for (let done = 0; ; done++) {
            const started = yield* scans.startQueued(which)
            if (Option.isNone(started)) return done
            const { key, userKey } = started.value
            yield* run(key, requested(running(key), userKey))
          }
        }),
        nextScheduled: Effect.gen(function* () {
          const wait = untilNextScan(yield* scans.lastStart, settings.scanInterval)
          return DateTime.addDuration(yield* DateTime.now, wait)
        })
      })
    })
  )
}

const running = (
  id: ScanId,
  options: {
    readonly onProgress?: ScanUsers.RunningScan["onProgress"] | undefined
    readonly isScheduled?: boolean
  } = {}
): ScanUsers.RunningScan => ({
  id,
  isScheduled: options.isScheduled === true,
  onProgress: options.onProgress ?? (() => Effect.void),
  total: { users: 0, unchanged: 0, failed: 0, files: 0 }
})
