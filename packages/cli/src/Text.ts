/**
 * Text for a terminal. Names of files, messages of services and the like are written by strangers: an escape sequence
 * among them could rewrite the screen, and a bidirectional override could make one name look like another.
 */
import { plain, plainJson } from "@gitpip/core/text"
import { CliOutput } from "effect/cli"

export { plain }

/** The same for text of several lines. */
export const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

/** JSON that is safe to show: what `JSON.stringify` leaves bare and a terminal would act on is escaped. The value is the same. */
export const json = (value: unknown, indent?: number): string => plainJson(JSON.stringify(value, null, indent))

/** Columns two spaces apart, as wide as their widest cell; the last one is not padded. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, atLeast: ReadonlyArray<number> = []): string => {
  const safe = rows.map((row) => row.map(plain))
  const widths = columnWidths(safe, atLeast)
  return safe
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** The widths that `table` gives these rows, for aligning further rows with them. */
export const columnWidths = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  atLeast: ReadonlyArray<number> = []
): ReadonlyArray<number> => {
  const widths = [...atLeast]
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, CliOutput.displayWidth(plain(cell)))
    }
  }
  return widths
}

const pad = (cell: string, width: number): string =>
  cell + " ".repeat(Math.max(width - CliOutput.displayWidth(cell), 0))

/** `1 file`, `2 files`. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : many}`

/** Seconds are enough for people. */
export const time = (at: { readonly epochMilliseconds: number } | null): string =>
  at === null ? "never" : new Date(at.epochMilliseconds).toISOString().replace(/\.\d+Z$/, "Z")
