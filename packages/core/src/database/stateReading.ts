/** Reads a state file line after line, and stores its rows in batches. */
import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { innermostMessage } from "../net/causes.ts"
import { orDatabaseError } from "./Database.ts"
import { newest } from "./migrations/index.ts"
import * as StateFile from "./stateFile.ts"

/** The file cannot be imported. The message says why and what to do. */
export class StateError extends Schema.TaggedError<StateError>()("StateError", { message: Schema.String }) {}

/** The number of rows of each table. */
export type Rows = Readonly<Record<string, number>>

/** Rows read, or written, by one statement. */
export const pageOfRows = 500

/** A batch of rows is stored before it is longer than this, in characters. */
const batchLimit = 4 * 1024 * 1024

const useNewer = "Use the version that wrote the file, or a newer one"

/** The columns of a table, in their order. */
export const columnsOf = (sql: SqlClient.SqlClient, table: string) =>
  Effect.map(
    orDatabaseError(
      sql<{ readonly name: string }>`select attname::text as name from pg_attribute
      where attrelid = ${table}::text::regclass and attnum > 0 and not attisdropped order by attnum`
    ),
    (found) => found.map(({ name }) => name)
  )

/** A table whose rows are being read. */
interface OpenTable {
  /** The position in `StateFile.tables`. */
  readonly index: number
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

/** Rows that wait to be stored by one statement. */
const makeBatch = (sql: SqlClient.SqlClient) => {
  let rows: Array<string> = []
  let length = 0
  /** The line of the first row. */
  let from = 0
  return {
    /** Adds the row of a line. `true` when the batch is full. */
    add: (row: string, line: number): boolean => {
      if (rows.length === 0) from = line
      rows.push(row)
      length += row.length
      return rows.length >= pageOfRows || length >= batchLimit
    },
    store: Effect.fnUntraced(function* ({ columns, name }: OpenTable) {
      if (rows.length === 0) return
      const names = columns.map((column) => `"${column}"`).join(", ")
      const until = from + rows.length - 1
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
                message: `Lines ${from} to ${until} cannot be stored in ${name}: ${innermostMessage(error) ?? String(error)}. Nothing was stored; export the old database again`
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
        message: `The file comes from an older Gitpip, with schema ${schema}; this one reads files from schema ${StateFile.oldestSchema} on. Import it with the version that wrote it, then start this version on that database: it migrates what is there`
      })
    )
  }
  return Effect.void
}

/** One reading of a file, in the present transaction. */
export const makeReading = (sql: SqlClient.SqlClient) => {
  const batch = makeBatch(sql)
  /** Lines read. */
  let number = 0
  /** Rows read. */
  let total = 0
  let hasBegun = false
  let table: OpenTable | undefined
  /** The numbers of rows that the last line declares. */
  let declared: Rows | undefined

  const wrong = (why: string) => Effect.fail(new StateError({ message: `Line ${number} ${why}. Nothing was stored` }))

  const openTable = Effect.fnUntraced(function* ({ columns, table: name }: typeof StateFile.Opening.Type) {
    const index = StateFile.tables.findIndex((one) => one.name === name)
    if (index === -1) return yield* wrong(`names a table that this version of Gitpip does not know. ${useNewer}`)
    if (table !== undefined && index <= table.index) return yield* wrong("begins a table out of turn")
    const known = yield* columnsOf(sql, name)
    const unknown = columns.filter((column) => !known.includes(column))
    if (unknown.length > 0 || columns.length === 0) {
      return yield* wrong(`names columns of ${name} that this version of Gitpip does not know. ${useNewer}`)
    }
    table = { index, name, columns }
  })

  const take = Effect.fnUntraced(function* (text: string) {
    number++
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
        if (batch.add(line.row, number)) yield* batch.store(table)
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
    take,
    /** The number of rows read. */
    total: () => total,
    /** The numbers of rows that a complete file declares. */
    end: Effect.suspend(() =>
      declared === undefined
        ? Effect.fail(
            new StateError({
              message:
                number === 0
                  ? "The file is empty. Give one that `gitpip export` wrote"
                  : "The file was cut off before its end. Nothing was stored; export the old database again"
            })
          )
        : Effect.succeed(declared)
    )
  }
}
