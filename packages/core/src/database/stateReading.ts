/** Reads a state file line after line, and stores its rows in batches. */
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql"
import { innermostMessage } from "../net/causes.ts"
import { orDatabaseError } from "./Database.ts"
import { newest } from "./migrations/index.ts"
import * as StateFile from "./stateFile.ts"
import { StateError } from "./stateFile.ts"
import { columnsOf, rowsPerStatement, tables } from "./stateTables.ts"

/** A batch is stored with the row that makes it this long, in characters. */
const maxBatchLength = 4 * 1024 * 1024

const useNewer = "Use the version that wrote the file, or a newer one"

/** A table whose rows are being read. */
interface OpenTable {
  /** The position in `tables`. */
  readonly index: number
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

/** Rows that wait to be stored by one statement. */
const makeBatch = (sql: SqlClient.SqlClient) => {
  let rows: Array<string> = []
  let length = 0
  /** The line of the first row. */
  let firstLine = 0
  return {
    /** Adds the row of a line. `true` when the batch is full. */
    add: (row: string, line: number): boolean => {
      if (rows.length === 0) firstLine = line
      rows.push(row)
      length += row.length
      return rows.length >= rowsPerStatement || length >= maxBatchLength
    },
    store: Effect.fnUntraced(function* ({ columns, name }: OpenTable) {
      if (rows.length === 0) return
      const names = columns.map((column) => `"${column}"`).join(", ")
      const lastLine = firstLine + rows.length - 1
      const json = `[${rows.join(",")}]`
      rows = []
      length = 0
      yield* sql
        .unsafe(
          // Names of columns have been compared with the table's own.
          `insert into ${name} (${names}) overriding system value select ${names} from json_populate_recordset(null::${name}, $1::json)`,
          [json]
        )
        .pipe(
          Effect.mapError(
            (error) =>
              new StateError({
                message: `Lines ${firstLine} to ${lastLine} cannot be stored in ${name}: ${innermostMessage(error) ?? String(error)}. Nothing was stored; export the old database again`
              })
          )
        )
    })
  }
}

/** Refuses files that this version cannot read. */
const checkVersion = ({ schema, version }: typeof StateFile.Head.Type): Effect.Effect<void, StateError> => {
  if (version > StateFile.version || schema > newest) {
    return Effect.fail(
      new StateError({
        message: `The file comes from a newer Gitpip: its version is ${version} with schema ${schema}, and this one knows version ${StateFile.version} with schema ${newest}. ${useNewer}`
      })
    )
  }
  if (schema < StateFile.oldestSchema) {
    return Effect.fail(
      new StateError({
        message: `The file comes from an older Gitpip, with schema ${schema}; this one reads files from schema ${StateFile.oldestSchema} on. Import the file with the version that wrote it, then start this version on the same database, which migrates the rows`
      })
    )
  }
  return Effect.void
}

/** The position in `tables` of the table that a line begins, or what is wrong with the line. */
const placeOf = (name: string, before: OpenTable | undefined): Result.Result<number, string> => {
  const index = tables.findIndex((one) => one.name === name)
  if (index === -1) return Result.fail(`names a table that this version of Gitpip does not know. ${useNewer}`)
  if (before === undefined || index > before.index) return Result.succeed(index)
  const order = tables.map((one) => one.name).join(", ")
  return Result.fail(`begins table ${name} after ${before.name}; the order must be ${order}`)
}

/** A file without its last line. `lines`: how many were read. */
const cutOff = (lines: number): StateError =>
  new StateError({
    message:
      lines === 0
        ? "The file is empty. Give one that `gitpip export` wrote"
        : "The file was cut off before its end. Nothing was stored; export the old database again"
  })

/** One reading of a file, in the present transaction. */
export const makeReading = (sql: SqlClient.SqlClient) => {
  const batch = makeBatch(sql)
  /** The number of the last line read, from 1 on. */
  let lineNumber = 0
  /** Rows read. */
  let total = 0
  let hasBegun = false
  let table: OpenTable | undefined
  /** The numbers of rows that the last line declares. */
  let declared: StateFile.RowCounts | undefined

  const wrong = (why: string) =>
    Effect.fail(new StateError({ message: `Line ${lineNumber} ${why}. Nothing was stored` }))

  const openTable = Effect.fnUntraced(function* ({ columns, table: name }: typeof StateFile.Opening.Type) {
    const place = placeOf(name, table)
    if (Result.isFailure(place)) return yield* wrong(place.failure)
    const known = yield* orDatabaseError(columnsOf(sql, name))
    if (columns.length === 0 || columns.some((column) => !known.includes(column))) {
      return yield* wrong(`names columns of ${name} that this version of Gitpip does not know. ${useNewer}`)
    }
    table = { index: place.success, name, columns }
  })

  const readLine = Effect.fnUntraced(function* (text: string) {
    lineNumber++
    if (text === "" && declared !== undefined) return
    const line = StateFile.parse(text)
    if (line === undefined || declared !== undefined) return yield* wrong("is not part of a `gitpip export` file")
    if (!hasBegun && line._tag !== "Head") {
      return yield* wrong("does not begin a file that `gitpip export` wrote")
    }
    switch (line._tag) {
      case "Head":
        if (hasBegun) return yield* wrong("begins the file a second time")
        yield* checkVersion(line.head)
        hasBegun = true
        return
      case "Row":
        if (table === undefined) return yield* wrong("is a row of no table")
        total++
        if (batch.add(line.row, lineNumber)) yield* batch.store(table)
        return
      case "Opening":
        if (table !== undefined) yield* batch.store(table)
        return yield* openTable(line.opening)
      case "End":
        if (table !== undefined) yield* batch.store(table)
        declared = line.end.rows
    }
  })

  return {
    /** Reads the next line. */
    readLine,
    /** The number of rows read. */
    total: () => total,
    /** The numbers of rows that a complete file declares. */
    end: Effect.suspend(() => (declared === undefined ? Effect.fail(cutOff(lineNumber)) : Effect.succeed(declared)))
  }
}
