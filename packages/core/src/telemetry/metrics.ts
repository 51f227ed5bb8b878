/** The metrics, made from their descriptions (described.ts). Names are stable: dashboards and alerts rely on them. */
import { Effect, Metric } from "effect"
import { type Description, described, type MetricName } from "./described.ts"

/** No gauge counts further, so that asking stays cheap with millions of rows. */
export { countLimit } from "../domain/Status.ts"

/** The metrics by name. */
export const metrics: Readonly<Record<MetricName, Description>> = described

const description = (name: MetricName) => ({ description: described[name].meaning })
const counter = (name: MetricName) => Metric.counter(name, { ...description(name), incremental: true })
const gauge = (name: MetricName) => Metric.gauge(name, description(name))

/** One series for each value of a label. Made once, since making a metric costs more than updating it. */
const series = <I, S>(metric: Metric.Metric<I, S>, attributes: (value: string) => Record<string, string>) => {
  const made = new Map<string, Metric.Metric<I, S>>()
  return (value: string): Metric.Metric<I, S> => {
    let one = made.get(value)
    if (one === undefined) {
      one = Metric.withAttributes(metric, attributes(value))
      made.set(value, one)
    }
    return one
  }
}
const byOutcome = (outcome: string) => ({ outcome })
const byService = (service: string) => ({ service })

/** Checks of users, by `unchanged`, `changed` or `failed`. */
export const checks = series(counter("gitpip_checks_total"), byOutcome)
/** New files that scans found. */
export const filesFound = counter("gitpip_files_found_total")
/** Scans that ended, by `done`, `stopped` or `interrupted`. */
export const scans = series(counter("gitpip_scans_total"), byOutcome)
/** Rows of history that were deleted, by table. */
export const historyDeleted = series(counter("gitpip_history_deleted_total"), (table) => ({ table }))
/** Polls of GitHub's public feed, by `new`, `unchanged`, `failed`, or `gap` when gists may have been missed. */
export const feedPolls = series(counter("gitpip_feed_polls_total"), byOutcome)
/** Users who were checked because the feed showed a new gist of theirs. */
export const feedUsers = counter("gitpip_feed_users_total")
/** Attempts at publications, by `published`, `adopted`, `duplicate` or the reason of the failure. */
export const attempts = series(counter("gitpip_attempts_total"), byOutcome)

const requests = Metric.histogram("gitpip_request_duration_seconds", {
  ...description("gitpip_request_duration_seconds"),
  boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30]
})
/** Requests to a service, by outcome. */
export const requestsTo = (service: "github" | "pipedrive") => series(requests, (outcome) => ({ service, outcome }))

/** Seconds until an answer of the HTTP server began, by HTTP status; without `/health` and `/ready`. */
export const answered = series(
  Metric.histogram("gitpip_http_request_duration_seconds", {
    ...description("gitpip_http_request_duration_seconds"),
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  }),
  byOutcome
)

/**
 * What is left of a budget, by `github` (requests), `github_points` or `pipedrive` (tokens). Absent until an answer
 * reports it.
 */
export const budgetRemaining = series(gauge("gitpip_budget_remaining"), byService)
/** The size of a budget when it is renewed, by the same services and in the same units as `budgetRemaining`. */
export const budgetLimit = series(gauge("gitpip_budget_limit"), byService)
/** Seconds until a service (`github`, `pipedrive`) may be called again; 0 while it may be called. */
export const blockedSeconds = series(gauge("gitpip_blocked_seconds"), byService)
/** Checks an hour that the tracked users need at their planned intervals. */
export const checksNeeded = gauge("gitpip_checks_needed_per_hour")
/** Checks an hour that GitHub's limits leave for scans, by the last answers to this process. */
export const checksAllowed = gauge("gitpip_checks_allowed_per_hour")
/** Planned seconds between two checks of the users who publish least. */
export const checkInterval = gauge("gitpip_check_interval_seconds")
/** Seconds since the last check of the user who has waited longest; failing users are left out. */
export const checkAge = gauge("gitpip_check_age_seconds")
/** Gists a day that the tracked users are expected to publish. */
export const gistsExpected = gauge("gitpip_gists_expected_per_day")
/** How many limits of GitHub and Pipedrive are too small for the tracked users. */
export const shortages = gauge("gitpip_shortages")
/** 1 when credentials are missing, so that nothing is ever published; else 0. */
export const publisherOff = gauge("gitpip_publisher_off")
/** 1 while this process sends nothing, because a service refuses all requests or does not answer; else 0. */
export const publisherPaused = gauge("gitpip_publisher_paused")
/** Seconds from one scheduled scan to the next, as set. */
export const scanInterval = gauge("gitpip_scan_interval_seconds")
/** 1 while this process can read the database. At 0, the gauges of the database keep their last values. */
export const databaseUp = gauge("gitpip_database_up")
/** Seconds since the last full scan ended; before the first one, since this process started. */
export const scanAge = gauge("gitpip_scan_age_seconds")
/** When the last full scan ended, in epoch seconds. Absent before the first one. */
export const lastScan = gauge("gitpip_last_scan_timestamp_seconds")
/** Tracked users, counted up to `countLimit`. */
export const usersTracked = gauge("gitpip_users_tracked")
/** Tracked users whose last check failed, counted up to `countLimit`. */
export const usersFailing = gauge("gitpip_users_failing")
/** Publications that wait, counted up to `countLimit`. */
export const pending = gauge("gitpip_publications_pending")
/** Publications that a process is working on. */
export const sending = gauge("gitpip_publications_sending")
/** Publications that failed and wait for a person to retry them, counted up to `countLimit`. */
export const failed = gauge("gitpip_publications_failed")
/** Seconds since the longest waiting file was found, files of a backlog included; 0 when none waits. */
export const oldestPending = gauge("gitpip_publications_oldest_pending_age_seconds")
/** Seconds since the longest waiting new file became due; 0 when none is due. Files of a backlog do not count. */
export const overdue = gauge("gitpip_publications_overdue_seconds")

/** Shows counters from the start: a rate over one that appears with its first event misses that event. */
export const begin: Effect.Effect<void> = Effect.forEach(
  [
    filesFound,
    feedUsers,
    ...["new", "unchanged", "failed", "gap"].map(feedPolls),
    ...["unchanged", "changed", "failed"].map(checks),
    ...["done", "stopped", "interrupted"].map(scans),
    ...["published", "adopted"].map(attempts)
  ],
  (one) => Metric.update(one, 0),
  { discard: true }
)
