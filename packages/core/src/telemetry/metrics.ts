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

export const checks = series(counter("gitpip_checks_total"), byOutcome)
export const filesFound = counter("gitpip_files_found_total")
export const scans = series(counter("gitpip_scans_total"), byOutcome)
export const historyDeleted = series(counter("gitpip_history_deleted_total"), (table) => ({ table }))
export const feedPolls = series(counter("gitpip_feed_polls_total"), byOutcome)
export const feedUsers = counter("gitpip_feed_users_total")
export const attempts = series(counter("gitpip_attempts_total"), byOutcome)

const requests = Metric.histogram("gitpip_request_duration_seconds", {
  ...description("gitpip_request_duration_seconds"),
  boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30]
})
/** Requests to a service, by outcome. */
export const requestsTo = (service: "github" | "pipedrive") => series(requests, (outcome) => ({ service, outcome }))

export const answered = series(
  Metric.histogram("gitpip_http_request_duration_seconds", {
    ...description("gitpip_http_request_duration_seconds"),
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  }),
  byOutcome
)

export const budgetRemaining = series(gauge("gitpip_budget_remaining"), byService)
export const budgetLimit = series(gauge("gitpip_budget_limit"), byService)
export const blockedSeconds = series(gauge("gitpip_blocked_seconds"), byService)
export const checksNeeded = gauge("gitpip_checks_needed_per_hour")
export const checksAllowed = gauge("gitpip_checks_allowed_per_hour")
export const checkInterval = gauge("gitpip_check_interval_seconds")
export const checkAge = gauge("gitpip_check_age_seconds")
export const gistsExpected = gauge("gitpip_gists_expected_per_day")
export const shortages = gauge("gitpip_shortages")
export const publisherOff = gauge("gitpip_publisher_off")
export const publisherPaused = gauge("gitpip_publisher_paused")
export const scanInterval = gauge("gitpip_scan_interval_seconds")
export const databaseUp = gauge("gitpip_database_up")
export const scanAge = gauge("gitpip_scan_age_seconds")
export const lastScan = gauge("gitpip_last_scan_timestamp_seconds")
export const usersTracked = gauge("gitpip_users_tracked")
export const usersFailing = gauge("gitpip_users_failing")
export const pending = gauge("gitpip_publications_pending")
export const sending = gauge("gitpip_publications_sending")
export const failed = gauge("gitpip_publications_failed")
export const oldestPending = gauge("gitpip_publications_oldest_pending_age_seconds")
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
