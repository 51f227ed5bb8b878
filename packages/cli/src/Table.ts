/**
 * Tables: columns two spaces apart, as wide as their widest cell, within the width of the screen. Control characters in
 * cells are escaped here, because strangers choose the text.
 */
import { plain } from "@gitpip/core/text"
import { CliOutput } from "effect/cli"
import { type Meaning, paint, type Screen } from "./Screen.ts"

export interface Cell {
  readonly text: string
  readonly meaning?: Meaning | undefined
}

/** The cells of one line; a text is a cell without a meaning. */
export type Row = ReadonlyArray<string | Cell>

/** Rows to align in columns, and what may not be cut. */
export interface Table {
  readonly rows: ReadonlyArray<Row>
  /** Whether the last column has links, which are never cut. */
  readonly links?: boolean
  /** Whether nothing may be cut and long text wraps: for text that says what to do. */
  readonly whole?: boolean
  /** Widths of rows that were shown before, so that these align with them. */
  readonly atLeast?: ReadonlyArray<number>
}

const gap = 2

/** A column is not cut below this width. */
const minWidth = 8

/** The lines of a table. Where it is too wide, its widest cells are cut, and links go on lines of their own. */
export const render = (table: Table, screen: Screen): string => {
  const rows = table.rows.map((row) => row.map(safe))
  const natural = widthsOf(rows, table.atLeast)
  const last = natural.length - 1
  const apart = table.links === true && screen.columns !== undefined && total(natural) > screen.columns
  const widths = fitted(apart ? natural.slice(0, last) : natural, table.whole === true ? undefined : screen.columns)
  return rows
    .map((row) => {
      const beside = apart ? row.slice(0, last) : row
      const link = apart ? row[last] : undefined
      const line = beside
        .map((cell, column) => {
          const width = widths[column] ?? 0
          const text = cut(cell.text, width)
          const padding =
            column === beside.length - 1 ? "" : " ".repeat(Math.max(width - CliOutput.displayWidth(text), 0))
          return paint(text, cell.meaning, screen) + padding
        })
        .join(" ".repeat(gap))
        .trimEnd()
      // A heading above links on lines of their own would say nothing.
      return link === undefined || link.text === "" || link.meaning === "heading"
        ? line
        : `${line}\n  ${paint(link.text, link.meaning, screen)}`
    })
    .join("\n")
}

/** The widths that `render` gives these rows on a wide screen. */
export const columnWidths = ({ atLeast, rows }: Table): ReadonlyArray<number> =>
  widthsOf(
    rows.map((row) => row.map(safe)),
    atLeast
  )

/** Text of at most `width` columns, cut between whole characters as people see them, with `…` at the cut. */
export const cut = (text: string, width: number): string => {
  if (CliOutput.displayWidth(text) <= width) return text
  let kept = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += CliOutput.displayWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

const graphemes = new Intl.Segmenter()

const safe = (cell: string | Cell): Cell =>
  typeof cell === "string" ? { text: plain(cell) } : { text: plain(cell.text), meaning: cell.meaning }

const widthsOf = (rows: ReadonlyArray<ReadonlyArray<Cell>>, atLeast: ReadonlyArray<number> = []): Array<number> => {
  const widths = [...atLeast]
  for (const row of rows) {
    for (const [column, { text }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, CliOutput.displayWidth(text))
    }
  }
  return widths
}

const total = (widths: ReadonlyArray<number>): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(widths.length - 1, 0)

/** Narrows the widest column until all fit, or every column has its minimum. */
const fitted = (natural: ReadonlyArray<number>, columns: number | undefined): ReadonlyArray<number> => {
  if (columns === undefined) return natural
  const widths = [...natural]
  for (let excess = total(widths) - columns; excess > 0; ) {
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (width <= minWidth) break
    const next = Math.max(...widths.filter((_, column) => column !== widest), minWidth)
    const taken = Math.min(excess, Math.max(width - next, 1))
    widths[widest] = width - taken
    excess -= taken
  }
  return widths
}
