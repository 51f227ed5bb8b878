/** The forms that texts of settings must have, and the values that they become. A message says what to give instead. */
import { DateTime, Duration, Option, Result, Schema, SchemaTransformation } from "effect"
import { IpInterface, IpNetwork } from "effect/net"
import { parse } from "../database/address.ts"
import { templateFault } from "../domain/DealTitle.ts"
import { isBlockedPort } from "../net/blockedPorts.ts"
import { parseProxy } from "../net/proxies.ts"
import { authorityFault } from "./authorities.ts"

/** Text that fits into a header. Blank text passes, since it counts as missing. */
const fitsHeader = Schema.isPattern(/^\s*([\x21-\x7e]+\s*)?$/, {
  message: "must be printable ASCII on one line, without spaces"
})

export const Token = Schema.String.check(fitsHeader)

/** Sharing tokens: https://docs.github.com/en/site-policy/github-terms/github-terms-of-service#h-api-terms */
export const GithubToken = Schema.String.check(
  Schema.makeFilter((text) =>
    text.includes(",")
      ? "holds several tokens; GitHub's terms (section H) forbid sharing tokens to exceed its rate limits. Give one token"
      : undefined
  ),
  fitsHeader
)

const httpUrl = (endFault: (url: URL) => string | undefined) =>
  Schema.URLFromString.check(
    Schema.makeFilter((url) => {
      if (url.protocol !== "https:" && url.protocol !== "http:") return "must start with https:// or http://"
      // `fetch` refuses such an address, and messages would show the password.
      if (url.username !== "" || url.password !== "") return "must not hold a user name or password"
      const fault = endFault(url)
      if (fault !== undefined) return fault
      return isBlockedPort(url)
        ? `uses port ${url.port}, which \`fetch\` never connects to. Give an address with another port`
        : undefined
    })
  )

const hasQuery = ({ hash, search }: URL): boolean => search !== "" || hash !== ""

export const HttpUrl = httpUrl((url) => (hasQuery(url) ? "must end with the path, without `?` or `#`" : undefined))

export const HttpOrigin = httpUrl((url) =>
  url.pathname === "/" && !hasQuery(url)
    ? undefined
    : "must be an origin: scheme, host and port alone, as `https://api.example.com`"
)

/** Hazard: an address that cannot be read would end up in errors of the driver, password and all. `parse` never shows it. */
export const ConnectionString = Schema.String.check(
  Schema.makeFilter((given) =>
    Result.match(parse(given), { onSuccess: () => undefined, onFailure: (reason) => reason })
  )
)

/** In milliseconds, the units that `gitpip status` prints durations in. */
const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `5m`, `1h 30m` and `90 Days` in the forms that Effect reads. Any other text stays as it is. */
const inMillis = (text: string): string => {
  if (/^\d+(\.\d+)?\s+[a-z]+$/i.test(text)) return text.toLowerCase()
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d)\s*)+$/i.test(text)) return text
  const parts = [...text.matchAll(/([\d.]+)([a-z]+)/gi)]
  return `${parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (units[unit.toLowerCase()] ?? 0), 0)} millis`
}

export const Interval = Schema.String.pipe(
  Schema.decode(SchemaTransformation.transform({ decode: (text) => inMillis(text.trim()), encode: (text) => text })),
  Schema.decodeTo(Schema.DurationFromString)
).check(
  Schema.makeFilter((interval) =>
    Duration.between(interval, { minimum: Duration.seconds(1), maximum: Duration.days(365) })
      ? undefined
      : "must be at least 1 second and at most 365 days: for example `5 minutes`"
  )
)

/** An interval of a minute or more. */
export const LongInterval = Interval.check(
  Schema.makeFilter((interval) =>
    Duration.isLessThan(interval, Duration.minutes(1))
      ? "must be at least 1 minute and at most 365 days: for example `1 hour`"
      : undefined
  )
)

/** How long history is kept: infinite for `forever`. */
export const KeptFor = Schema.String.pipe(
  Schema.decode(
    SchemaTransformation.transform({
      decode: (text) => {
        const given = text.trim()
        if (given.toLowerCase() === "forever") return "Infinity"
        // Effect's own word for it, which counts in no other case.
        return given === "Infinity" ? "" : inMillis(given)
      },
      encode: (text) => text
    })
  ),
  Schema.decodeTo(Schema.DurationFromString)
).check(
  Schema.makeFilter((kept) =>
    kept === Duration.infinity || Duration.between(kept, { minimum: Duration.days(1), maximum: Duration.days(36_500) })
      ? undefined
      : "must be `forever`, or at least 1 day and at most 36,500 days: for example `90 days`"
  )
)

/** Hazard: a message must not show the address, which may hold a password. */
export const ProxyAddress = Schema.String.check(
  Schema.makeFilter((given) =>
    given.trim() === ""
      ? undefined
      : Result.match(parseProxy(given.trim()), { onSuccess: () => undefined, onFailure: (reason) => reason })
  )
)

/** The path of a file whose certificates Node.js has loaded. */
export const LoadedAuthorities = Schema.String.check(Schema.makeFilter(authorityFault))

export const Port = Schema.Int.check(
  Schema.isBetween({ minimum: 0, maximum: 65_535 }, { message: "must be a port number, 0 to 65535" })
)

/** Addresses and subnets with commas between. An address alone is the subnet of itself. */
export const Subnets = Schema.String.check(
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

/** Blank text passes, since it counts as missing. https://cloud.google.com/resource-manager/docs/creating-managing-projects#before_you_begin */
export const GoogleProject = Schema.String.check(
  Schema.isPattern(/^\s*([a-z][a-z0-9.:-]*)?\s*$/, {
    message: "must be the id of a Google Cloud project: `my-project-123`"
  })
)

export const Subdomain = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9-]*$/, {
    message: "must be the company's subdomain alone: `acme` of https://acme.pipedrive.com"
  })
)

export { FileSize, Name, Names, Patterns } from "../domain/ruleTexts.ts"

/** A number of days. `None` for the word `none`. */
export const DaysOrNone = Schema.Trim.check(Schema.isPattern(/^(none|\d{1,2}|[12]\d\d|3[0-5]\d|36[0-5])$/)).pipe(
  Schema.decodeTo(
    Schema.Option(Schema.Int),
    SchemaTransformation.transform({
      decode: (text) => (text === "none" ? Option.none<number>() : Option.some(Number(text))),
      encode: (days) => Option.match(days, { onNone: () => "none", onSome: (days) => String(days) })
    })
  )
)

export const TimeZone = Schema.Trim.check(
  Schema.makeFilter((zone) =>
    Option.isSome(DateTime.zoneMakeNamed(zone))
      ? undefined
      : "must be a time zone of https://www.iana.org/time-zones: `Europe/Berlin`, `America/New_York`, `UTC`"
  )
)

export const DealTitle = Schema.Trim.check(Schema.makeFilter(templateFault))
