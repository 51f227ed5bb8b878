/** Runs a scan that has started under its lease, and records how it ends. */
import { DateTime, Effect, type Exit, Metric, Option, Schedule } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Scan, ScanId } from "../domain/Scan.ts"
import * as Timing from "../domain/Timing.ts"
import type { GithubError } from "../github/Github.ts"
import type { Limits } from "../limits/Limits.ts"
import { afterLimit } from "../limits/sharing.ts"
import type { Store } from "../store/Store.ts"
import type { ScanSpans } from "../telemetry/ScanSpans.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { Checker } from "./Checker.ts"
import { endingOf, limitOf } from "./scanEnd.ts"

export interface RunScanOptions extends Pick<Store["Service"], "scans"> {
  readonly checker: Checker["Service"]
  readonly limits: Limits["Service"]
  readonly scanSpans: ScanSpans["Service"]
}

/** Runs the work of a started scan, until the work ends or the lease is lost. Answers the scan as it ended. */
export const makeRunScan = ({ checker, limits, scanSpans, scans }: RunScanOptions) => {
  /** Records how a scan ended, and GitHub's limit when the limit ended it. */
  const end = Effect.fnUntraced(function* (scan: ScanId, exit: Exit.Exit<void, GithubError | DatabaseError>) {
    const limit = limitOf(exit)
    if (Option.isSome(limit)) {
      yield* Effect.ignore(limits.store("github", afterLimit(limit.value), limit.value.resumeAt))
    }
    yield* scans.end(scan, endingOf(exit, yield* DateTime.now))
  })

  return Effect.fn("Scanner.run")(function* (scan: ScanId, work: Effect.Effect<void, GithubError | DatabaseError>) {
    yield* Effect.annotateCurrentSpan(Telemetry.attributes.scan, scan)
    // See `GistFiles`: the publisher links its traces to this span.
    yield* scanSpans.note(scan)
    yield* Telemetry.log("Debug", "scan.started", { scan })
    const heartbeat = scans.renew(scan).pipe(
      Effect.orElseSucceed(() => true),
      Effect.repeat({ schedule: Schedule.spaced(Timing.scanHeartbeat), while: (isKept) => isKept })
    )
    yield* checker.begin
    yield* Effect.andThen(limits.restore(["github", "githubPoints"]), work).pipe(
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
}

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
