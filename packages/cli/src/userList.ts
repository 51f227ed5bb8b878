/** A list of users to track: a name on each line, or CSV with columns that the first line names. Each line is checked by itself. */
import { ruleColumns } from "./rules.ts"

interface Entry {
  /** From 1 on, as editors count. */
  readonly line: number
  readonly username: string
  readonly id: string | undefined
  readonly deal: string | undefined
  readonly person: string | undefined
  /** Cells of the columns that hold rules on files, by the names of the columns. */
  readonly rules: Readonly<Record<string, string | undefined>>
}

interface Fault {
  readonly line: number
  readonly message: string
}

/** The lines that can be tracked, and what is wrong with the others. */
export interface UserList {
  readonly entries: ReadonlyArray<Entry>
  readonly faults: ReadonlyArray<Fault>
  /** Columns that the first line names and that mean nothing here. */
  readonly unread: ReadonlyArray<string>
}

/**
 * Reads a list. Blank lines and lines that begin with `#` are passed over. A first line that names its columns may give them in
 * any order, and others beside them.
 */
export const read = (text: string): UserList => {
  const entries: Array<Entry> = []
  const faults: Array<Fault> = []
  let columns: Columns | undefined
  let unread: ReadonlyArray<string> = []
  let first = true
  let separator: Separator | undefined
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = index + 1
    if (raw.trim() === "" || raw.trimStart().startsWith("#")) continue
    separator ??= separatorOf(raw)
    const cells = cellsOf(raw, separator ?? ",")
    if (cells === undefined) {
      faults.push({ line, message: "a quotation mark must begin and end the cell; write username,id" })
      continue
    }
    const named = first ? columnsOf(cells) : undefined
    const fault = first ? columnFault(cells) : undefined
    // Without its columns no other line can be read.
    if (fault !== undefined) return { entries, faults: [...faults, { line, message: fault }], unread }
    first = false
    if (named !== undefined) {
      columns = named
      unread = cells.filter((cell) => cell !== "" && !knownColumns.has(cell.toLowerCase()))
      continue
    }
    if (columns === undefined && cells.length > 2) {
      faults.push({
        line,
        message: `the line has ${cells.length} columns; write username,id, or name the columns in the first line`
      })
      continue
    }
    if (columns !== undefined && cells.slice(columns.count).some((cell) => cell !== "")) {
      faults.push({
        line,
        message: `the line has ${cells.length} cells, and the first line names ${columns.count} columns; put a cell that has ${separator === "\t" ? "tabs" : `\`${separator}\``} inside into quotation marks`
      })
      continue
    }
    const { deal, id, person, rules, username } = columns ?? unnamed
    const given = (column: number | undefined) => {
      const cell = column === undefined ? undefined : cells[column]
      return cell === "" ? undefined : cell
    }
    entries.push({
      line,
      username: cells[username] ?? "",
      id: given(id),
      deal: given(deal),
      person: given(person),
      rules: Object.fromEntries([...rules].map(([name, column]) => [name, given(column)]))
    })
  }
  return { entries, faults, unread }
}

interface Columns {
  /** Of all columns, also those that are not read. */
  readonly count: number
  readonly username: number
  readonly id: number | undefined
  readonly deal: number | undefined
  readonly person: number | undefined
  readonly rules: ReadonlyMap<string, number>
}

/** Of a list that does not name its columns. */
const unnamed: Columns = { count: 2, username: 0, id: 1, deal: undefined, person: undefined, rules: new Map() }

/** The positions of the columns, if this line names them. To track a user called `username`, begin with a line of column names. */
const columnsOf = (cells: ReadonlyArray<string>): Columns | undefined => {
  const names = cells.map((cell) => cell.toLowerCase())
  const username = names.indexOf("username")
  if (username === -1) return undefined
  const positionOf = (name: string) => {
    const position = names.indexOf(name)
    return position === -1 ? undefined : position
  }
  const rules = new Map(ruleColumns.map((name) => [name, names.indexOf(name)] as const).filter(([, at]) => at !== -1))
  return {
    count: cells.length,
    username,
    id: positionOf("id"),
    deal: positionOf("deal"),
    person: positionOf("person"),
    rules
  }
}

/** The names that a column may have, in small letters. */
export const knownColumns: ReadonlySet<string> = new Set(["username", "id", "deal", "person", ...ruleColumns])

/**
 * What is wrong with a line of column names, if this line is one. A line of a user has a name first, so that it is one of
 * column names only when another cell is known, or the first and there are more than two.
 */
const columnFault = (cells: ReadonlyArray<string>): string | undefined => {
  const names = cells.map((cell) => cell.toLowerCase())
  const known = names.filter((name) => knownColumns.has(name))
  const twice = known.find((name, index) => known.indexOf(name) !== index)
  if (known.includes("username")) {
    return twice === undefined ? undefined : `the column ${twice} is named more than once; name each column once`
  }
  const isHeader = names.slice(1).some((name) => knownColumns.has(name)) || (names.length > 2 && known.length > 0)
  return isHeader ? "no column is named username; name the column of GitHub usernames so" : undefined
}

/** What stands between cells. Spreadsheets write semicolons where the comma is the decimal sign, and tabs when text is copied. */
type Separator = "," | ";" | "\t"

/** The separator of a file, by the first line that has one. No username has one of these characters. */
const separatorOf = (line: string): Separator | undefined => {
  const [separator] = /[,;\t]/.exec(line.trim().replace(/"[^"]*"/g, "")) ?? []
  return separator as Separator | undefined
}

// Hazard: a pattern that can take the same characters in two ways makes a long line of spaces a matter of hours.
const cellPatterns = {
  ",": /(?:\s*"([^"]*(?:""[^"]*)*)"\s*|([^",]*))(,|$)/y,
  ";": /(?:\s*"([^"]*(?:""[^"]*)*)"\s*|([^";]*))(;|$)/y,
  "\t": /(?: *"([^"]*(?:""[^"]*)*)" *|([^"\t]*))(\t|$)/y
} satisfies Record<Separator, RegExp>

/** The cells of a line, without the spaces around them; `undefined` when a quotation mark does not begin or end a cell. */
const cellsOf = (line: string, separator: Separator): ReadonlyArray<string> | undefined => {
  const cells: Array<string> = []
  const cell = new RegExp(cellPatterns[separator])
  for (;;) {
    const found = cell.exec(line)
    if (found === null) return undefined
    cells.push((found[1]?.replaceAll('""', '"') ?? found[2] ?? "").trim())
    if (found[3] === "") return cells
  }
}
