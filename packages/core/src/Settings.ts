/**
 * Every setting of Gitpip: its environment variable, its default and its meaning. The only place that names them.
 *
 * All faults are reported in one message, so that a wrong deployment is mended in one go. Secrets are `Redacted` from
 * the moment they are read.
 */
import {
  Config,
  ConfigProvider,
  Context,
  Duration,
  Effect,
  Layer,
  type LogLevel,
  Option,
  Redacted,
  Result,
  Schema,
  SchemaTransformation
} from "effect"
import { IpInterface, IpNetwork } from "effect/net"
import { emptyAddress, parse } from "./database/address.ts"
import { passwordsOf } from "./domain/Text.ts"
import { isBlockedPort } from "./net/blockedPorts.ts"

/** One setting: how it is read, and what `README.md` says of it. */
interface Definition<A> {
  readonly config: Config.Config<A>
  readonly fallback: string
  readonly meaning: string
  /** What a value must be, where the reason for refusing one does not say it. */
  readonly takes?: string
}

const define = <A>(definition: Definition<A>): Definition<A> => definition

/** What can travel in a header. Blank passes, since it counts as missing. */
const fitsHeader = Schema.isPattern(/^\s*([\x21-\x7e]+\s*)?$/, {
  message: "must be printable ASCII on one line, without spaces"
})

const Token = Schema.String.check(fitsHeader)

/** A secret, or nothing when it is missing or blank. `Redacted` keeps it out of everything that is printed. */
const optionalSecret = (name: string, check: Schema.Codec<string, string> = Token) =>
  Config.option(Config.schema(check, name)).pipe(
    Config.map((value) =>
      value.pipe(
        Option.map((text) => text.trim()),
        // A blank API key must not become a key that everybody has.
        Option.filter((text) => text !== ""),
        Option.map((text) => Redacted.make(text))
      )
    )
  )

/** Sharing tokens: https://docs.github.com/en/site-policy/github-terms/github-terms-of-service#h-api-terms */
const GithubToken = Schema.String.check(
  Schema.makeFilter((text) =>
    text.includes(",")
      ? "holds several tokens; GitHub's terms (section H) forbid sharing tokens to exceed its rate limits. Give one token"
      : undefined
  ),
  fitsHeader
)

const HttpUrl = Schema.URLFromString.check(
  Schema.makeFilter((url) => {
    if (url.protocol !== "https:" && url.protocol !== "http:") return "must start with https:// or http://"
    // `fetch` refuses such an address, and it would be shown in messages.
    if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
    if (url.search !== "" || url.hash !== "") return "must end with the path, without `?` or `#`"
    return isBlockedPort(url)
      ? `uses port ${url.port}, which \`fetch\` never connects to. Give an address with another port`
      : undefined
  })
)

const HttpOrigin = HttpUrl.check(
  Schema.makeFilter((url) => (url.pathname === "/" ? undefined : "must be an origin: scheme, host and port alone"))
)

/** Hazard: what cannot be read would end up in errors of the driver, password and all. `parse` never shows it. */
const ConnectionString = Schema.String.check(
  Schema.makeFilter((given) =>
    Result.match(parse(given), { onSuccess: () => undefined, onFailure: (reason) => reason })
  )
)

const Interval = Schema.DurationFromString.check(
  Schema.makeFilter((interval) =>
    Duration.between(interval, { minimum: Duration.seconds(1), maximum: Duration.days(365) })
      ? undefined
      : "must be at least 1 second and at most 365 days: for example `5 minutes`"
  )
)

const Port = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 65_535 }, { message: "must be a port number, 0 to 65535" })
)

const RateLimit = Schema.String.check(
  Schema.isPattern(/^(none|[1-9]\d{0,8})$/, { message: "must be a number of requests a minute, or `none`" })
).pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transform({
      decode: (text) => (text === "none" ? Number.POSITIVE_INFINITY : Number(text)),
      encode: (limit) => (limit === Number.POSITIVE_INFINITY ? "none" : String(limit))
    })
  )
)

/** Addresses and subnets with commas between. An address alone is the subnet of itself. */
const Subnets = Schema.String.check(
  Schema.makeFilter((text) =>
    text.split(",").every((part) => Result.isSuccess(IpInterface.fromString(part.trim())))
      ? undefined
      : "must be addresses or subnets with commas between: `127.0.0.1, 10.0.0.0/8`"
  )
).pipe(
  Schema.decodeTo(
    Schema.Array(Schema.declare(IpNetwork.isIpNetwork)),
    SchemaTransformation.transform({
      decode: (text): ReadonlyArray<IpNetwork.IpNetwork> =>
        text.split(",").map((part) => IpNetwork.fromInterface(IpInterface.fromStringUnsafe(part.trim()))),
      encode: (networks) => networks.map(IpNetwork.format).join(",")
    })
  )
)

/** A setting that is one of a few words. */
const choice = <const Word extends string>(
  name: string,
  options: {
    readonly words: ReadonlyArray<Word>
    readonly fallback: NoInfer<Word>
    readonly meaning: string
  }
): Definition<Word> => ({
  config: Config.Literals(options.words, name).pipe(Config.withDefault(options.fallback)),
  takes: `must be ${orList(options.words)}`,
  fallback: options.fallback,
  meaning: options.meaning
})

/** A setting that is `true` or `false`. */
const yesOrNo = (
  name: string,
  options: { readonly fallback: boolean; readonly meaning: string }
): Definition<boolean> => ({
  config: Config.Boolean(name).pipe(Config.withDefault(options.fallback)),
  takes: `must be ${orList(["true", "false"])}`,
  fallback: String(options.fallback),
  meaning: options.meaning
})

const orList = (words: ReadonlyArray<string>): string => {
  const quoted = words.map((word) => `\`${word}\``)
  return `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`
}

const logLevels = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal", "All", "None"] as const

const anAddress = "must be an address, with https:// or http:// before it"

const subdomain = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9-]*$/, {
    message: "must be the company's subdomain alone: `acme` of https://acme.pipedrive.com"
  })
)

/** The settings by the name of their environment variable. Exported so that a flag can fall back to one, and a test can hold the documentation against them. */
export const definitions = {
  PIPEDRIVE_TOKEN: define({
    config: optionalSecret("PIPEDRIVE_TOKEN"),
    fallback: "none",
    meaning: "Pipedrive API token. Without it nothing is published and everything waits as `pending`"
  }),
  PIPEDRIVE_ORG: define({
    config: Config.option(Config.schema(subdomain, "PIPEDRIVE_ORG")),
    fallback: "none",
    meaning: "Pipedrive company subdomain: `acme` of `https://acme.pipedrive.com`"
  }),
  POSTGRES_CONNECTION_STRING: define({
    config: optionalSecret("POSTGRES_CONNECTION_STRING", ConnectionString),
    fallback: "none",
    meaning:
      "`postgres://user:password@host:5432/database`. Without it an embedded database in `GITPIP_DATA_DIR` is used"
  }),
  GITHUB_TOKEN: define({
    config: optionalSecret("GITHUB_TOKEN", GithubToken),
    fallback: "none",
    meaning: "GitHub token; a classic one without any scope is enough. Without one, GitHub answers 60 requests an hour"
  }),
  GITHUB_API_URL: define({
    config: Config.schema(HttpUrl, "GITHUB_API_URL").pipe(Config.withDefault(new URL("https://api.github.com"))),
    takes: anAddress,
    fallback: "https://api.github.com",
    meaning: "GitHub's API; for Enterprise Server `https://HOST/api/v3`"
  }),
  PIPEDRIVE_API_URL: define({
    config: Config.option(Config.schema(HttpOrigin, "PIPEDRIVE_API_URL")),
    takes: anAddress,
    fallback: "https://{PIPEDRIVE_ORG}.pipedrive.com",
    meaning: "Origin of Pipedrive's API, for proxies and tests"
  }),
  GITPIP_HOST: define({
    config: Config.NonEmptyString("GITPIP_HOST").pipe(Config.withDefault("127.0.0.1")),
    fallback: "127.0.0.1",
    meaning: "Address the server listens on. Any but a loopback address needs `GITPIP_API_KEY`"
  }),
  GITPIP_PORT: define({
    config: Config.schema(Port, "GITPIP_PORT").pipe(Config.withDefault(8080)),
    takes: "must be a port number, 0 to 65535",
    fallback: "8080",
    meaning: "Port the server listens on; `0` takes any free one"
  }),
  GITPIP_SCAN_INTERVAL: define({
    config: Config.schema(Interval, "GITPIP_SCAN_INTERVAL").pipe(Config.withDefault(Duration.minutes(5))),
    takes: "must be a number and its unit: `30 seconds`, `5 minutes`, `1 hour`",
    fallback: "5 minutes",
    meaning:
      "Time from the start of one scan to the start of the next. Each scan checks all users while GitHub's limits allow that; with more users, those who publish often are checked more often"
  }),
  GITPIP_MAX_DELAY: define({
    config: Config.schema(Interval, "GITPIP_MAX_DELAY").pipe(Config.withDefault(Duration.days(1))),
    takes: "must be a number and its unit: `6 hours`, `1 day`",
    fallback: "1 day",
    meaning:
      "Longest time between two checks of a user, when GitHub's limits do not allow every scan to check all users. A value below `GITPIP_SCAN_INTERVAL` counts as the interval"
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
    config: Config.option(Config.schema(HttpUrl, "GITPIP_URL")),
    takes: anAddress,
    fallback: "none",
    meaning:
      "Address of a running server, `http://127.0.0.1:8080`. When set, commands ask that server (with `GITPIP_API_KEY`) in place of the database"
  }),
  GITPIP_RATE_LIMIT: define({
    config: Config.schema(RateLimit, "GITPIP_RATE_LIMIT").pipe(Config.withDefault(6_000)),
    fallback: "6000",
    meaning:
      "Requests a minute that one client may make to the server; `/health` and `/ready` do not count. `none`: any number, and as many wrong keys"
  }),
  GITPIP_TRUSTED_PROXIES: define({
    config: Config.schema(Subnets, "GITPIP_TRUSTED_PROXIES").pipe(Config.withDefault([])),
    fallback: "none",
    meaning:
      "Reverse proxies that name the client in `X-Forwarded-For`, as addresses or subnets: `127.0.0.1, 10.0.0.0/8`. Without it they are the client themselves"
  }),
  GITPIP_PUBLISH_AS: choice("GITPIP_PUBLISH_AS", {
    words: ["activity", "deal"],
    fallback: "activity",
    meaning:
      "`activity`: one activity per file on the user's deal; `deal`: one deal per file with the content as its note"
  }),
  GITPIP_ACTIVITY_TYPE: define({
    config: Config.NonEmptyString("GITPIP_ACTIVITY_TYPE").pipe(Config.withDefault("task")),
    fallback: "task",
    meaning: "`key_string` of the Pipedrive activity type"
  }),
  GITPIP_ACTIVITY_DONE: yesOrNo("GITPIP_ACTIVITY_DONE", {
    fallback: false,
    meaning: "Whether activities are created as done"
  }),
  GITPIP_BACKFILL: choice("GITPIP_BACKFILL", {
    words: ["all", "none"],
    fallback: "all",
    meaning: "`none`: gists older than the tracking are listed but not published"
  }),
  GITPIP_LOG_LEVEL: choice("GITPIP_LOG_LEVEL", {
    words: logLevels,
    fallback: "Info",
    meaning: orList(logLevels)
  }),
  GITPIP_LOG_FORMAT: choice("GITPIP_LOG_FORMAT", {
    words: ["pretty", "json", "logfmt"],
    fallback: "pretty",
    meaning: "`pretty`, `json` or `logfmt`; the server logs to stdout"
  })
} as const

/** Where to publish, when that is known. */
export interface PipedriveSettings {
  readonly token: Redacted.Redacted
  /** Scheme, host and port alone. */
  readonly origin: string
  /** The same of the pages that people look at. */
  readonly pages: string
}

/** All settings, read and checked. */
export class Settings extends Context.Service<
  Settings,
  {
    readonly pipedrive: Option.Option<PipedriveSettings>
    readonly publishAs: "activity" | "deal"
    readonly activityType: string
    readonly activityDone: boolean
    readonly backfill: "all" | "none"
    readonly postgres: Option.Option<Redacted.Redacted>
    readonly dataDir: string
    readonly githubToken: Option.Option<Redacted.Redacted>
    /** Without a trailing slash. */
    readonly githubApiUrl: string
    readonly host: string
    readonly port: number
    readonly apiKey: Option.Option<Redacted.Redacted>
    /** The server that commands ask. Without a trailing slash. */
    readonly url: Option.Option<string>
    /** Requests a minute; infinite when there is no limit. */
    readonly rateLimit: number
    readonly trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>
    readonly scanInterval: Duration.Duration
    /** Never less than the interval of the scans. */
    readonly maxDelay: Duration.Duration
    readonly feed: boolean
    readonly logLevel: LogLevel.LogLevel
    readonly logFormat: "pretty" | "json" | "logfmt"
  }
>()("gitpip/Settings") {
  /** Reads the environment through the current `ConfigProvider`. */
  static readonly layer = Layer.effect(
    Settings,
    Effect.suspend(() => load)
  )
}

/** Settings that cannot be used, with every fault in one message. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  faults: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.faults.length === 1 ? "A setting is wrong" : `${this.faults.length} settings are wrong`}:\n${this.faults
      .map((fault) => `  - ${fault}`)
      .join("\n")}`
  }
}

/** The secrets in the settings, in each form that they are sent in. */
export const secretsOf = ({ apiKey, githubToken, pipedrive, postgres }: Settings["Service"]): ReadonlyArray<string> => {
  const tokens = [apiKey, githubToken, Option.map(pipedrive, ({ token }) => token)].flatMap(Option.toArray)
  return [
    ...tokens.map(Redacted.value),
    ...Option.match(postgres, { onNone: () => [], onSome: (url) => passwordsOf(Redacted.value(url)) })
  ]
}

const load = Effect.gen(function* () {
  const faults: Array<string> = []
  const read = Effect.fnUntraced(function* <A>({ config, takes }: Definition<A>, name: string) {
    const result = yield* Effect.result(config)
    if (Result.isSuccess(result)) return result.success
    const reason = result.failure.message.replace(/^SchemaError\(|\)$/g, "").replace(/\s+at \[.*\]\s*$/s, "")
    // The library's own words tell of types.
    faults.push(`${name}: ${takes !== undefined && reason.startsWith("Expected") ? takes : reason}`)
    return undefined
  })
  const values = yield* Effect.all(
    // Read all before judging any, so that every fault is named at once.
    {
      token: read(definitions.PIPEDRIVE_TOKEN, "PIPEDRIVE_TOKEN"),
      org: read(definitions.PIPEDRIVE_ORG, "PIPEDRIVE_ORG"),
      origin: read(definitions.PIPEDRIVE_API_URL, "PIPEDRIVE_API_URL"),
      publishAs: read(definitions.GITPIP_PUBLISH_AS, "GITPIP_PUBLISH_AS"),
      activityType: read(definitions.GITPIP_ACTIVITY_TYPE, "GITPIP_ACTIVITY_TYPE"),
      activityDone: read(definitions.GITPIP_ACTIVITY_DONE, "GITPIP_ACTIVITY_DONE"),
      backfill: read(definitions.GITPIP_BACKFILL, "GITPIP_BACKFILL"),
      postgres: read(definitions.POSTGRES_CONNECTION_STRING, "POSTGRES_CONNECTION_STRING"),
      dataDir: read(definitions.GITPIP_DATA_DIR, "GITPIP_DATA_DIR"),
      githubToken: read(definitions.GITHUB_TOKEN, "GITHUB_TOKEN"),
      githubApiUrl: read(definitions.GITHUB_API_URL, "GITHUB_API_URL"),
      host: read(definitions.GITPIP_HOST, "GITPIP_HOST"),
      port: read(definitions.GITPIP_PORT, "GITPIP_PORT"),
      apiKey: read(definitions.GITPIP_API_KEY, "GITPIP_API_KEY"),
      url: read(definitions.GITPIP_URL, "GITPIP_URL"),
      rateLimit: read(definitions.GITPIP_RATE_LIMIT, "GITPIP_RATE_LIMIT"),
      trustedProxies: read(definitions.GITPIP_TRUSTED_PROXIES, "GITPIP_TRUSTED_PROXIES"),
      scanInterval: read(definitions.GITPIP_SCAN_INTERVAL, "GITPIP_SCAN_INTERVAL"),
      maxDelay: read(definitions.GITPIP_MAX_DELAY, "GITPIP_MAX_DELAY"),
      feed: read(definitions.GITPIP_FEED, "GITPIP_FEED"),
      logLevel: read(definitions.GITPIP_LOG_LEVEL, "GITPIP_LOG_LEVEL"),
      logFormat: read(definitions.GITPIP_LOG_FORMAT, "GITPIP_LOG_FORMAT")
    }
  )
  if (
    values.postgres !== undefined &&
    Option.isNone(values.postgres) &&
    (yield* isEmpty("POSTGRES_CONNECTION_STRING"))
  ) {
    faults.push(`POSTGRES_CONNECTION_STRING: ${emptyAddress}`)
  }
  const token = values.token ?? Option.none()
  const pages = Option.map(values.org ?? Option.none(), (org) => new URL(`https://${org}.pipedrive.com`))
  const origin = Option.orElse(values.origin ?? Option.none(), () => pages)
  // Only judged when all three could be read: a wrong one is no missing one.
  const known = values.token !== undefined && values.org !== undefined && values.origin !== undefined
  if (known && Option.isSome(token) && Option.isNone(origin)) {
    faults.push(
      "PIPEDRIVE_ORG: is missing although PIPEDRIVE_TOKEN is set; it is the `acme` of https://acme.pipedrive.com"
    )
  }
  if (known && Option.isNone(token) && Option.isSome(origin)) {
    faults.push("PIPEDRIVE_TOKEN: is missing although PIPEDRIVE_ORG or PIPEDRIVE_API_URL is set")
  }
  if (faults.length > 0) return yield* new SettingsError({ faults })
  const {
    token: _token,
    org: _org,
    origin: _origin,
    ...rest
  } = values as Required<typeof values> & Complete<typeof values>
  return Settings.of({
    ...rest,
    pipedrive: Option.map(Option.all({ token, origin }), ({ token, origin }) => ({
      token,
      origin: origin.origin,
      pages: Option.getOrElse(pages, () => origin).origin
    })),
    maxDelay: Duration.max(rest.maxDelay, rest.scanInterval),
    githubApiUrl: rest.githubApiUrl.href.replace(/\/+$/, ""),
    url: Option.map(rest.url, ({ href }) => href.replace(/\/+$/, ""))
  })
})

/**
 * Whether a variable is set to nothing. Reading its value would call it missing, but the names of what is set hold it.
 * Names of environment variables lie in a tree, split at each `_`; those of other providers lie at the root.
 */
const isEmpty = Effect.fnUntraced(
  function* (name: string) {
    const provider = yield* ConfigProvider.ConfigProvider
    const parts = name.split("_")
    const places = [
      { path: parts.slice(0, -1), key: parts.at(-1) ?? "" },
      { path: [], key: name }
    ]
    const found = yield* Effect.forEach(places, ({ key, path }) =>
      Effect.map(provider.load(path), (node) => node?._tag === "Record" && node.keys.has(key))
    )
    return found.includes(true)
  },
  Effect.orElseSucceed(() => false)
)

type Complete<A> = { readonly [K in keyof A]: Exclude<A[K], undefined> }
