/** What to do about each fault that `doctor` can find. */
import { type DatabaseError, GithubError, PipedriveError } from "@gitpip/core"

/** What to do when a check failed with this error. */
export const fixOf = (check: keyof typeof general, error: unknown): string => {
  if (error instanceof GithubError) return github[error.reason._tag]
  if (error instanceof PipedriveError) return pipedrive[error.reason._tag]
  if (isInUse(error))
    return "Stop that process, ask it over HTTP with GITPIP_URL, or set GITPIP_DATA_DIR to another directory"
  return general[check]
}

const general = {
  settings: "Mend them in the environment; README.md lists what each takes",
  server: "Start or mend the server; `gitpip doctor` without GITPIP_URL, where it runs, says more",
  database:
    "Check that the server of POSTGRES_CONNECTION_STRING runs and that its user may create tables, or unset it for the embedded one in GITPIP_DATA_DIR",
  embedded:
    "Set GITPIP_DATA_DIR to a directory of your own, on a disk with room, or POSTGRES_CONNECTION_STRING to a PostgreSQL server",
  github: "Run the command again, and report it if it stays so",
  pipedrive: "Run the command again, and report it if it stays so"
} as const

const network = "Check this machine's network, its proxy and its clock"

const github: Readonly<Record<GithubError["reason"]["_tag"], string>> = {
  Unauthorized:
    "Set GITHUB_TOKEN to one from https://github.com/settings/tokens (no scope is needed), or unset it to go without",
  RateLimited: "Wait until the limit is renewed; with GITHUB_TOKEN it is 5,000 requests an hour and not 60",
  Unreachable: `${network}, and GITHUB_API_URL if it is set`,
  Unavailable: "Try again in some minutes; https://www.githubstatus.com tells of outages",
  Unexpected: "Check GITHUB_API_URL: https://api.github.com, or https://HOST/api/v3 of an Enterprise Server",
  UserNotFound: "Check GITHUB_API_URL",
  GistNotFound: "Check GITHUB_API_URL",
  NotPublic: "Make the gist public at GitHub, and retry the publication",
  Blocked: "GitHub withholds it from everybody: there is nothing to do",
  Refused: "Check that the token's account is not suspended, and that GITHUB_TOKEN is a classic personal access token",
  PaginationLimited: "GitHub shows no more of the list: there is nothing to do"
}

const pipedrive: Readonly<Record<PipedriveError["reason"]["_tag"], string>> = {
  Denied:
    "Set PIPEDRIVE_TOKEN to the one under Personal preferences → API of a user of PIPEDRIVE_ORG, and see that the account is paid",
  BurstLimited: "Try again in some seconds",
  ItemLimited: "Try again in some minutes",
  BudgetSpent: "Wait for tomorrow's tokens, or ask Pipedrive for more; files wait meanwhile",
  Forbidden:
    "Check what the token's user may see and edit in Pipedrive, and whether a firewall or proxy refuses this machine's requests",
  NotPipedrive:
    "Set PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set, to Pipedrive itself: they lead to a sign-in page",
  Unreachable: `${network}, PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set`,
  OutcomeUnknown: "Try again in some minutes; https://status.pipedrive.com tells of outages",
  Refused: "Check PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set: they lead to no Pipedrive",
  NotFound: "Check PIPEDRIVE_ORG, and PIPEDRIVE_API_URL if it is set: they lead to no Pipedrive",
  Withdrawn: "Run the command again"
}

/** Another process has the embedded database. */
const isInUse = (error: unknown): error is DatabaseError =>
  error instanceof Error && "_tag" in error && error._tag === "DatabaseError" && /is in use by/.test(error.message)
