/**
 * All settings, read and checked. The table that defines them is settings/table.ts.
 *
 * Secrets are `Redacted` from the moment they are read.
 */
import { Context, type Duration, Layer, type LogLevel, Option, Redacted } from "effect"
import type { IpNetwork } from "effect/net"
import { passwordsOf } from "./domain/Text.ts"
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
    /** Infinite when all of it is kept. */
    readonly keepHistory: Duration.Duration
    readonly feed: boolean
    readonly logLevel: LogLevel.LogLevel
    readonly logFormat: "pretty" | "json" | "logfmt"
  }
>()("gitpip/Settings") {
  /** Reads the environment through the current `ConfigProvider`. */
  static readonly layer = Layer.effect(Settings, load)
}

/** The secrets in the settings, in each form that they are sent in. */
export const secretsOf = ({ apiKey, githubToken, pipedrive, postgres }: Settings["Service"]): ReadonlyArray<string> => {
  const tokens = [apiKey, githubToken, Option.map(pipedrive, ({ token }) => token)].flatMap(Option.toArray)
  return [
    ...tokens.map(Redacted.value),
    ...Option.match(postgres, { onNone: () => [], onSome: (url) => passwordsOf(Redacted.value(url)) })
  ]
}
