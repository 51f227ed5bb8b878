/**
 * All settings, read and checked. The table that defines them is settings/table.ts.
 *
 * Secrets are `Redacted` from the moment they are read.
 */
import { Context, type Duration, Layer, type LogLevel, Option, Redacted } from "effect"
import type { IpNetwork } from "effect/net"
import type { FileRules } from "./domain/FileRules.ts"
import { passwordsOf } from "./domain/Text.ts"
import type { Proxies } from "./net/proxies.ts"
import { load } from "./settings/load.ts"

export { SettingsError } from "./settings/SettingsError.ts"
export { definitions } from "./settings/table.ts"

/** Where to publish, when that is known. */
export interface PipedriveSettings {
  readonly token: Redacted.Redacted
  /** Scheme, host and port alone. */
  readonly origin: string
  /** Scheme, host and port of the pages that people open. */
  readonly pages: string
}

/** How activities are created. Names are as written: `pipedrive/placement.ts` finds their ids. */
export interface ActivitySettings {
  /** `key_string` of an activity type. */
  readonly type: string
  readonly done: boolean
  /** `deal`, `me`, or a user of Pipedrive by name, e-mail or id. */
  readonly owner: string
  /** Days from today. `None`: no due date. */
  readonly due: Option.Option<number>
  /** A label or an id. */
  readonly priority: Option.Option<string>
  /** Of due dates, by its IANA name. */
  readonly timeZone: Option.Option<string>
  /** The zone while Pipedrive does not report that of the token's user: `TZ`, else `UTC`. */
  readonly fallbackZone: string
}

/** How deals are created and found. Names are as written, each a name or an id. */
export interface DealSettings {
  /** With the placeholders of `domain/DealTitle.ts`. */
  readonly title: string
  readonly pipeline: Option.Option<string>
  readonly stage: Option.Option<string>
  readonly owner: Option.Option<string>
  readonly labels: ReadonlyArray<string>
  readonly visibility: Option.Option<string>
  /** Whether a user's deal that was won or lost stays the user's deal. */
  readonly closed: "keep" | "replace"
  /** A field of deals that holds the login. */
  readonly field: Option.Option<string>
}

/** How leads are created. Names are as written, each a name or an id. */
export interface LeadSettings {
  readonly owner: Option.Option<string>
  readonly labels: ReadonlyArray<string>
  readonly visibility: Option.Option<string>
}

/** What a file becomes in Pipedrive. */
export type PublishAs = "activity" | "deal" | "lead"

/** Whether deals, activities and leads name a person, and how that person is found. */
export interface PersonSettings {
  readonly mode: "create" | "link" | "off"
  /** A field of persons by name or key, as written. */
  readonly field: Option.Option<string>
}

/** Whether deals, persons and activities name the organization of the user's company. */
export interface OrganizationSettings {
  readonly mode: "create" | "link" | "off"
}

/** All settings, read and checked. */
export class Settings extends Context.Service<
  Settings,
  {
    readonly pipedrive: Option.Option<PipedriveSettings>
    readonly publishAs: PublishAs
    readonly activity: ActivitySettings
    readonly deal: DealSettings
    readonly lead: LeadSettings
    readonly person: PersonSettings
    readonly organization: OrganizationSettings
    /** How often Pipedrive's persons are read for GitHub usernames. `None`: never. */
    readonly followPipedrive: Option.Option<Duration.Duration>
    readonly backfill: "all" | "none"
    /** Which files are published. */
    readonly files: FileRules
    readonly postgres: Option.Option<Redacted.Redacted>
    readonly dataDir: string
    readonly githubToken: Option.Option<Redacted.Redacted>
    /** Without a trailing slash. */
    readonly githubApiUrl: string
    readonly proxies: Proxies
    /** The file of the authorities that are trusted in addition. */
    readonly authorities: Option.Option<string>
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
    /** Infinite when all of it is kept. */
    readonly keepHistory: Duration.Duration
    readonly feed: boolean
    readonly logLevel: LogLevel.LogLevel
    readonly logFormat: "pretty" | "json" | "logfmt"
    /** The project that the traces of JSON log lines are in. */
    readonly googleProject: Option.Option<string>
  }
>()("gitpip/Settings") {
  /** Reads the environment through the current `ConfigProvider`. */
  static readonly layer = Layer.effect(Settings, load)
}

/** The secrets in the settings, in each form that they are sent in. */
export const secretsOf = (settings: Settings["Service"]): ReadonlyArray<string> => {
  const { apiKey, githubToken, pipedrive, postgres, proxies } = settings
  const tokens = [apiKey, githubToken, Option.map(pipedrive, ({ token }) => token)].flatMap(Option.toArray)
  const addresses = [postgres, ...[proxies.http, proxies.https].map(Option.map(({ address }) => address))]
  return [
    ...tokens.map(Redacted.value),
    ...addresses.flatMap(Option.toArray).flatMap((address) => passwordsOf(Redacted.value(address)))
  ]
}
