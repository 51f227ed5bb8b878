/** One check of all tracked users, or of some, with the files found and the users that failed. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { GistFile } from "./GistFile.ts"
import { Username } from "./User.ts"

/** The id of a scan: a whole number from 1. */
export const ScanId = Schema.Int.pipe(Schema.brand("ScanId"))
/** A scan's number, branded: `ScanId.make(7)`. */
export type ScanId = typeof ScanId.Type

/**
 * - `queued`: requested, not begun
 * - `running`: in progress; at most one full scan at a time, across all processes
 * - `done`: every user of the scan was checked
 * - `stopped`: GitHub refused all requests (a limit, the token, an outage); the next full scan goes on where this one ended
 * - `interrupted`: the process was stopped or lost; the next full scan goes on where this one ended
 */
export const ScanState = Schema.Literals(["queued", "running", "done", "stopped", "interrupted"])
/** The state of a scan; `done`, `stopped` and `interrupted` are final. */
export type ScanState = typeof ScanState.Type

/**
 * - `scheduled`: the schedule started the scan
 * - `requested`: a person or a program requested the scan
 * - `feed`: the public feed showed new gists of these users
 * - `new`: these users were tracked just before
 */
export const ScanKind = Schema.Literals(["scheduled", "requested", "feed", "new"])
/** What started a scan. */
export type ScanKind = typeof ScanKind.Type

/** A scan of all users or of one, and what it found. */
export const Scan = Schema.Struct({
  id: field(ScanId, "The scan's number"),
  kind: field(ScanKind, "What started the scan: the schedule, a request, new gists in the public feed, or new users"),
  login: field(
    Schema.NullOr(Username),
    "The GitHub username of the only user that was checked; `null` for a scan of all users, of due users, of users in the feed, or of new users"
  ),
  state: field(
    ScanState,
    "`queued`, `running`, `done`; `stopped`: GitHub refused all requests; `interrupted`: the server was stopped or lost. The next full scan goes on where a stopped or interrupted one ended"
  ),
  requestedAt: field(Instant, "When the scan was requested"),
  startedAt: field(Schema.NullOr(Instant), "When the scan began; `null` while it waits"),
  finishedAt: field(Schema.NullOr(Instant), "When the scan ended; `null` until then"),
  users: field(Schema.Int, "Users checked so far"),
  unchanged: field(Schema.Int, "Checked users without new files"),
  failed: field(Schema.Int, "Checked users whose check failed"),
  files: field(Schema.Int, "New files found"),
  reason: field(Schema.NullOr(Schema.String), "Why the scan was stopped or interrupted, as one word; else `null`"),
  message: field(Schema.NullOr(Schema.String), "The same as a sentence"),
  resumeAt: field(Schema.NullOr(Instant), "When the next full scan may go on after a stopped one; else `null`")
}).pipe(
  Schema.encodeKeys({
    requestedAt: "requested_at",
    startedAt: "started_at",
    finishedAt: "finished_at",
    resumeAt: "resume_at"
  }),
  named("Scan", "One check of all tracked users, or of some")
)
/** A scan as programs get it: instants are `DateTime.Utc`, and `null` for what has not happened yet. */
export interface Scan extends Schema.Schema.Type<typeof Scan> {}

/** A user whose check failed, and when the user is checked again. */
export const ScanFailure = Schema.Struct({
  login: field(Username, "The user's GitHub username"),
  reason: field(Schema.String, "Why, as one word: `UserNotFound`, `Unavailable` …"),
  message: field(Schema.String, "Why, as a sentence"),
  retryAt: field(Schema.NullOr(Instant), "When the user is checked again")
}).pipe(Schema.encodeKeys({ retryAt: "retry_at" }), named("ScanFailure", "A user whose check failed"))
/** A user whose check failed: why, and when the next check is due. */
export interface ScanFailure extends Schema.Schema.Type<typeof ScanFailure> {}

/** A scan with the first 100 files that it added, and the first 100 users that failed. */
export const ScanDetails = Schema.Struct({
  scan: Scan,
  files: field(Schema.Array(GistFile), "The first 100 files that the scan found"),
  failures: field(Schema.Array(ScanFailure), "The first 100 users whose check failed")
}).pipe(named("ScanDetails", "One scan with its files and failures"))
/** A scan with the beginning of what it found: at most 100 files and 100 failures. */
export interface ScanDetails extends Schema.Schema.Type<typeof ScanDetails> {}
