/** One pass over tracked users, or a look at some of them, with what it found and what failed. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { GistFile } from "./GistFile.ts"
import { Username } from "./User.ts"

export const ScanId = Schema.Int.pipe(Schema.brand("ScanId"))
export type ScanId = typeof ScanId.Type

/**
 * - `queued`: asked for, not begun
 * - `running`: in progress; at most one pass over all users at a time, across all processes
 * - `done`: every user that it was for was looked at
 * - `stopped`: GitHub refused everybody (a limit, the token, an outage); the next pass goes on where this one ended
 * - `interrupted`: the process was stopped or lost; the next pass goes on where this one ended
 */
export const ScanState = Schema.Literals(["queued", "running", "done", "stopped", "interrupted"])
export type ScanState = typeof ScanState.Type

/**
 * - `scheduled`: the schedule asked for it
 * - `requested`: somebody asked for it
 * - `feed`: the public feed showed new gists of these users
 */
export const ScanKind = Schema.Literals(["scheduled", "requested", "feed"])
export type ScanKind = typeof ScanKind.Type

export const Scan = Schema.Struct({
  id: field(ScanId, "The scan's number"),
  kind: field(ScanKind, "Who asked for it: the schedule, somebody, or the public feed, which showed new gists"),
  username: field(
    Schema.NullOr(Username),
    "The only user looked at; `null` for all, for those that are due, or for those of the feed"
  ),
  state: field(
    ScanState,
    "`queued`, `running`, `done`; `stopped`: GitHub refused everybody; `interrupted`: the server was stopped or lost. The next scan goes on where a stopped or interrupted one ended"
  ),
  requestedAt: field(Instant, "When it was asked for"),
  startedAt: field(Schema.NullOr(Instant), "When it began; `null` while it waits"),
  finishedAt: field(Schema.NullOr(Instant), "When it ended; `null` until then"),
  users: field(Schema.Int, "Users looked at so far"),
  unchanged: field(Schema.Int, "Of these, users without news"),
  failed: field(Schema.Int, "Of these, users that could not be looked at"),
  files: field(Schema.Int, "New files found"),
  reason: field(Schema.NullOr(Schema.String), "Why it did not come to its end, as one word; `null` when it did"),
  message: field(Schema.NullOr(Schema.String), "The same as a sentence"),
  resumeAt: field(Schema.NullOr(Instant), "When a stopped scan may go on; `null` when not stopped")
}).pipe(
  Schema.encodeKeys({
    requestedAt: "requested_at",
    startedAt: "started_at",
    finishedAt: "finished_at",
    resumeAt: "resume_at"
  }),
  named("Scan", "One pass over the tracked users, or a look at one of them")
)
export type Scan = typeof Scan.Type

/** A user that a scan could not look at, and when it is tried again. */
export const ScanFailure = Schema.Struct({
  username: field(Username, "The user's GitHub username"),
  reason: field(Schema.String, "Why, as one word: `UserNotFound`, `Unavailable` …"),
  message: field(Schema.String, "Why, as a sentence"),
  retryAt: field(Schema.NullOr(Instant), "When the user is looked at again")
}).pipe(Schema.encodeKeys({ retryAt: "retry_at" }), named("ScanFailure", "A user that a scan could not look at"))
export type ScanFailure = typeof ScanFailure.Type

/** A scan with the first of the files that it added and of the users that failed (at most 100 each). */
export const ScanDetails = Schema.Struct({
  scan: Scan,
  files: field(Schema.Array(GistFile), "The files that it found, the first 100"),
  failures: field(Schema.Array(ScanFailure), "The users that it could not look at, the first 100")
}).pipe(named("ScanDetails", "One scan with files it found and users that failed"))
export type ScanDetails = typeof ScanDetails.Type
