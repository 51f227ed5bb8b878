/** Every log event and key, with its meaning. Names are stable. `docs/metrics.md` lists them, and a test compares. */
import { Effect } from "effect"

/** The events that are logged. Every log line is one of these events, and everything that varies is in its keys. */
export const events = {
  "server.starting": "The server has read its settings; next it listens, and opens the database",
  "server.failed": "The server cannot start, or cannot go on; next it stops",
  "server.stopped": "The server has stopped; requests in flight are finished first",
  "database.migrating": "The database's schema is brought up to date",
  "setting.unknown": "An environment variable begins as settings do and is none; it is ignored",
  "setting.unused": "A setting says where something stands in Pipedrive, and does not count under `GITPIP_PUBLISH_AS`",
  "setting.language_unknown": "`GITPIP_LANGUAGES` names a language that GitHub is not known to have",
  "scan.started": "A scan has begun",
  "scan.ended": "A scan has ended, with what it found",
  "history.deleted": "Rows of history were older than `GITPIP_KEEP_HISTORY`, and were deleted",
  "history.failed": "Old history could not be deleted; the next scan deletes it",
  "user.failed": "A check of a user failed; the user is checked again later",
  "user.renamed": "A tracked account has a new name, which is followed",
  "batch.failed": "GitHub did not answer a batch of users; the users are checked one by one",
  "feed.polled": "GitHub's public feed was read as far as it was new",
  "feed.gap": "The feed moved on by more than can be read; users are checked earlier than planned",
  "feed.failed": "The feed could not be read; it is polled again later",
  "contacts.tracked": "Persons in Pipedrive have a new GitHub username; their users are tracked now",
  "contacts.wrong":
    "Persons in Pipedrive have a GitHub username that no user at GitHub has; nobody is tracked for them",
  "contacts.failed": "Pipedrive's persons could not be read; they are read again later",
  "answer.unreadable": "An answer of GitHub or Pipedrive has a field of an unknown form; logged once for each field",
  "gists.skipped": "Gists that GitHub described in an unknown form were skipped",
  "gist.truncated": "A gist has more files than GitHub shows; the other files are not found",
  "github.accepted": "GitHub answers again after it refused all requests, or all of one kind",
  "github.refused":
    "GitHub refuses all requests, or all of one kind (lists, gists, accounts); one request at a time shows when the refusal is over",
  "list.ended": "GitHub does not show all of a user's list; the gists that it shows are found",
  "publication.published": "A file is in Pipedrive",
  "publication.attempt_failed": "An attempt at a publication did not succeed",
  "publication.skipped": "A rule leaves a file out once its gist was read",
  "publication.duplicate": "A file was published by two processes; one of the two activities is deleted",
  "audit.failed":
    "Pipedrive did not show whether a file that was sent again is there twice; it is asked again, for a month and at most once a day in the end",
  "duplicate.not_deleted":
    "An item that was created twice could not be deleted; the deletion is repeated, in the end once a day. Delete the item in Pipedrive, or let the token's user delete it",
  "person.left_out": "Pipedrive refuses the person of a user; the user's deal is created without one",
  "organization.left_out":
    "Pipedrive refuses the organization of a user's company, or has several of its name; the user's deal is created without one",
  "publisher.off": "Nothing is published, because credentials are missing",
  "publisher.paused": "Publishing is paused",
  "worker.failed": "A round of the background work failed, and is repeated",
  "worker.broke": "A round of the background work met an internal error, and is repeated",
  "database.failed": "The database failed during a caller's request",
  "http.listening": "The server accepts requests; before, only those of supervisors",
  "http.answered": "A request was answered",
  "http.broke": "A request met an internal error of the server",
  "http.client_blocked": "A client sent too many wrong API keys, and is blocked for a while"
} as const
/** The name of a log event. */
export type Event = keyof typeof events

/** What varies between log lines of one event. A key means the same in every event. */
export const keys = {
  version: "Version of Gitpip",
  database: "The database: host and name, or the directory of the embedded one",
  migrations: "Names of migrations that the database lacks",
  setting: "Name of an environment variable",
  scan: "Number of a scan",
  user: "A tracked user's name",
  publication: "Number of a publication",
  file: "Address of a file, or of its gist",
  remote_id: "Id of the file's activity, deal or lead in Pipedrive",
  state: "State of a scan or publication",
  outcome: "How a scan or attempt ended",
  reason: "Reason, as one word",
  detail: "Reason, as a sentence",
  until: "When work goes on",
  users: "Users checked",
  contacts: "Users tracked from a list",
  persons: "Numbers of persons in Pipedrive",
  unchanged: "Users without a change",
  failed: "Users whose check failed",
  files: "Files found",
  table: "Table of the database",
  rows: "Rows of that table",
  gists: "Number of gists",
  before: "An account's former name",
  after: "An account's present name",
  loop: "Part of the background work",
  address: "Where the server listens",
  client: "Address of a caller",
  method: "HTTP method",
  path: "Path of a request, without its parameters",
  status: "HTTP status of an answer"
} as const
type Fields = { readonly [K in keyof typeof keys]?: string | number }

/** Logs an event. `cause`: what broke, printed with its stack. */
export const log = (
  level: "Debug" | "Info" | "Warn" | "Error",
  event: Event,
  { cause, ...fields }: Fields & { readonly cause?: unknown }
) => Effect.annotateLogs(Effect.logWithLevel(level)(event, ...(cause === undefined ? [] : [cause])), fields)
