/** One pass over the tracked users, or over one of them, with what it found and what failed. */
import { Schema } from "effect"
import { GistFile } from "./GistFile.ts"
import { Username } from "./User.ts"

export const ScanId = Schema.Int.pipe(Schema.brand("ScanId"))
export type ScanId = typeof ScanId.Type

/**
 * - `queued`: asked for, not begun
 * - `running`: in progress; at most one pass over all users at a time, across all processes
 * - `done`: every user was looked at
 * - `stopped`: GitHub refused everybody (a limit, the token, an outage); the next pass goes on where this one ended
 * - `interrupted`: the process was stopped or lost; the next pass goes on where this one ended
 */
export const ScanState = Schema.Literals(["queued", "running", "done", "stopped", "interrupted"])
export type ScanState = typeof ScanState.Type

export const Scan = Schema.Struct({
  id: ScanId,
  kind: Schema.Literals(["scheduled", "requested"]),
  /** The only user looked at, or `null` for all. */
  username: Schema.NullOr(Username),
  state: ScanState,
  requestedAt: Schema.DateTimeUtcFromString,
  startedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  finishedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  users: Schema.Int,
  unchanged: Schema.Int,
  failed: Schema.Int,
  files: Schema.Int,
  reason: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String),
  /** When a stopped scan may go on. */
  resumeAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}).pipe(
  Schema.encodeKeys({
    requestedAt: "requested_at",
    startedAt: "started_at",
    finishedAt: "finished_at",
    resumeAt: "resume_at"
  })
)
export type Scan = typeof Scan.Type

/** A user that a scan could not look at, and when it is tried again. */
export const ScanFailure = Schema.Struct({
  username: Username,
  reason: Schema.String,
  message: Schema.String,
  retryAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}).pipe(Schema.encodeKeys({ retryAt: "retry_at" }))
export type ScanFailure = typeof ScanFailure.Type

/** A scan with the first of the files that it added and of the users that failed (at most 100 each). */
export const ScanDetails = Schema.Struct({
  scan: Scan,
  files: Schema.Array(GistFile),
  failures: Schema.Array(ScanFailure)
})
export type ScanDetails = typeof ScanDetails.Type
