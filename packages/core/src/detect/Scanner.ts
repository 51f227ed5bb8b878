/**
 * Runs scans: passes over all users or over those that are due, and looks at single ones. Never calls the sink.
 *
 * Guarantees: one pass at a time across all processes; one account's trouble is recorded on it and never stops the others;
 * trouble of the token or of GitHub stops the scan, and the next one goes on behind the last user that was looked at.
 */
import { Clock, Context, DateTime, Duration, Effect, Exit, Layer, Metric, Option, Schedule } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Scan, ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { Github, type GithubError } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import { afterWait, waitUntil } from "../store/Limits.ts"
import type { Ending, LastStart, ScanNotFound, ScanRunning } from "../store/Scans.ts"
import { Store } from "../store/Store.ts"
import type { ScanUser } from "../store/Users.ts"
import { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { type Checked, Checker } from "./Checker.ts"
import { CheckSchedule } from "./CheckSchedule.ts"

/** Users looked at between two writes of a scan's progress. */
const pageOfUsers = 200

/** The same when only those who are due are looked at: ten batches. */
const pageOfDue = 1_000

/** When few are due, so long more are waited for: a batch costs the same for one user as for a hundred. */
const gathering = Duration.seconds(10)

/** How a scan is going, for whoever watches it. */
export interface ScanProgress {
  readonly users: number
  readonly unchanged: number
  readonly failed: number
  readonly files: number
}

export class Scanner extends Context.Service<
  Scanner,
  {
    /** Looks at everybody, or at one user, now, and answers when done. */
    readonly scan: (options: {
      readonly kind: "scheduled" | "requested"
      readonly userKey: UserKey | null
      readonly onProgress?: (progress: ScanProgress) => Effect.Effect<void>
    }) => Effect.Effect<Scan, DatabaseError | ScanRunning | ScanNotFound>
    /** Looks at these users, of whom the public feed showed new gists, beside whatever else is going on. */
    readonly found: (keys: ReadonlyArray<UserKey>) => Effect.Effect<Scan, DatabaseError | ScanRunning | ScanNotFound>
    /** Carries out the scans that were asked for and are not begun: of single users, or of everybody. */
    readonly runQueued: (which: "single" | "all") => Effect.Effect<number, DatabaseError | ScanRunning | ScanNotFound>
    /** When the next scheduled scan is due, by this process's clock. */
    readonly nextScheduled: Effect.Effect<DateTime.Utc, DatabaseError>
  }
>()("gitpip/Scanner") {
  static readonly layer: Layer.Layer<Scanner, never, Checker | CheckSchedule | Store | Github | Settings | ScanSpans> =
    Layer.effect(
      Scanner,
      Effect.gen(function* () {
        const { limits, scans, users } = yield* Store
        const checker = yield* Checker
        const schedule = yield* CheckSchedule
        const github = yield* Github
        const settings = yield* Settings
        const scanSpans = yield* ScanSpans

        /** Looks at users, records what that brought, and fails with what ended it. Answers how far it came. */
        const checkUsers = Effect.fnUntraced(function* (pass: Pass, page: ReadonlyArray<ScanUser>, before: number) {
          const {
            cursor = before,
            checked,
            trouble
          } = yield* checker.check(pass.scan, page, { isPatient: pass.isScheduled })
          const count = (outcome: Checked["outcome"]) => checked.filter((one) => one.outcome === outcome).length
          yield* users.recordChecks(checked.map(({ check }) => check))
          yield* scans.progress(pass.scan, {
            cursor,
            users: checked.length,
            unchanged: count("Unchanged"),
            failures: checked.flatMap(({ failure }) => (failure === undefined ? [] : [failure]))
          })
          for (const outcome of ["Unchanged", "Changed", "Failed"] as const) {
            if (count(outcome) > 0) yield* Metric.update(Telemetry.checks(outcome.toLowerCase()), count(outcome))
          }
          const found = checked.reduce((sum, { files }) => sum + files, 0)
          yield* Metric.update(Telemetry.filesFound, found)
          pass.total = {
            users: pass.total.users + checked.length,
            unchanged: pass.total.unchanged + count("Unchanged"),
            failed: pass.total.failed + count("Failed"),
            files: pass.total.files + found
          }
          yield* pass.onProgress(pass.total)
          if (trouble !== undefined) return yield* trouble
          return cursor
        })

        /** Everybody, in order of their keys; only those whose wait is over unless `failing`. */
        const everybody = Effect.fnUntraced(function* (pass: Pass, options: { readonly failing: boolean }) {
          const begin = yield* scans.resumeAfter
          // Cut off before the first page, it has no other place than the one it took over.
          if (begin > 0) yield* scans.progress(pass.scan, { cursor: begin, users: 0, unchanged: 0, failures: [] })
          // After a pass that did not come to its end, the rest first, then from the beginning to there.
          const all = { from: 0, until: Number.MAX_SAFE_INTEGER }
          const ranges =
            begin === 0
              ? [all]
              : [
                  { ...all, from: begin },
                  { ...all, until: begin }
                ]
          for (const { from, until } of ranges) {
            let after = from
            for (;;) {
              const page = yield* users.forScan({
                after,
                until,
                limit: pageOfUsers,
                includeFailing: options.failing
              })
              if (page.length === 0) break
              after = yield* checkUsers(pass, page, after)
            }
          }
        })

        /**
         * Those who are due, whoever is so longest first, for as long as one interval lasts: there are too many to look at
         * everybody, so it is the plan that says whose turn it is.
         */
        const due = Effect.fnUntraced(function* (pass: Pass) {
          const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(settings.scanInterval)
          for (;;) {
            const { gapAt, intervals } = yield* schedule.plan
            const page = yield* users.due({
              intervals,
              before: Option.match(gapAt, { onNone: () => new Date(0), onSome: DateTime.toDate }),
              listed: yield* checker.spent,
              limit: pageOfDue
            })
            if (page.length > 0) yield* checkUsers(pass, page, 0)
            const left = end - (yield* Clock.currentTimeMillis)
            if (left <= 0) return
            if (page.length < pageOfDue) yield* Effect.sleep(Math.min(left, Duration.toMillis(gathering)))
          }
        })

        const some = Effect.fnUntraced(function* (pass: Pass, keys: ReadonlyArray<UserKey>) {
          yield* checkUsers(pass, yield* users.someForScan(keys), 0)
        })

        const ending = Effect.fnUntraced(function* (exit: Exit.Exit<void, GithubError | DatabaseError>) {
          if (Exit.isSuccess(exit))
            return { state: "done", reason: null, message: null, resumeIn: null } satisfies Ending
          const error = Exit.findErrorOption(exit)
          if (Option.isNone(error)) {
            return {
              state: "interrupted",
              reason: null,
              message: "the process was stopped",
              resumeIn: null
            } satisfies Ending
          }
          if (error.value._tag === "DatabaseError") {
            return {
              state: "interrupted",
              reason: "DatabaseError",
              message: error.value.message,
              resumeIn: null
            } satisfies Ending
          }
          const { reason, retryAt } = error.value
          const resumeAt = reason._tag === "RateLimited" ? reason.resumeAt : retryAt
          if (reason._tag === "RateLimited" && reason.binding)
            yield* Effect.ignore(
              limits.block(github.limitKey, { wait: yield* waitUntil(reason.resumeAt), message: reason.message })
            )
          return {
            state: "stopped",
            reason: reason._tag,
            message: reason.message,
            resumeIn: resumeAt === undefined ? null : DateTime.distance(yield* DateTime.now, resumeAt)
          } satisfies Ending
        })

        const restore = Effect.gen(function* () {
          for (const { close, limitKey } of [github, github.points]) {
            const blocked = yield* limits.blocked(limitKey)
            if (Option.isSome(blocked)) yield* close(yield* afterWait(blocked.value.wait), blocked.value.message)
          }
        })

        /** Runs a scan that has been started, under its lease, to whatever end. */
        const run = Effect.fn("Scanner.run")(function* (
          scan: ScanId,
          work: Effect.Effect<void, GithubError | DatabaseError>
        ) {
          yield* Effect.annotateCurrentSpan(Telemetry.attributes.scan, scan)
          yield* scanSpans.note(scan)
          yield* Telemetry.log("Debug", "scan.started", { scan })
          const heartbeat = scans.renew(scan).pipe(
            Effect.orElseSucceed(() => true),
            Effect.repeat({ schedule: Schedule.spaced(Timing.scanHeartbeat), while: (kept) => kept })
          )
          yield* checker.begin
          yield* Effect.andThen(restore, work).pipe(
            // Whoever took it for lost has ended it, and may have begun another.
            Effect.raceFirst(Effect.asVoid(heartbeat)),
            Effect.onExit((exit) =>
              Effect.gen(function* () {
                yield* scans.end(scan, yield* ending(exit))
              }).pipe(Effect.ignore)
            ),
            // Recorded on the scan itself; a database that is gone is the caller's business.
            Effect.catchTag("GithubError", () => Effect.void)
          )
          const ended = yield* scans.find(scan)
          yield* Telemetry.log("Info", "scan.ended", {
            scan,
            state: ended.state,
            users: ended.users,
            unchanged: ended.unchanged,
            failed: ended.failed,
            files: ended.files,
            ...(ended.message === null ? {} : { detail: ended.message })
          })
          yield* Metric.update(Telemetry.scans(ended.state), 1)
          yield* Effect.annotateCurrentSpan(Telemetry.attributes.files, ended.files)
          return ended
        })

        const requested = (started: { readonly key: ScanId; readonly userKey: number | null }, pass: Pass) =>
          started.userKey === null ? everybody(pass, { failing: true }) : some(pass, [UserKey.make(started.userKey)])

        return Scanner.of({
          scan: Effect.fnUntraced(function* ({ kind, onProgress, userKey }) {
            yield* scans.reap
            const started = Option.getOrThrow(yield* scans.start(kind, userKey))
            const pass = newPass(started.key, { onProgress, isScheduled: kind === "scheduled" })
            const scheduled = Effect.gen(function* () {
              // Before the first answer the limits are assumed, and may be larger. The check tells them and is free.
              const isKnown = (yield* github.limits).budget !== undefined
              if (!isKnown && !(yield* schedule.plan).everybody) yield* Effect.ignore(github.check)
              return (yield* schedule.plan).everybody ? yield* everybody(pass, { failing: false }) : yield* due(pass)
            })
            return yield* run(started.key, kind === "scheduled" ? scheduled : requested(started, pass))
          }),
          found: Effect.fnUntraced(function* (keys) {
            const started = Option.getOrThrow(yield* scans.start("feed", null))
            return yield* run(started.key, some(newPass(started.key), keys))
          }),
          runQueued: Effect.fnUntraced(function* (which) {
            yield* scans.reap
            for (let done = 0; ; done++) {
              const started = yield* scans.startQueued(which === "single")
              if (Option.isNone(started)) return done
              yield* run(started.value.key, requested(started.value, newPass(started.value.key)))
            }
          }),
          nextScheduled: Effect.gen(function* () {
            const last = yield* scans.lastStart
            return DateTime.addDuration(yield* DateTime.now, untilNextScan(last, settings.scanInterval))
          })
        })
      })
    )
}

/** The wait for the next scheduled scan. */
export const untilNextScan = (last: Option.Option<LastStart>, interval: Duration.Duration): Duration.Duration => {
  if (Option.isNone(last)) return Duration.zero
  const { resumeIn, startedAgo, state } = last.value
  const due = Duration.toMillis(interval) - startedAgo
  // A full scan that was stopped or cut off goes on as soon as possible, not an interval later.
  const wait = state === "stopped" ? (resumeIn ?? due) : state === "interrupted" ? 0 : due
  return Duration.millis(Math.max(wait, 0))
}

/** A scan in progress. */
interface Pass {
  readonly scan: ScanId
  readonly isScheduled: boolean
  readonly onProgress: (progress: ScanProgress) => Effect.Effect<void>
  total: ScanProgress
}

const newPass = (
  scan: ScanId,
  options: { readonly onProgress?: Pass["onProgress"] | undefined; readonly isScheduled?: boolean } = {}
): Pass => ({
  scan,
  isScheduled: options.isScheduled === true,
  onProgress: options.onProgress ?? (() => Effect.void),
  total: { users: 0, unchanged: 0, failed: 0, files: 0 }
})
