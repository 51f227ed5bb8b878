/**
 * Every metric, log event, log key and span attribute, with its meaning. Names are stable: dashboards and alerts rely on
 * them. `docs/metrics.md` lists them, and a test compares.
 */
import { Effect, Metric } from "effect"

// ------------------------------------------------------------------------------------------------------------------
// Metrics
// ------------------------------------------------------------------------------------------------------------------

interface Description {
  readonly type: "counter" | "gauge" | "histogram"
  readonly labels: ReadonlyArray<string>
  /**
   * `process`: each server tells of its own work, and what all did is the sum. `database`: every server on one database
   * tells the same, and the sum would be wrong.
   */
  readonly scope: "process" | "database"
  readonly meaning: string
}

/** No gauge counts further, so that asking stays cheap with millions of rows. */
export { countLimit } from "../domain/Status.ts"

const described = {
  gitpip_checks_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Looks at tracked users, by outcome: unchanged, changed or failed"
  },
  gitpip_files_found_total: {
    type: "counter",
    labels: [],
    scope: "process",
    meaning: "Files found by scans"
  },
  gitpip_scans_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Scans that ended, by outcome: done, stopped or interrupted"
  },
  gitpip_feed_polls_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning:
      "Polls of GitHub's public feed, by outcome: new, unchanged, failed, or gap when gists may have passed by unseen"
  },
  gitpip_feed_users_total: {
    type: "counter",
    labels: [],
    scope: "process",
    meaning: "Users who were looked at because the feed showed a new gist of theirs"
  },
  gitpip_attempts_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Tries at publications, by outcome: published, adopted, duplicate, or the reason why not"
  },
  gitpip_request_duration_seconds: {
    type: "histogram",
    labels: ["service", "outcome"],
    scope: "process",
    meaning:
      "Requests to a service (github or pipedrive) by outcome: the HTTP status, or no_answer, or unreachable. Waits before a request are not part of it"
  },
  gitpip_http_request_duration_seconds: {
    type: "histogram",
    labels: ["outcome"],
    scope: "process",
    meaning:
      "Requests that the server answered, by HTTP status, until the answer began. Without those to /health and /ready"
  },
  gitpip_budget_remaining: {
    type: "gauge",
    labels: ["service"],
    scope: "process",
    meaning:
      "What is left of a budget by the service's last word to this process: GitHub's requests (github) and its points for queries (github_points) of the hour, Pipedrive's tokens of the day. Absent until an answer told"
  },
  gitpip_budget_limit: {
    type: "gauge",
    labels: ["service"],
    scope: "process",
    meaning: "How large that budget is when it is renewed"
  },
  gitpip_checks_needed_per_hour: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Looks an hour that the present users need, at the plan's intervals"
  },
  gitpip_checks_allowed_per_hour: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "Looks an hour that GitHub's limits allow the scans, by what its answers told this process"
  },
  gitpip_check_interval_seconds: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "Time between two looks at the users that publish least, as planned"
  },
  gitpip_check_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning:
      "How long ago the user was looked at that has waited longest, of those that do not fail; 0 before the first look"
  },
  gitpip_gists_expected_per_day: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "New gists a day to be expected of the tracked users, by their rates"
  },
  gitpip_shortages: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning:
      "How many limits, GitHub's or Pipedrive's, are too small for the present users; status says which, and what to do"
  },
  gitpip_publisher_off: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "1 when nothing is ever published, for want of credentials"
  },
  gitpip_publisher_paused: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "1 while this process sends nothing, because a service refuses everybody or does not answer"
  },
  gitpip_scan_interval_seconds: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "Time from one scheduled scan to the next, as set"
  },
  gitpip_database_up: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "1 while this process can read the database; at 0, what is of the database is as it was last"
  },
  gitpip_scan_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Time since the last complete scan of all users ended; before the first one, since the server started"
  },
  gitpip_last_scan_timestamp_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "When that scan ended, in epoch seconds. Absent before the first one"
  },
  gitpip_users_tracked: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Tracked users, counted up to 100,000"
  },
  gitpip_users_failing: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Tracked users whose last look failed, counted up to 100,000"
  },
  gitpip_publications_pending: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Publications that wait, counted up to 100,000"
  },
  gitpip_publications_sending: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Publications that a process works on"
  },
  gitpip_publications_failed: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Publications that failed and wait for somebody to retry them, counted up to 100,000"
  },
  gitpip_publications_oldest_pending_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "How long ago the file was found that waits longest, a backlog's included; 0 when none waits"
  },
  gitpip_publications_overdue_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning:
      "How long the new file that is due longest is due; 0 when none is. A backlog waits for spare budget, and does not count"
  },
  gitpip_blocked_seconds: {
    type: "gauge",
    labels: ["service"],
    scope: "database",
    meaning: "How much longer a service has asked not to be called; 0 while it may be"
  }
} as const satisfies Record<string, Description>

type MetricName = keyof typeof described

/** The metrics by name. */
export const metrics: Readonly<Record<MetricName, Description>> = described

const description = (name: MetricName) => ({ description: described[name].meaning })
const counter = (name: MetricName) => Metric.counter(name, { ...description(name), incremental: true })
const gauge = (name: MetricName) => Metric.gauge(name, description(name))

/** One series for each value of a label. Made once: a metric that is made anew for every update costs more than the update. */
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

// ------------------------------------------------------------------------------------------------------------------
// Logs
// ------------------------------------------------------------------------------------------------------------------

/** The facts that are logged. Every log line is one of them, and all that varies is in its keys. */
export const events = {
  "scan.started": "A scan has begun",
  "scan.ended": "A scan has ended, with what it found",
  "user.failed": "A look at a user failed; the user is looked at again later",
  "user.renamed": "A tracked account has a new name, which is followed",
  "batch.failed": "GitHub did not answer for many users at once; they are looked at one by one",
  "feed.polled": "GitHub's public feed was read as far as it was new",
  "feed.gap": "The feed has moved on farther than it can be read; users are looked at ahead of their turn",
  "feed.failed": "The feed could not be read; it is asked again later",
  "answer.unreadable": "An answer of GitHub or Pipedrive has another form than is read; told once for each field",
  "gists.skipped": "GitHub described gists in an unknown way, which were skipped",
  "github.accepted": "GitHub answers again after it refused everything",
  "github.refused": "GitHub refuses whatever is asked for; one cheap request finds out when that is over",
  "list.ended": "GitHub does not show all of a user's list; what it shows is found",
  "publication.published": "A file is in Pipedrive",
  "publication.set_back": "A try at a publication did not succeed",
  "publication.duplicate": "A file was published by two processes; one activity is deleted again",
  "publisher.off": "Nothing is published, for want of credentials",
  "publisher.paused": "Nothing is sent for a while",
  "worker.failed": "A round of the background work failed, and is done again",
  "worker.broke": "A round of the background work broke in a way that nobody foresaw, and is done again",
  "database.failed": "The database did not do what a caller's request needs",
  "http.listening": "The server listens",
  "http.answered": "A request was answered",
  "http.broke": "A request broke the server in a way that nobody foresaw",
  "http.client_blocked": "A client sent too many wrong API keys, and is not listened to for a while"
} as const
export type Event = keyof typeof events

/** What may vary between two log lines of one event. A key means the same in all of them. */
export const keys = {
  scan: "Number of a scan",
  user: "A tracked user's name",
  publication: "Number of a publication",
  file: "Address of a file",
  remote_id: "What a file is called in Pipedrive",
  state: "Where a scan or publication stands now",
  outcome: "How it ended",
  reason: "Why, as one word",
  detail: "Why, as a sentence",
  until: "Instant before which nothing is done",
  users: "Users looked at",
  unchanged: "Users without news",
  failed: "Users that could not be looked at",
  files: "Files found",
  gists: "How many gists",
  before: "An account's former name",
  after: "An account's present name",
  loop: "Which part of the background work",
  address: "Where the server listens",
  client: "Address of a caller",
  method: "HTTP method",
  path: "Path of a request, without its parameters",
  status: "HTTP status of an answer"
} as const
type Fields = { readonly [K in keyof typeof keys]?: string | number }

/** Logs a fact. */
export const log = (
  level: "Debug" | "Info" | "Warn" | "Error",
  event: Event,
  fields: Fields,
  ...cause: Array<unknown>
) => Effect.annotateLogs(Effect.logWithLevel(level)(event, ...cause), fields)

// ------------------------------------------------------------------------------------------------------------------
// Traces
// ------------------------------------------------------------------------------------------------------------------

/** What spans of scans and of publications have in common, so that one leads to the other. */
export const attributes = {
  scan: "gitpip.scan",
  user: "gitpip.user",
  file: "gitpip.file",
  files: "gitpip.files",
  publication: "gitpip.publication",
  outcome: "gitpip.outcome"
} as const
