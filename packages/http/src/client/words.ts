/** Numbers, sizes and times in words. */

const numbers = new Intl.NumberFormat("en")
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const exact = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" })

export const number = (n: number): string => numbers.format(n)

export const count = (n: number, what: string): string => `${number(n)} ${what}${n === 1 ? "" : "s"}`

export const size = (bytes: number): string =>
  bytes < 1_000
    ? `${bytes} B`
    : bytes < 1_000_000
      ? `${(bytes / 1_000).toFixed(1)} kB`
      : `${(bytes / 1_000_000).toFixed(1)} MB`

/** `3 minutes ago`, `in 2 hours` */
export const ago = (time: string, now: number): string => {
  const seconds = (Date.parse(time) - now) / 1_000
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1]
  return Math.abs(seconds) < 5 ? "now" : relative.format(Math.round(seconds / length), unit)
}

const units: ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]> = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60]
]

const dayAndMonth = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" })

export const dayOf = (day: string): string => dayAndMonth.format(new Date(day))

export const dateTime = (time: string): string => exact.format(new Date(time))
