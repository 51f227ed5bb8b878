/**
 * Sessions of browsers, when `GITPIP_API_KEY` is set. A session proves that its bearer once had the key, in a cookie that
 * scripts cannot read and other sites cannot send.
 *
 * A session is its end and a signature under the key. So several servers accept it without a table, and a new key ends all
 * sessions.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { Option, Redacted } from "effect"

export const sessionCookie = "gitpip_session"

const days = 7
const lifetime = days * 24 * 60 * 60

export interface Sessions {
  /** The value of a cookie, good from now on. */
  readonly open: (now: number) => string
  readonly isValid: (value: string, now: number) => boolean
}

export const makeSessions = (apiKey: Option.Option<Redacted.Redacted>): Sessions => {
  if (Option.isNone(apiKey)) return { open: () => "none", isValid: () => false }
  // A derived key signs, so that a signature reveals nothing about the API key.
  const signingKey = Buffer.from(hkdfSync("sha256", Redacted.value(apiKey.value), "", "gitpip session", 32))
  const sign = (until: string) => createHmac("sha256", signingKey).update(until).digest("base64url")
  return {
    open: (now) => {
      const until = String(Math.floor(now / 1_000) + lifetime)
      return `${until}.${sign(until)}`
    },
    isValid: (value, now) => {
      const [, until = "", given = ""] = /^(\d{1,12})\.([\w-]{43})$/.exec(value) ?? []
      if (given === "" || !timingSafeEqual(Buffer.from(given), Buffer.from(sign(until)))) return false
      return Number(until) * 1_000 > now
    }
  }
}

/** The cookie as it is set; without a value it ends at once. Browsers keep one that is `secure` off plain HTTP. */
export const setCookie = (value: string | undefined, secure: boolean): string =>
  [
    `${sessionCookie}=${value ?? ""}`,
    "Path=/",
    `Max-Age=${value === undefined ? 0 : lifetime}`,
    "HttpOnly",
    "SameSite=Strict",
    ...(secure ? ["Secure"] : [])
  ].join("; ")

/** A cookie out of the header that holds all of them. */
export const cookieOf = (header: string | undefined, name: string): string | undefined =>
  header
    ?.split(";")
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1)
