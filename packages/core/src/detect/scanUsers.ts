/** Checks the users of a scan, page by page, and records the results and the scan's progress. */
import { Clock, DateTime, Duration, Effect, Metric, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { ScanId } from "../domain/Scan.ts"
import type { UserKey } from "../domain/User.ts"
import type { GithubError } from "../github/Github.ts"
import { Settings } from "../Settings.ts"
import type { ScanUser } from "../store/Checks.ts"
import { Store } from "../store/Store.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { Checker } from "./Checker.ts"
import { CheckSchedule } from "./CheckSchedule.ts"
import type { CheckResult } from "./checkResult.ts"

/** Users checked between two writes of a scan's progress. */
const pageOfUsers = 200

/** The same when only due users are checked: ten batches. */
const pageOfDue = 1_000

/** The wait for more users when few are due: a batch costs the same for one user as for a hundred. */
const gathering = Duration.seconds(10)

/** What a scan has checked so far. */
export interface ScanProgress {
  readonly users: number
  readonly unchanged: number
  readonly failed: number
  readonly files: number
}

/** A scan in progress. */
export interface RunningScan {
  readonly id: ScanId
  /** Whether long listings leave a part of a short hour to other requests. */
  readonly isScheduled: boolean
  readonly onProgress: (progress: ScanProgress) => Effect.Effect<void>
  total: ScanProgress
}

type Scanning = Effect.Effect<void, GithubError | DatabaseError>

/** The ways through the users. */
export interface UserScans {
  /** All users, in order of their keys. Failing users whose wait is not over only with `includeFailing`. */
  readonly all: (scan: RunningScan, options: { readonly includeFailing: boolean }) => Scanning
  /** Users whose check is due, for one interval of the schedule. */
  readonly due: (scan: RunningScan) => Scanning
  readonly some: (scan: RunningScan, keys: ReadonlyArray<UserKey>) => Scanning
}

/** The ways through the users, on the services around them. */
export const make: Effect.Effect<UserScans, never, Checker | CheckSchedule | Store | Settings> = Effect.gen(
  function* () {
    const { checks, scans } = yield* Store
    const record = makeRecord({ checks, scans })
    const checker = yield* Checker
    const schedule = yield* CheckSchedule
    const { scanInterval } = yield* Settings

    /** Checks a page of users, and answers the scan's cursor. `before` is the cursor that stays when no user is checked. */
    const checkPage = Effect.fnUntraced(function* (scan: RunningScan, page: ReadonlyArray<ScanUser>, before: number) {
      const { checked, cursor = before, trouble } = yield* checker.check(scan.id, page, { isPatient: scan.isScheduled })
      yield* record(scan, checked, cursor)
      if (trouble !== undefined) return yield* trouble
      return cursor
    })

    const all: UserScans["all"] = Effect.fnUntraced(function* (scan, options) {
      const begin = yield* scans.resumeAfter
      // A scan that is cut off before its first page must leave the place that it began at.
      if (begin > 0) yield* scans.progress(scan.id, { cursor: begin, users: 0, unchanged: 0, files: 0, failures: [] })
      for (const { from, until } of rangesFrom(begin)) {
        let after = from
        for (;;) {
          const page = yield* checks.forScan({ after, until, limit: pageOfUsers, ...options })
          if (page.length === 0) break
          after = yield* checkPage(scan, page, after)
        }
      }
    })

    const due: UserScans["due"] = Effect.fnUntraced(function* (scan) {
      const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(scanInterval)
      for (;;) {
        const { gapAt, intervals } = yield* schedule.plan
        const page = yield* checks.due({
          intervals,
          before: Option.match(gapAt, { onNone: () => new Date(0), onSome: DateTime.toDate }),
          listed: yield* checker.spent,
          limit: pageOfDue
        })
        if (page.length > 0) yield* checkPage(scan, page, 0)
        const left = end - (yield* Clock.currentTimeMillis)
        if (left <= 0) return
        if (page.length < pageOfDue) yield* Effect.sleep(Math.min(left, Duration.toMillis(gathering)))
      }
    })

    return {
      all,
      due,
      some: Effect.fnUntraced(function* (scan, keys) {
        const page = yield* checks.someForScan(keys)
        if (page.length > 0) yield* checkPage(scan, page, 0)
      })
    }
  }
)

/** All keys. After a full scan that was cut off: the rest first, then from the beginning to that place. */
const rangesFrom = (begin: number): ReadonlyArray<{ readonly from: number; readonly until: number }> =>
  begin === 0
    ? [{ from: 0, until: Number.MAX_SAFE_INTEGER }]
    : [
        { from: begin, until: Number.MAX_SAFE_INTEGER },
        { from: 0, until: begin }
      ]

/** Records a page of checks, and the scan's progress. */
const makeRecord = ({ checks, scans }: Pick<Store["Service"], "checks" | "scans">) =>
  Effect.fnUntraced(function* (scan: RunningScan, checked: ReadonlyArray<CheckResult>, cursor: number) {
    const progress = countsOf(checked)
    yield* checks.record(checked.map(({ check }) => check))
    yield* scans.progress(scan.id, {
      cursor,
      users: progress.users,
      unchanged: progress.unchanged,
      files: progress.files,
      failures: checked.flatMap(({ check: { failure, key } }) =>
        failure === null ? [] : [{ ...failure, userKey: key }]
      )
    })
    const { failed, files, unchanged, users } = progress
    for (const [outcome, count] of Object.entries({ unchanged, changed: users - unchanged - failed, failed })) {
      if (count > 0) yield* Metric.update(Telemetry.checks(outcome), count)
    }
    yield* Metric.update(Telemetry.filesFound, files)
    scan.total = together(scan.total, progress)
    yield* scan.onProgress(scan.total)
  })

const countsOf = (checked: ReadonlyArray<CheckResult>): ScanProgress => {
  const count = (outcome: CheckResult["outcome"]) => checked.filter((one) => one.outcome === outcome).length
  return {
    users: checked.length,
    unchanged: count("Unchanged"),
    failed: count("Failed"),
    files: checked.reduce((sum, { files }) => sum + files, 0)
  }
}

const together = (before: ScanProgress, after: ScanProgress): ScanProgress => ({
  users: before.users + after.users,
  unchanged: before.unchanged + after.unchanged,
  failed: before.failed + after.failed,
  files: before.files + after.files
})
