/**
 * Sessions of browsers, when `GITPIP_API_KEY` is set. A session proves that its bearer once had the key, in a cookie that
 * scripts cannot read and other sites cannot send.
 *
 * A session is its end and a signature under the key. So several servers accept it without a table, and a new key ends all
 * sessions.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto"
import { Duration, Option, Redacted } from "effect"

/** The cookie that holds a session. */
export const sessionCookie = "gitpip_session"

export const sessionLifetime = Duration.days(7)

/** Opens and checks sessions. `now` is epoch milliseconds. */
export interface Sessions {
  /** The value of a cookie, good from now on. */
  readonly open: (now: number) => string
  readonly isValid: (value: string, now: number) => boolean
}

/** Sessions signed under the API key. Without a key, none is valid. */
export const makeSessions = (apiKey: Option.Option<Redacted.Redacted>): Sessions => {
  if (Option.isNone(apiKey)) return { open: () => "none", isValid: () => false }
  // A derived key signs, so that a signature reveals nothing about the API key.
  const signingKey = Buffer.from(hkdfSync("sha256", Redacted.value(apiKey.value), "", "gitpip session", 32))
  const sign = (until: string) => createHmac("sha256", signingKey).update(until).digest("base64url")
  return {
    open: (now) => {
      const until = String(Math.floor(now / 1_000) + Duration.toSeconds(sessionLifetime))
      return `${until}.${sign(until)}`
    },
    isValid: (value, now) => {
      const [, until = "", given = ""] = /^(\d{1,12})\.([\w-]{43})$/.exec(value) ?? []
      if (given === "" || !timingSafeEqual(Buffer.from(given), Buffer.from(sign(until)))) return false
      return Number(until) * 1_000 > now
    }
  }
}
