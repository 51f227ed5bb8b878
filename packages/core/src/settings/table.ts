/** Every setting of Gitpip: its environment variable, its default and its meaning. The only file that defines them. */
import { Config, Duration, Option } from "effect"
import { parseExceptions } from "../net/proxies.ts"
import {
  choice,
  define,
  eitherCase,
  inJsonLog,
  limitOrNone,
  optionalName,
  optionalSecret,
  orList,
  proxyOf,
  yesOrNo
} from "./kinds.ts"
import * as Values from "./values.ts"

const logLevels = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal", "All", "None"] as const

const anAddress = "must be an address, with https:// or http:// before it"

/** The settings by the name of their environment variable. Exported so that a flag can fall back to one, and a test can hold the documentation against them. */
export const definitions = {
  PIPEDRIVE_TOKEN: define({
    config: optionalSecret("PIPEDRIVE_TOKEN"),
    fallback: "none",
    meaning: "Pipedrive API token. Without it nothing is published and everything waits as `pending`"
  }),
  PIPEDRIVE_ORG: define({
    config: Config.option(Config.schema(Values.Subdomain, "PIPEDRIVE_ORG")),
    fallback: "none",
    meaning: "Pipedrive company subdomain: `acme` of `https://acme.pipedrive.com`"
  }),
  POSTGRES_CONNECTION_STRING: define({
    config: optionalSecret("POSTGRES_CONNECTION_STRING", Values.ConnectionString),
    fallback: "none",
    meaning:
      "`postgres://user:password@host:5432/database`. Without it an embedded database in `GITPIP_DATA_DIR` is used"
  }),
  GITHUB_TOKEN: define({
    config: optionalSecret("GITHUB_TOKEN", Values.GithubToken),
    fallback: "none",
    meaning: "GitHub token; a classic one without any scope is enough. Without one, GitHub answers 60 requests an hour"
  }),
  GITHUB_API_URL: define({
    config: Config.schema(Values.HttpUrl, "GITHUB_API_URL").pipe(Config.withDefault(new URL("https://api.github.com"))),
    takes: anAddress,
    fallback: "https://api.github.com",
    meaning: "GitHub's API; for Enterprise Server `https://HOST/api/v3`"
  }),
  PIPEDRIVE_API_URL: define({
    config: Config.option(Config.schema(Values.HttpOrigin, "PIPEDRIVE_API_URL")),
    takes: anAddress,
    fallback: "https://{PIPEDRIVE_ORG}.pipedrive.com",
    meaning: "Origin of Pipedrive's API, for proxies and tests"
  }),
  HTTPS_PROXY: proxyOf("HTTPS_PROXY", {
    meaning: "Proxy for requests to `https://` addresses, `http://HOST:PORT`. `https_proxy` comes first"
  }),
  HTTP_PROXY: proxyOf("HTTP_PROXY", {
    meaning: "Proxy for requests to `http://` addresses. `http_proxy` comes first"
  }),
  NO_PROXY: define({
    config: Config.map(eitherCase("NO_PROXY", Config.String), (text) =>
      parseExceptions(Option.getOrElse(text, () => ""))
    ),
    fallback: "none",
    meaning:
      "Hosts, domains and subnets that are asked without a proxy: `ghe.corp, .corp, 10.0.0.0/8`. Loopback addresses always are. `no_proxy` comes first"
  }),
  NODE_EXTRA_CA_CERTS: define({
    config: Config.map(
      Config.option(Config.schema(Values.LoadedAuthorities, "NODE_EXTRA_CA_CERTS")),
      Option.filter((file) => file.trim() !== "")
    ),
    fallback: "none",
    meaning:
      "File with the certificates, in PEM form, of authorities that are trusted in addition. Node.js reads it when it starts, so only the environment can name it"
  }),
  GITPIP_HOST: define({
    config: Config.NonEmptyString("GITPIP_HOST").pipe(Config.withDefault("127.0.0.1")),
    fallback: "127.0.0.1",
    meaning: "Address the server listens on. Any but a loopback address needs `GITPIP_API_KEY`"
  }),
  GITPIP_PORT: define({
    config: Config.schema(Values.Port, "GITPIP_PORT").pipe(Config.withDefault(8080)),
    takes: "must be a port number, 0 to 65535",
    fallback: "8080",
    meaning: "Port the server listens on; `0` takes any free one"
  }),
  GITPIP_SCAN_INTERVAL: define({
    config: Config.schema(Values.Interval, "GITPIP_SCAN_INTERVAL").pipe(Config.withDefault(Duration.minutes(5))),
    takes: "must be a number and its unit: `30 seconds`, `5 minutes`, `1 hour`, or `30s`, `5m`, `1h`",
    fallback: "5 minutes",
    meaning:
      "Time from the start of one scan to the start of the next. Each scan checks all users while GitHub's limits allow that; with more users, those who publish often are checked more often"
  }),
  GITPIP_MAX_DELAY: define({
    config: Config.schema(Values.Interval, "GITPIP_MAX_DELAY").pipe(Config.withDefault(Duration.days(1))),
    takes: "must be a number and its unit: `6 hours`, `1 day`, or `6h`, `1d`",
    fallback: "1 day",
    meaning:
      "Longest time between two checks of a user, when GitHub's limits do not allow every scan to check all users. A value below `GITPIP_SCAN_INTERVAL` counts as the interval"
  }),
  GITPIP_KEEP_HISTORY: define({
    config: Config.schema(Values.KeptFor, "GITPIP_KEEP_HISTORY").pipe(Config.withDefault(Duration.days(90))),
    takes: "must be `forever`, or a number and its unit: `90 days`, or `90d`",
    fallback: "90 days",
    meaning:
      "For how long past scans, attempts and visits can be read. No file is forgotten, nor what a visitor has seen. `forever` deletes nothing"
  }),
  GITPIP_FEED: yesOrNo("GITPIP_FEED", {
    fallback: true,
    meaning: "Whether the server follows GitHub's public feed, which shows most new gists before the next scan does"
  }),
  GITPIP_DATA_DIR: define({
    config: Config.NonEmptyString("GITPIP_DATA_DIR").pipe(Config.withDefault(".gitpip")),
    fallback: ".gitpip",
    meaning: "Directory of the embedded database. One process at a time"
  }),
  GITPIP_API_KEY: define({
    config: optionalSecret("GITPIP_API_KEY"),
    fallback: "none",
    meaning:
      "When set, every call but `/health` and `/ready` needs `Authorization: Bearer KEY`; the page asks for it once"
  }),
  GITPIP_URL: define({
    config: Config.option(Config.schema(Values.HttpUrl, "GITPIP_URL")),
    takes: anAddress,
    fallback: "none",
    meaning:
      "Address of a running server, `http://127.0.0.1:8080`. When set, commands ask that server (with `GITPIP_API_KEY`) in place of the database"
  }),
  GITPIP_RATE_LIMIT: limitOrNone("GITPIP_RATE_LIMIT", {
    of: "requests a minute",
    fallback: 6_000,
    meaning:
      "Requests a minute that one client may make to the server; `/health` and `/ready` do not count. `none` lifts this limit and that of wrong keys"
  }),
  GITPIP_TRUSTED_PROXIES: define({
    config: Config.schema(Values.Subnets, "GITPIP_TRUSTED_PROXIES").pipe(Config.withDefault([])),
    fallback: "none",
    meaning:
      "Reverse proxies that name the client in `X-Forwarded-For`, as addresses or subnets: `127.0.0.1, 10.0.0.0/8`. Without it they are the client themselves"
  }),
  GITPIP_PUBLISH_AS: choice("GITPIP_PUBLISH_AS", {
    words: ["activity", "deal", "lead"],
    fallback: "activity",
    meaning:
      "`activity`: one activity per file on the user's deal; `deal`: one deal per file with the content as its note; `lead`: one lead of the user's person per file, likewise"
  }),
  GITPIP_ACTIVITY_TYPE: define({
    config: Config.NonEmptyString("GITPIP_ACTIVITY_TYPE").pipe(Config.withDefault("task")),
    fallback: "task",
    meaning: "Pipedrive activity type, by `key_string`, name or id"
  }),
  GITPIP_ACTIVITY_DONE: yesOrNo("GITPIP_ACTIVITY_DONE", {
    fallback: false,
    meaning: "Whether activities are created as done"
  }),
  GITPIP_ACTIVITY_OWNER: define({
    config: Config.schema(Values.Name, "GITPIP_ACTIVITY_OWNER").pipe(Config.withDefault("deal")),
    fallback: "deal",
    meaning:
      "Owner of activities: `deal` is the owner of the user's deal, `me` the token's user; else a Pipedrive user by name, e-mail or id"
  }),
  GITPIP_ACTIVITY_DUE: define({
    config: Config.schema(Values.DaysOrNone, "GITPIP_ACTIVITY_DUE").pipe(Config.withDefault(Option.some(0))),
    takes: "must be a number of days, 0 to 365, or `none`",
    fallback: "0",
    meaning: "Days from the publishing to the due date of an activity. `none`: activities have no due date"
  }),
  GITPIP_ACTIVITY_PRIORITY: optionalName(
    "GITPIP_ACTIVITY_PRIORITY",
    "Priority of activities, by label or id: `High`. Without it activities have none"
  ),
  GITPIP_TIME_ZONE: define({
    config: Config.schema(Values.TimeZone, "GITPIP_TIME_ZONE").pipe(Config.option),
    fallback: "none",
    meaning:
      "Time zone of due dates: `Europe/Berlin`. Without it the zone of the token's user in Pipedrive, and `TZ` while Pipedrive does not report it"
  }),
  GITPIP_DEAL_TITLE: define({
    config: Config.schema(Values.DealTitle, "GITPIP_DEAL_TITLE").pipe(Config.withDefault("{login}")),
    fallback: "{login}",
    meaning: "Title of a user's deal, with `{login}`, `{name}` and `{company}`"
  }),
  GITPIP_DEAL_PIPELINE: optionalName(
    "GITPIP_DEAL_PIPELINE",
    "Pipeline of deals that Gitpip creates, and in which it adopts deals, by name or id. Without it Pipedrive's default pipeline, and deals of all are adopted"
  ),
  GITPIP_DEAL_STAGE: optionalName(
    "GITPIP_DEAL_STAGE",
    "Stage of deals that Gitpip creates, by name or id. Without it the first stage of the pipeline"
  ),
  GITPIP_DEAL_OWNER: optionalName(
    "GITPIP_DEAL_OWNER",
    "Owner of deals that Gitpip creates: a Pipedrive user by name, e-mail or id. Without it the token's user"
  ),
  GITPIP_DEAL_LABELS: define({
    config: Config.schema(Values.Names, "GITPIP_DEAL_LABELS").pipe(Config.withDefault([])),
    fallback: "none",
    meaning: "Labels of deals that Gitpip creates, by name or id, with commas between: `Hot, GitHub`"
  }),
  GITPIP_DEAL_VISIBILITY: optionalName(
    "GITPIP_DEAL_VISIBILITY",
    "Who sees deals that Gitpip creates, by Pipedrive's label or number: `3`. Without it the default of the token's user"
  ),
  GITPIP_DEAL_CLOSED: choice("GITPIP_DEAL_CLOSED", {
    words: ["keep", "replace"],
    fallback: "keep",
    meaning: "When a user's deal is won or lost: `keep` goes on with that deal, `replace` adopts or creates an open one"
  }),
  GITPIP_DEAL_FIELD: optionalName(
    "GITPIP_DEAL_FIELD",
    "Field of deals that holds the GitHub login, by name or key: `GitHub`. A user's open deal is found by that field before titles count, and new deals have it filled in"
  ),
  GITPIP_LEAD_OWNER: optionalName(
    "GITPIP_LEAD_OWNER",
    "Owner of leads that Gitpip creates: a Pipedrive user by name, e-mail or id. Without it the token's user"
  ),
  GITPIP_LEAD_LABELS: define({
    config: Config.schema(Values.Names, "GITPIP_LEAD_LABELS").pipe(Config.withDefault([])),
    fallback: "none",
    meaning: "Labels of leads that Gitpip creates, by name or id, with commas between: `Hot, GitHub`"
  }),
  GITPIP_LEAD_VISIBILITY: optionalName(
    "GITPIP_LEAD_VISIBILITY",
    "Who sees leads that Gitpip creates, by Pipedrive's label or number: `3`. Without it the default of the token's user"
  ),
  GITPIP_PERSON: choice("GITPIP_PERSON", {
    words: ["create", "link", "off"],
    fallback: "create",
    meaning:
      "The person in Pipedrive whom a user's deal, activities and leads name. `create`: found, or created with a new deal or lead; `link`: found only; `off`: none"
  }),
  GITPIP_PERSON_FIELD: optionalName(
    "GITPIP_PERSON_FIELD",
    "Field of persons that holds the GitHub login, by name or key: `GitHub`. Gitpip finds persons by that field first, and fills it in for persons that it creates"
  ),
  GITPIP_ORGANIZATION: choice("GITPIP_ORGANIZATION", {
    words: ["create", "link", "off"],
    fallback: "off",
    meaning:
      "The organization in Pipedrive of the company on a user's profile, which new deals, leads and persons, and activities, name. `create`: found by its name, or created; `link`: found only; `off`: none"
  }),
  GITPIP_FOLLOW_PIPEDRIVE: define({
    config: Config.option(Config.schema(Values.LongInterval, "GITPIP_FOLLOW_PIPEDRIVE")),
    takes: "must be a number and its unit: `10 minutes`, `1 hour`, or `10m`, `1h`",
    fallback: "none",
    meaning:
      "How often the server reads which persons in Pipedrive have a GitHub username in the field `GITPIP_PERSON_FIELD`, and tracks those who are new: `1 hour`; at least 1 minute and at most 365 days. 10 tokens each time. Without it only `gitpip track --pipedrive` does"
  }),
  GITPIP_BACKFILL: choice("GITPIP_BACKFILL", {
    words: ["all", "none"],
    fallback: "all",
    meaning: "`none`: gists older than the tracking are listed but not published"
  }),
  GITPIP_INCLUDE: define({
    config: Config.schema(Values.Patterns, "GITPIP_INCLUDE").pipe(Config.withDefault([])),
    fallback: "none",
    meaning: "Publish only files whose names fit one of these patterns, with commas between: `*.md, *.{py,rb}`"
  }),
  GITPIP_EXCLUDE: define({
    config: Config.schema(Values.Patterns, "GITPIP_EXCLUDE").pipe(Config.withDefault([])),
    fallback: "none",
    meaning:
      "Do not publish files whose names fit one of these patterns: `*.lock, *.min.js`. Comes before `GITPIP_INCLUDE`"
  }),
  GITPIP_LANGUAGES: define({
    config: Config.schema(Values.Names, "GITPIP_LANGUAGES").pipe(Config.withDefault([])),
    fallback: "none",
    meaning: "Publish only files in these languages, as GitHub names them: `Python, Jupyter Notebook`"
  }),
  GITPIP_MAX_FILE_SIZE: define({
    config: Config.schema(Values.FileSize, "GITPIP_MAX_FILE_SIZE").pipe(Config.withDefault(Number.POSITIVE_INFINITY)),
    takes: "must be a whole number of `B`, `KB` or `MB`, or `none`",
    fallback: "none",
    meaning: "Do not publish files that are larger: `500 KB`. 1 KB is 1,000 bytes"
  }),
  GITPIP_FORKS: choice("GITPIP_FORKS", {
    words: ["publish", "skip"],
    fallback: "publish",
    meaning: "`skip`: do not publish files of gists that were forked from others"
  }),
  GITPIP_LOG_LEVEL: choice("GITPIP_LOG_LEVEL", {
    words: logLevels,
    anyCase: true,
    fallback: "Info",
    meaning: orList(logLevels)
  }),
  GITPIP_LOG_FORMAT: choice("GITPIP_LOG_FORMAT", {
    words: ["pretty", "json", "logfmt"],
    fallback: "pretty",
    meaning: "`pretty`, `json` or `logfmt`; the server logs to stdout"
  }),
  GOOGLE_CLOUD_PROJECT: define({
    config: inJsonLog(
      Config.map(Config.option(Config.schema(Values.GoogleProject, "GOOGLE_CLOUD_PROJECT")), (project) =>
        project.pipe(
          Option.map((id) => id.trim()),
          Option.filter((id) => id !== "")
        )
      )
    ),
    fallback: "none",
    meaning:
      "Google Cloud project with the traces. When set, lines of the `json` log name their trace as Cloud Logging reads it"
  })
} as const
