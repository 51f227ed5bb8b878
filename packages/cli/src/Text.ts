/**
 * Text for a terminal. Names of files, messages of services and the like are written by strangers: an escape sequence
 * among them could rewrite the screen, and a bidirectional override could make one name look like another.
 */
import { plain, plainJson } from "@gitpip/core/text"

export { plain }

/** The same for text of several lines. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

/** JSON that is safe to show: what `JSON.stringify` leaves bare and a terminal would act on is escaped. The value is the same. */
export const json = (value: unknown, indent?: number): string => plainJson(JSON.stringify(value, null, indent))

/** `1 file`, `2 files`. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`

/** Seconds are enough for people. */
export const time = (at: { readonly epochMilliseconds: number } | null): string =>
  at === null ? "never" : new Date(at.epochMilliseconds).toISOString().replace(/\.\d+Z$/, "Z")

/** `under a second`, `48 s`, `2 min`, `3 h 5 min`: how long something takes, as far as anybody can know. */
export const duration = (seconds: number): string => {
  if (seconds < 1) return "under a second"
  const whole = Math.round(seconds)
  if (whole < 120) return `${whole} s`
  const minutes = Math.round(whole / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
