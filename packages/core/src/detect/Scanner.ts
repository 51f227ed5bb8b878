/**
 * Runs scans: of all users, of due users, or of single users. A scan never calls the sink.
 *
 * Guarantees: one full scan at a time across all processes. An account's failure is recorded on that user and stops no
 * other check. Trouble of the token or of GitHub stops the scan, and the next one goes on behind the last checked user.
 */
import { Context, DateTime, Effect, Exit, Layer, Metric, Option, Schedule } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Scan, ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { Github, type GithubError } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import { afterWait, waitUntil } from "../store/Limits.ts"
import type { ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Checker } from "./Checker.ts"
import { CheckSchedule } from "./CheckSchedule.ts"
import { endingOf, untilNextScan } from "./scanEnd.ts"
import * as ScanUsers from "./scanUsers.ts"

type ScanProblem = DatabaseError | ScanRunning | ScanNotFound

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
    /** Runs the queued scans of single users, or of all users, and answers how many. */
    readonly runQueued: (which: "single" | "all") => Effect.Effect<number, ScanProblem>
    /** When the next scheduled scan is due, by this process's clock. */
    readonly nextScheduled: Effect.Effect<DateTime.Utc, DatabaseError>
  }
>()("gitpip/Scanner") {
  static readonly layer: Layer.Layer<Scanner, never, Checker | CheckSchedule | Store | Github | Settings | ScanSpans> =
    Layer.effect(
      Scanner,
      Effect.gen(function* () {
        const { limits, scans } = yield* Store
        const checker = yield* Checker
        const schedule = yield* CheckSchedule
        const github = yield* Github
        const settings = yield* Settings
        const scanSpans = yield* ScanSpans
        const users = yield* ScanUsers.make

        /** Blocks requests to GitHub as long as a limit holds that another process has stored. */
        const restoreLimits = Effect.gen(function* () {
          for (const { block, limitKey } of [github, github.points]) {
            const blocked = yield* limits.blocked(limitKey)
            if (Option.isSome(blocked)) yield* block(yield* afterWait(blocked.value.wait), blocked.value.message)
          }
        })

        /** Records how a scan ended, and GitHub's limit when the limit ended it. */
        const end = Effect.fnUntraced(function* (scan: ScanId, exit: Exit.Exit<void, GithubError | DatabaseError>) {
          const limit = limitOf(exit)
          if (Option.isSome(limit)) {
            const { message, resumeAt } = limit.value
            yield* Effect.ignore(limits.block(github.limitKey, { wait: yield* waitUntil(resumeAt), message }))
          }
          yield* scans.end(scan, endingOf(exit, yield* DateTime.now))
        })

        /** Runs a started scan under its lease, until the scan ends or the lease is lost. */
        const run = Effect.fn("Scanner.run")(function* (
          scan: ScanId,
          work: Effect.Effect<void, GithubError | DatabaseError>
        ) {
          yield* Effect.annotateCurrentSpan(Telemetry.attributes.scan, scan)
          // See `GistFiles`: the publisher links its traces to this span.
          yield* scanSpans.note(scan)
          yield* Telemetry.log("Debug", "scan.started", { scan })
          const heartbeat = scans.renew(scan).pipe(
            Effect.orElseSucceed(() => true),
            Effect.repeat({ schedule: Schedule.spaced(Timing.scanHeartbeat), while: (isKept) => isKept })
          )
          yield* checker.begin
          yield* Effect.andThen(restoreLimits, work).pipe(
            // The process that took over the lease has ended this scan, and may run another.
            Effect.raceFirst(Effect.asVoid(heartbeat)),
            Effect.onExit((exit) => Effect.ignore(end(scan, exit))),
            // The scan's row has the error. A database that fails is the caller's problem.
            Effect.catchTag("GithubError", () => Effect.void)
          )
          const ended = yield* scans.find(scan)
          yield* report(ended)
          return ended
        })

        const scheduled = Effect.fnUntraced(function* (scan: ScanUsers.RunningScan) {
          // Before the first response the limits are assumed, and may be larger. Asking for them is free.
          const isKnown = (yield* github.limits).budget !== undefined
          if (!isKnown && !(yield* schedule.plan).everybody) yield* Effect.ignore(github.check)
          const { everybody } = yield* schedule.plan
          return yield* everybody ? users.all(scan, { includeFailing: false }) : users.due(scan)
        })

        const requested = (scan: ScanUsers.RunningScan, userKey: number | null) =>
          userKey === null ? users.all(scan, { includeFailing: true }) : users.some(scan, [UserKey.make(userKey)])

        return Scanner.of({
          scan: Effect.fnUntraced(function* ({ kind, onProgress, userKey }) {
            yield* scans.reap
            const { key } = Option.getOrThrow(yield* scans.start(kind, userKey))
            const isScheduled = kind === "scheduled"
            const scan = running(key, { onProgress, isScheduled })
            return yield* run(key, isScheduled ? scheduled(scan) : requested(scan, userKey))
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

/** GitHub's own limit that ended a scan. */
const limitOf = (exit: Exit.Exit<void, GithubError | DatabaseError>) =>
  Option.flatMap(Exit.findErrorOption(exit), (error) =>
    error._tag === "GithubError" && error.reason._tag === "RateLimited" && error.reason.enforcedBy === "service"
      ? Option.some(error.reason)
      : Option.none()
  )

const report = Effect.fnUntraced(function* (ended: Scan) {
  const { failed, files, id, message, state, unchanged, users } = ended
  yield* Telemetry.log("Info", "scan.ended", {
    scan: id,
    state,
    users,
    unchanged,
    failed,
    files,
    ...(message === null ? {} : { detail: message })
  })
  yield* Metric.update(Telemetry.scans(state), 1)
  yield* Effect.annotateCurrentSpan(Telemetry.attributes.files, files)
})

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
