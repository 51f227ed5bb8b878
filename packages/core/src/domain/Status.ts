/** The state of Gitpip, as the API shows it. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { Scan } from "./Scan.ts"

/** Counts end here: every open page asks for them, and counting a million rows takes a second. */
export const countLimit = 100_000

const counted = `, counted up to ${countLimit.toLocaleString("en")}`

/** Users, scans, publications, and what is left of the services' limits. */
export const Status = Schema.Struct({
  users: field(Schema.Int, `Tracked users${counted}`),
  lastScan: field(
    Schema.NullOr(Scan),
    "The newest full scan that has ended, in whichever state; `null` before the first one"
  ),
  nextScanAt: field(Instant, "When the next scheduled scan is due"),
  publications: Schema.Struct({
    pending: field(Schema.Int, `Publications that wait${counted}`),
    sending: field(Schema.Int, "Publications that a server works on"),
    failed: field(Schema.Int, `Publications that failed and can be retried${counted}`),
    oldestDue: field(
      Schema.NullOr(Instant),
      "When the publication was due that has waited longest since; `null` when none is due"
    )
  }).pipe(Schema.encodeKeys({ oldestDue: "oldest_due" })),
  publishing: Schema.Struct({
    state: field(
      Schema.Literals(["on", "off", "paused"]),
      "`off`: no credentials are set; `paused`: nothing is sent before `until`, or Pipedrive or GitHub has refused what publishing needs since `since`"
    ),
    message: field(Schema.NullOr(Schema.String), "Why publications wait: all of them, or those of a backlog"),
    since: field(
      Schema.NullOr(Instant),
      "When Pipedrive or GitHub refused the first request of this pause, of any process with the same credentials; `null` while none is refused"
    ),
    until: field(Schema.NullOr(Instant), "When the next request is sent; `null` when that is due"),
    tokensLeft: field(
      Schema.NullOr(Schema.Int),
      "How many of the day's Pipedrive tokens are left, by the last response to this server; `null` before the first response"
    ),
    tokensLimit: field(Schema.NullOr(Schema.Int), "Pipedrive tokens of a day"),
    pipedriveUrl: field(Schema.NullOr(Schema.String), "The address of Pipedrive's pages; `null` without credentials"),
    publishAs: field(Schema.Literals(["activity", "deal", "lead"]), "What a file becomes in Pipedrive")
  }).pipe(
    Schema.encodeKeys({
      tokensLeft: "tokens_left",
      tokensLimit: "tokens_limit",
      pipedriveUrl: "pipedrive_url",
      publishAs: "publish_as"
    })
  ),
  github: Schema.Struct({
    limit: field(Schema.NullOr(Schema.Int), "GitHub requests of an hour"),
    remaining: field(
      Schema.NullOr(Schema.Int),
      "How many of them are left, by the last response to this server; `null` before the first response"
    ),
    resetAt: field(Schema.NullOr(Instant), "When they are renewed"),
    blockedUntil: field(
      Schema.NullOr(Instant),
      "When the next request to GitHub may be sent; `null` when one may be sent now"
    ),
    points: field(
      Schema.NullOr(
        Schema.Struct({
          limit: field(Schema.Int, "Points of an hour"),
          remaining: field(Schema.Int, "How many of them are left"),
          resetAt: field(Instant, "When they are renewed")
        }).pipe(Schema.encodeKeys({ resetAt: "reset_at" }))
      ),
      "GitHub's limit of queries for many users at once, by the last response to this server; `null` before the first response"
    )
  }).pipe(Schema.encodeKeys({ resetAt: "reset_at", blockedUntil: "blocked_until" })),
  schedule: Schema.Struct({
    checksNeeded: field(Schema.Int, "Checks an hour that the tracked users need"),
    checksAllowed: field(Schema.Int, "Checks an hour that GitHub's limits allow"),
    maxInterval: field(Schema.Finite, "Planned seconds between two checks of the users that publish least"),
    oldestCheck: field(
      Schema.NullOr(Instant),
      "When the user was checked whose last check is oldest; `null` before the first check"
    ),
    gistsPerDay: field(Schema.Finite, "Expected new gists a day"),
    tokensPerDay: field(Schema.Int, "Pipedrive tokens a day that publishing one file of each gist costs"),
    shortages: field(Schema.Array(Schema.String), "Which limits are too small, each with what to do")
  }).pipe(
    Schema.encodeKeys({
      checksNeeded: "checks_needed",
      checksAllowed: "checks_allowed",
      maxInterval: "max_interval",
      oldestCheck: "oldest_check",
      gistsPerDay: "gists_per_day",
      tokensPerDay: "tokens_per_day"
    })
  )
}).pipe(
  Schema.encodeKeys({ lastScan: "last_scan", nextScanAt: "next_scan_at" }),
  named("Status", "Users, scans, publications, and what is left of the services' limits")
)
/** One reading of the whole: counts end at 100,000, and budgets are those of the last responses to this process. */
export interface Status extends Schema.Schema.Type<typeof Status> {}
