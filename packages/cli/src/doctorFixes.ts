/** How to fix each fault that `doctor` can find. */
import { DatabaseError, GithubError, PipedriveError } from "@gitpip/core"

/** How to fix the error that a check failed with. */
export const fixOf = (check: keyof typeof general, error: unknown): string => {
  if (error instanceof GithubError) return github[error.reason._tag]
  if (error instanceof PipedriveError) return pipedriveFix(error.reason)
  if (error instanceof DatabaseError && error.reason !== undefined) return database[error.reason]
  return general[check]
}

const general = {
  settings: "Fix them in the environment; docs/settings.md lists what each takes",
  server: "Start or fix the server. Run `gitpip doctor` on its machine without GITPIP_URL for more",
  database:
    "Fix what the message names, in POSTGRES_CONNECTION_STRING or at its server. Its user must be allowed to create tables",
  embedded:
    "Set GITPIP_DATA_DIR to a directory of your own, on a disk with room, or POSTGRES_CONNECTION_STRING to a PostgreSQL server",
  github: "Run the command again, and report it if it stays so",
  pipedrive: "Run the command again, and report it if it stays so"
} as const

const database: Readonly<Record<NonNullable<DatabaseError["reason"]>, string>> = {
  busy: "Run the command again. If it happens again, find the transaction that stays open, in pg_stat_activity",
  damaged:
    "Check that the disk has room. Otherwise restore a backup of GITPIP_DATA_DIR (docs/backup.md), or move the folder away",
  inUse: "Stop that process first, or set GITPIP_DATA_DIR to another directory",
  readOnly: "Name the primary server in POSTGRES_CONNECTION_STRING, or turn default_transaction_read_only off",
  unsafe: "Set GITPIP_DATA_DIR to a directory of your own"
}

const network = "Check this machine's network, its proxy and its clock"

const github: Readonly<Record<GithubError["reason"]["_tag"], string>> = {
  Unauthorized:
    "Set GITHUB_TOKEN to one from https://github.com/settings/tokens (no scope is needed), or unset it to go without",
  RateLimited: "Wait until the limit is renewed; with GITHUB_TOKEN it is 5,000 requests an hour and not 60",
  Unreachable: `${network}, and GITHUB_API_URL if it is set`,
  Unavailable: "Try again in some minutes; https://www.githubstatus.com lists outages",
  Unexpected: "Check GITHUB_API_URL: https://api.github.com, or https://HOST/api/v3 of an Enterprise Server",
  UserNotFound: "Check GITHUB_API_URL",
  GistNotFound: "Check GITHUB_API_URL",
  NotPublic: "Make the gist public at GitHub, and retry the publication",
  Blocked: "GitHub blocks it for all callers; nothing can be done",
  Refused: "Check that the token's account is not suspended, and that GITHUB_TOKEN is a classic personal access token",
  PaginationLimited: "GitHub shows no more of the list; nothing can be done"
}

const setToken = "Set PIPEDRIVE_TOKEN to the one under Personal preferences → API of a user of PIPEDRIVE_ORG"

const denied: Readonly<Record<Extract<PipedriveError["reason"], { _tag: "Denied" }>["wrong"], string>> = {
  token: setToken,
  account: "Pay or reopen the account at Pipedrive, or set PIPEDRIVE_ORG and PIPEDRIVE_TOKEN to another one",
  address: "Set PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set, to the address that Pipedrive redirects to"
}

const pipedriveFix = (reason: PipedriveError["reason"]): string =>
  reason._tag === "Denied" ? denied[reason.wrong] : pipedrive[reason._tag]

const pipedrive: Readonly<Record<Exclude<PipedriveError["reason"]["_tag"], "Denied">, string>> = {
  BurstLimited: "Try again in some seconds",
  ItemLimited: "Try again in some minutes",
  BudgetSpent: "Wait for tomorrow's tokens, or ask Pipedrive for more; files wait meanwhile",
  Forbidden:
    "Check what the token's user may see and edit in Pipedrive, and whether a firewall or proxy refuses this machine's requests",
  NotPipedrive:
    "Set PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set, to Pipedrive itself: they lead to a sign-in page",
  Unreachable: `${network}, PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set`,
  OutcomeUnknown: "Try again in some minutes; https://status.pipedrive.com lists outages",
  Refused: "Check PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set: they lead to no Pipedrive",
  NotFound: "Check PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set: they lead to no Pipedrive",
  Withdrawn: "Run the command again"
}
