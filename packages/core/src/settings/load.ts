/**
 * Reads the settings of the table, and checks what several of them mean together.
 *
 * All faults are reported in one message, so that a wrong deployment is fixed in one go.
 */
import { Config, ConfigProvider, Duration, Effect, Option, Result } from "effect"
import { emptyAddress } from "../database/address.ts"
import type { Settings } from "../Settings.ts"
import { readFiles } from "./fromFiles.ts"
import type { Definition } from "./kinds.ts"
import { SettingsError } from "./SettingsError.ts"
import { fileVariable, type SecretName } from "./secretFiles.ts"
import { definitions } from "./table.ts"
import { TimeZone } from "./values.ts"

type Name = keyof typeof definitions
type ValueOf<D> = D extends { readonly config: Config.Config<infer A> } ? A : never
type Values = { readonly [N in Name]: ValueOf<(typeof definitions)[N]> }

/** The values that could be read, and the faults of the others. */
interface Read {
  readonly values: Partial<Values>
  readonly faults: ReadonlyArray<string>
}

/** The message of a value that cannot be read. A schema's own words name types. */
const faultOf = (name: string, { takes }: Definition<unknown>, error: Config.ConfigError): string => {
  const reason = error.message.replace(/^SchemaError\(|\)$/g, "").replace(/\s+at \[.*\]\s*$/s, "")
  return `${name}: ${takes !== undefined && reason.startsWith("Expected") ? takes : reason}`
}

/** Reads all before judging any, so that every fault is named at once. */
const readAll = Effect.gen(function* () {
  const inFiles = yield* readFiles
  const provider = ConfigProvider.orElse(
    ConfigProvider.fromUnknown(inFiles.secrets),
    yield* ConfigProvider.ConfigProvider
  )
  const values: Record<string, unknown> = {}
  const faults: Array<string> = []
  for (const [name, definition] of Object.entries<Definition<unknown>>(definitions)) {
    if (inFiles.faults[name] !== undefined) {
      faults.push(inFiles.faults[name])
      continue
    }
    const result = yield* Effect.result(definition.config.parse(provider))
    const variable = Object.hasOwn(inFiles.secrets, name) ? fileVariable(name as SecretName) : name
    if (Result.isSuccess(result)) values[name] = result.success
    else faults.push(faultOf(variable, definition, result.failure))
  }
  return { values: values as Partial<Values>, faults } satisfies Read
})

/** The token and the company need each other. Only judged when all three could be read: a wrong one is no missing one. */
const pipedriveFaults = ({
  PIPEDRIVE_API_URL,
  PIPEDRIVE_ORG,
  PIPEDRIVE_TOKEN
}: Partial<Values>): ReadonlyArray<string> => {
  if (PIPEDRIVE_TOKEN === undefined || PIPEDRIVE_ORG === undefined || PIPEDRIVE_API_URL === undefined) return []
  const hasAddress = Option.isSome(PIPEDRIVE_API_URL) || Option.isSome(PIPEDRIVE_ORG)
  if (Option.isSome(PIPEDRIVE_TOKEN) === hasAddress) return []
  return [
    hasAddress
      ? "PIPEDRIVE_TOKEN: is missing although PIPEDRIVE_ORG or PIPEDRIVE_API_URL is set"
      : "PIPEDRIVE_ORG: is missing although PIPEDRIVE_TOKEN is set; it is the `acme` of https://acme.pipedrive.com"
  ]
}

/** Persons are followed by their field. */
const followFaults = ({
  GITPIP_FOLLOW_PIPEDRIVE,
  GITPIP_PERSON_FIELD,
  PIPEDRIVE_TOKEN
}: Partial<Values>): ReadonlyArray<string> => {
  if (GITPIP_FOLLOW_PIPEDRIVE === undefined || Option.isNone(GITPIP_FOLLOW_PIPEDRIVE)) return []
  const isMissing = (value: Option.Option<unknown> | undefined) => value !== undefined && Option.isNone(value)
  const missing = [
    ...(isMissing(GITPIP_PERSON_FIELD)
      ? ["GITPIP_PERSON_FIELD, the field of persons in Pipedrive that holds the GitHub username"]
      : []),
    ...(isMissing(PIPEDRIVE_TOKEN) ? ["PIPEDRIVE_TOKEN"] : [])
  ]
  return missing.length === 0 ? [] : [`GITPIP_FOLLOW_PIPEDRIVE: needs ${missing.join("; and ")}`]
}

/**
 * "A lead always has to be linked to a person or an organization or both", and Gitpip links it to the person.
 * https://developers.pipedrive.com/docs/api/v1/Leads#addLead
 */
const leadFaults = ({ GITPIP_PERSON, GITPIP_PUBLISH_AS }: Partial<Values>): ReadonlyArray<string> =>
  GITPIP_PUBLISH_AS === "lead" && GITPIP_PERSON === "off"
    ? ["GITPIP_PERSON: must be `create` or `link` with GITPIP_PUBLISH_AS=lead, since a lead needs a person"]
    : []

const pipedriveOf = ({
  PIPEDRIVE_API_URL,
  PIPEDRIVE_ORG,
  PIPEDRIVE_TOKEN
}: Values): Settings["Service"]["pipedrive"] => {
  const pages = Option.map(PIPEDRIVE_ORG, (org) => new URL(`https://${org}.pipedrive.com`))
  const api = Option.orElse(PIPEDRIVE_API_URL, () => pages)
  return Option.map(Option.all({ token: PIPEDRIVE_TOKEN, api }), ({ api, token }) => ({
    token,
    origin: api.origin,
    pages: Option.getOrElse(pages, () => api).origin
  }))
}

const withoutSlash = ({ href }: URL): string => href.replace(/\/+$/, "")

const toSettings = (values: Values, fallbackZone: string): Settings["Service"] => ({
  pipedrive: pipedriveOf(values),
  publishAs: values.GITPIP_PUBLISH_AS,
  activity: {
    type: values.GITPIP_ACTIVITY_TYPE,
    done: values.GITPIP_ACTIVITY_DONE,
    owner: values.GITPIP_ACTIVITY_OWNER,
    due: values.GITPIP_ACTIVITY_DUE,
    priority: values.GITPIP_ACTIVITY_PRIORITY,
    timeZone: values.GITPIP_TIME_ZONE,
    fallbackZone
  },
  deal: {
    title: values.GITPIP_DEAL_TITLE,
    pipeline: values.GITPIP_DEAL_PIPELINE,
    stage: values.GITPIP_DEAL_STAGE,
    owner: values.GITPIP_DEAL_OWNER,
    labels: values.GITPIP_DEAL_LABELS,
    visibility: values.GITPIP_DEAL_VISIBILITY,
    closed: values.GITPIP_DEAL_CLOSED,
    field: values.GITPIP_DEAL_FIELD
  },
  lead: {
    owner: values.GITPIP_LEAD_OWNER,
    labels: values.GITPIP_LEAD_LABELS,
    visibility: values.GITPIP_LEAD_VISIBILITY
  },
  person: { mode: values.GITPIP_PERSON, field: values.GITPIP_PERSON_FIELD },
  organization: { mode: values.GITPIP_ORGANIZATION },
  followPipedrive: values.GITPIP_FOLLOW_PIPEDRIVE,
  backfill: values.GITPIP_BACKFILL,
  files: {
    include: values.GITPIP_INCLUDE,
    exclude: values.GITPIP_EXCLUDE,
    languages: values.GITPIP_LANGUAGES,
    maxFileSize: values.GITPIP_MAX_FILE_SIZE,
    forks: values.GITPIP_FORKS
  },
  postgres: values.POSTGRES_CONNECTION_STRING,
  dataDir: values.GITPIP_DATA_DIR,
  githubToken: values.GITHUB_TOKEN,
  githubApiUrl: withoutSlash(values.GITHUB_API_URL),
  proxies: { https: values.HTTPS_PROXY, http: values.HTTP_PROXY, except: values.NO_PROXY },
  authorities: values.NODE_EXTRA_CA_CERTS,
  host: values.GITPIP_HOST,
  port: values.GITPIP_PORT,
  apiKey: values.GITPIP_API_KEY,
  url: Option.map(values.GITPIP_URL, withoutSlash),
  rateLimit: values.GITPIP_RATE_LIMIT,
  trustedProxies: values.GITPIP_TRUSTED_PROXIES,
  scanInterval: values.GITPIP_SCAN_INTERVAL,
  maxDelay: Duration.max(values.GITPIP_MAX_DELAY, values.GITPIP_SCAN_INTERVAL),
  keepHistory: values.GITPIP_KEEP_HISTORY,
  feed: values.GITPIP_FEED,
  logLevel: values.GITPIP_LOG_LEVEL,
  logFormat: values.GITPIP_LOG_FORMAT,
  googleProject: values.GOOGLE_CLOUD_PROJECT
})

/**
 * Whether a variable is set to nothing. Reading its value would call it missing, but the names of what is set hold it.
 * Names of environment variables lie in a tree, split at each `_`; those of other providers lie at the root.
 */
const isEmpty = Effect.fnUntraced(
  function* (name: Name | `${SecretName}_FILE`) {
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

/** The zone that `TZ` names as every program reads it. Another form of `TZ` counts as none. */
const zoneOfProcess = Effect.gen(function* () {
  const zone = Config.schema(TimeZone, "TZ").pipe(Config.orElse(() => Config.succeed("UTC")))
  return yield* zone.parse(yield* ConfigProvider.ConfigProvider)
}).pipe(Effect.orElseSucceed(() => "UTC"))

/** An empty address is a mistake, and not the wish for the embedded database. */
const databaseFaults = Effect.fnUntraced(function* ({ POSTGRES_CONNECTION_STRING }: Partial<Values>) {
  if (POSTGRES_CONNECTION_STRING === undefined || Option.isSome(POSTGRES_CONNECTION_STRING)) return []
  // The longer name first: its node in the tree makes the shorter name seem set.
  for (const variable of ["POSTGRES_CONNECTION_STRING_FILE", "POSTGRES_CONNECTION_STRING"] as const) {
    if (yield* isEmpty(variable)) return [`${variable}: ${emptyAddress}`]
  }
  return []
})

/** Reads all settings by the current `ConfigProvider`. Fails with every fault at once. */
export const load: Effect.Effect<Settings["Service"], SettingsError> = Effect.gen(function* () {
  const { faults, values } = yield* readAll
  const all = [
    ...faults,
    ...(yield* databaseFaults(values)),
    ...pipedriveFaults(values),
    ...leadFaults(values),
    ...followFaults(values)
  ]
  if (all.length > 0) return yield* new SettingsError({ faults: all })
  return toSettings(values as Values, yield* zoneOfProcess)
})
