/** Every metric with its meaning. `docs/metrics.md` lists them, and a test compares. */

export interface Description {
  readonly type: "counter" | "gauge" | "histogram"
  readonly labels: ReadonlyArray<string>
  /**
   * `process`: each server reports its own work, and the sum is the work of all. `database`: every server on one database
   * reports the same, and the sum would be wrong.
   */
  readonly scope: "process" | "database"
  readonly meaning: string
}

/** Each metric with its type, its labels and its meaning, as `docs/metrics.md` repeats them. */
export const described = {
  gitpip_checks_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Checks of tracked users, by outcome: unchanged, changed or failed"
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
  gitpip_history_deleted_total: {
    type: "counter",
    labels: ["table"],
    scope: "process",
    meaning: "Rows of history that were older than GITPIP_KEEP_HISTORY, and were deleted"
  },
  gitpip_feed_polls_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Polls of GitHub's public feed, by outcome: new, unchanged, failed, or gap when gists may have been missed"
  },
  gitpip_feed_users_total: {
    type: "counter",
    labels: [],
    scope: "process",
    meaning: "Users who were checked because the feed showed a new gist of theirs"
  },
  gitpip_attempts_total: {
    type: "counter",
    labels: ["outcome"],
    scope: "process",
    meaning: "Attempts at publications, by outcome: published, adopted, duplicate, or the reason of the failure"
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
      "Requests that the server answered, by HTTP status, until the answer began. Requests to /health and /ready are not counted"
  },
  gitpip_budget_remaining: {
    type: "gauge",
    labels: ["service"],
    scope: "process",
    meaning:
      "What is left of a budget, by the last answer to this process that reported it: GitHub's requests of the hour (github), GitHub's points for queries of the hour (github_points), Pipedrive's tokens of the day. Absent before the first such answer"
  },
  gitpip_budget_limit: {
    type: "gauge",
    labels: ["service"],
    scope: "process",
    meaning: "Size of that budget when it is renewed"
  },
  gitpip_checks_needed_per_hour: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Checks an hour that the present users need, at the planned intervals"
  },
  gitpip_checks_allowed_per_hour: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "Checks an hour that GitHub's limits allow the scans, by GitHub's last answers to this process"
  },
  gitpip_check_interval_seconds: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "Planned time between two checks of the users who publish least"
  },
  gitpip_check_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning:
      "Time since the last check of the user who has waited longest, users who fail left out; 0 before the first check"
  },
  gitpip_gists_expected_per_day: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "New gists a day that the tracked users are expected to publish, by their rates"
  },
  gitpip_shortages: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning:
      "Number of limits, GitHub's or Pipedrive's, that are too small for the present users; status says which, and what to do"
  },
  gitpip_publisher_off: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "1 when nothing is ever published, because credentials are missing"
  },
  gitpip_publisher_paused: {
    type: "gauge",
    labels: [],
    scope: "process",
    meaning: "1 while this process sends nothing, because a service refuses all requests or does not answer"
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
    meaning: "1 while this process can read the database; at 0, metrics of the database keep their last values"
  },
  gitpip_scan_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Time since the last full scan ended; before the first full scan, since the server started"
  },
  gitpip_last_scan_timestamp_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "When the last full scan ended, in epoch seconds. Absent before the first full scan"
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
    meaning: "Tracked users whose last check failed, counted up to 100,000"
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
    meaning: "Publications that a process is working on"
  },
  gitpip_publications_failed: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Publications that failed and wait for a person to retry them, counted up to 100,000"
  },
  gitpip_publications_oldest_pending_age_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning: "Time since the file that waits longest was found, files of a backlog included; 0 when none waits"
  },
  gitpip_publications_overdue_seconds: {
    type: "gauge",
    labels: [],
    scope: "database",
    meaning:
      "Time since the new file that is due longest became due; 0 when none is due. Files of a backlog wait for their allowance, and do not count"
  },
  gitpip_blocked_seconds: {
    type: "gauge",
    labels: ["service"],
    scope: "database",
    meaning: "Time until a service may be called again, by its own answer; 0 while it may be called"
  }
} as const satisfies Record<string, Description>

export type MetricName = keyof typeof described
