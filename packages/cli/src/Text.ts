/**
 * Text for a terminal. Hazard: strangers choose file names and messages. An escape sequence could rewrite the screen, and
 * a bidirectional override could show one name as another.
 */
import { plain, plainJson } from "@gitpip/core/text"

export { plain }

/** The same for text of several lines. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

/** JSON of the same value that is safe to show: control characters that `JSON.stringify` leaves bare are escaped. */
export const json = (value: unknown, indent?: number): string => plainJson(JSON.stringify(value, null, indent))

/** `1 file`, `2 files`. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`

/** The text with a full stop at its end, and only one. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/** `2026-01-31T12:00:00Z`, to the second; `never` for null. */
export const time = (at: { readonly epochMilliseconds: number } | null): string =>
  at === null ? "never" : new Date(at.epochMilliseconds).toISOString().replace(/\.\d+Z$/, "Z")

/** A duration in a precision that suits an estimate: `under a second`, `48 s`, `2 min`, `3 h 5 min`. */
export const duration = (seconds: number): string => {
  if (seconds < 1) return "under a second"
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  const minutes = Math.round(whole / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** An interval of whole minutes or hours in words, `5 minutes`; any other as `duration`. */
export const interval = (seconds: number): string => {
  if (seconds >= 3_600 && seconds % 3_600 === 0) return count(seconds / 3_600, "hour")
  if (seconds >= 60 && seconds % 60 === 0) return count(seconds / 60, "minute")
  return duration(seconds)
}
