/** Every metric and log event, with its meaning. Names are stable: dashboards and alerts rely on them. */
import { Metric } from "effect"

/** Looks at users, by outcome: `unchanged`, `changed`, `failed`. */
export const looks = Metric.counter("gitpip_looks_total", {
  description: "Looks at tracked users, by outcome",
  incremental: true
})

/** Files found by scans. */
export const filesFound = Metric.counter("gitpip_files_found_total", {
  description: "Files found by scans",
  incremental: true
})

/** Tries at publications, by outcome: `published`, `adopted`, or the reason why not. */
export const attempts = Metric.counter("gitpip_attempts_total", {
  description: "Tries at publications, by outcome",
  incremental: true
})

/** Publications waiting, when last counted. */
export const pending = Metric.gauge("gitpip_publications_pending", { description: "Publications that wait" })

/** Failed publications, when last counted. */
export const failed = Metric.gauge("gitpip_publications_failed", { description: "Publications that failed" })

/** When the last pass over all users ended well, in epoch seconds. */
export const lastScan = Metric.gauge("gitpip_last_scan_timestamp_seconds", {
  description: "When the last complete scan ended, in epoch seconds"
})

/** Log events, one name for each fact. */
export const event = {
  scanStarted: "scan.started",
  scanEnded: "scan.ended",
  userFailed: "scan.user_failed",
  published: "publication.published",
  setBack: "publication.set_back",
  paused: "publisher.paused",
  retracted: "publication.retracted"
} as const
