/**
 * All that Gitpip remembers, as a file, for moving it to another database. Its form: `stateFile.ts`.
 *
 * Guarantees: what is written is one snapshot, whatever is at work meanwhile, and what is read is stored as a whole or
 * not at all; neither needs more memory for more rows. A publication keeps its state, the time of its sending included, so
 * what may be in Pipedrive already is looked for before it is sent again.
 *
 * Hazard: what the old database's server publishes after the snapshot, the new one knows nothing of. Stop it first.
 */
import { Clock, Effect, Schema, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { innermostMessage } from "../net/causes.ts"
import { type DatabaseError, orDatabaseError } from "./Database.ts"
import { newest } from "./migrations/index.ts"
import * as StateFile from "./stateFile.ts"

/** The file cannot be taken over. The message says why and what to do. */
export class StateError extends Schema.TaggedError<StateError>()("StateError", { message: Schema.String }) {}

/** How many rows of each table. */
export type Rows = Readonly<Record<string, number>>

export const { passing, tables } = StateFile

/** Rows read, or written, by one statement. */
const pageOfRows = 500

/** A batch of rows is stored before it is longer than this, in characters. */
const batchLimit = 4 * 1024 * 1024

type Told = (rows: number) => Effect.Effect<void>

/** Writes everything, in parts that end with a line, and answers how many rows that was. */
export const exportTo = <E, R>(
  write: (text: string) => Effect.Effect<void, E, R>,
  onProgress: Told = () => Effect.void
): Effect.Effect<Rows, E | DatabaseError, SqlClient.SqlClient | R> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows: Record<string, number> = {}
    let total = 0
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    yield* write(line({ gitpip: "state", version: StateFile.version, schema: newest, exported_at: now }))
    for (const { key, name } of StateFile.tables) {
      rows[name] = 0
      yield* write(line({ table: name, columns: yield* columnsOf(name) }))
      for (let after: ReadonlyArray<unknown> | undefined; ; ) {
        const page = yield* inDatabase(
          sql.unsafe<{ readonly at: ReadonlyArray<unknown>; readonly line: string }>(
            // The names are the program's own.
            `select json_build_array(${key.join(", ")}) as at, '${StateFile.rowBegin}' || row_to_json(t)::text || '}' as line
             from ${name} t ${after === undefined ? "" : `where (${key.join(", ")}) > (${key.map((_, index) => `$${index + 1}`).join(", ")})`}
             order by ${key.join(", ")} limit ${pageOfRows}`,
            after ?? []
          )
        )
        const last = page.at(-1)
        if (last === undefined) break
        yield* write(page.map(({ line }) => `${line}\n`).join(""))
        rows[name] += page.length
        total += page.length
        yield* onProgress(total)
        after = last.at
      }
    }
    yield* write(line({ end: true, rows }))
    return rows
  }).pipe(inTransaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))

/** Takes over everything that the lines hold, into a database that holds nothing yet. */
export const importFrom = <E, R>(
  lines: Stream.Stream<string, E, R>,
  onProgress: Told = () => Effect.void
): Effect.Effect<Rows, E | StateError | DatabaseError, SqlClient.SqlClient | R> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* beEmpty
    const reading = makeReading(sql)
    yield* Stream.runForEachArray(lines, (chunk) =>
      Effect.gen(function* () {
        for (const text of chunk) yield* reading.take(text)
        yield* onProgress(reading.total())
      })
    )
    const told = yield* reading.end
    const rows: Record<string, number> = {}
    for (const { identity, key, name } of StateFile.tables) {
      const stored = yield* inDatabase(
        sql.unsafe<{ readonly n: number; readonly last: number | null }>(
          `select count(*) as n, ${identity ? `max(${key[0]})` : "null::bigint"} as last from ${name}`
        )
      )
      const { last, n } = stored[0] ?? { last: null, n: 0 }
      rows[name] = n
      if (n !== (told[name] ?? 0)) {
        return yield* new StateError({
          message: `The file should hold ${told[name] ?? 0} rows of ${name}, and ${n} were found. Nothing was stored; export the old database again`
        })
      }
      // What comes next is numbered behind what is there: visits rely on it.
      if (identity && last !== null) {
        yield* inDatabase(sql`select setval(pg_get_serial_sequence(${name}, ${key[0]}), ${last}::bigint)`)
      }
    }
    return rows
  }).pipe(inTransaction("BEGIN"))

/** Nobody else writes until the end, and nobody has before. */
const beEmpty = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const names = StateFile.tables.map(({ name }) => name)
  yield* inDatabase(sql.unsafe(`lock table ${names.join(", ")} in exclusive mode`))
  const [found] = yield* inDatabase(
    sql.unsafe<{ readonly full: ReadonlyArray<string> }>(
      `select array_remove(array[${names.map((name) => `case when exists (select 1 from ${name}) then '${name}' end`).join(", ")}], null) as full`
    )
  )
  const full = found?.full ?? []
  if (full.length > 0) {
    return yield* new StateError({
      message: `The database is not empty: it has rows in ${full.join(", ")}. Import into a new one, on which no server has run; nothing was changed`
    })
  }
})

const columnsOf = Effect.fnUntraced(function* (table: string) {
  const sql = yield* SqlClient.SqlClient
  const found = yield* inDatabase(
    sql<{ readonly name: string }>`select attname::text as name from pg_attribute
      where attrelid = ${table}::text::regclass and attnum > 0 and not attisdropped order by attnum`
  )
  return found.map(({ name }) => name)
})

/** Reads line after line, and stores rows in batches. */
const makeReading = (sql: SqlClient.SqlClient) => {
  const rows: Record<string, number> = {}
  let number = 0
  let total = 0
  let begun = false
  let told: Rows | undefined
  let table = -1
  let columns: ReadonlyArray<string> = []
  let batch: Array<string> = []
  let length = 0

  const wrong = (why: string) => Effect.fail(new StateError({ message: `Line ${number} ${why}. Nothing was stored` }))

  const flush = Effect.suspend(() => {
    const name = StateFile.tables[table]?.name
    if (batch.length === 0 || name === undefined) return Effect.void
    const names = columns.map((column) => `"${column}"`).join(", ")
    const from = number - batch.length
    const until = number - 1
    const json = `[${batch.join(",")}]`
    batch = []
    length = 0
    return sql
      .unsafe(
        // Names of columns have been compared with the table's own.
        `insert into ${name} (${names}) overriding system value select ${names} from json_populate_recordset(null::${name}, $1::json)`,
        [json]
      )
      .pipe(
        Effect.asVoid,
        Effect.mapError(
          (error) =>
            new StateError({
              message: `Lines ${from} to ${until} cannot be stored in ${name}: ${innermostMessage(error) ?? String(error)}. Nothing was stored; export the old database again`
            })
        )
      )
  })

  const open = Effect.fnUntraced(function* (opening: typeof StateFile.Opening.Type) {
    const index = StateFile.tables.findIndex(({ name }) => name === opening.table)
    if (index === -1) return yield* wrong(`names a table that this version of Gitpip does not know. ${useNewer}`)
    if (index <= table) return yield* wrong("begins a table out of turn")
    const known = yield* columnsOf(opening.table).pipe(Effect.provideService(SqlClient.SqlClient, sql))
    const unknown = opening.columns.filter((column) => !known.includes(column))
    if (unknown.length > 0 || opening.columns.length === 0) {
      return yield* wrong(`names columns of ${opening.table} that this version of Gitpip does not know. ${useNewer}`)
    }
    table = index
    columns = opening.columns
  })

  const take = Effect.fnUntraced(function* (text: string) {
    number++
    if (text === "" && told !== undefined) return
    const line = StateFile.parse(text)
    if (line === undefined || told !== undefined) return yield* wrong("is not part of a `gitpip export` file")
    if (line._tag === "Head") {
      const { schema, version } = line.head
      if (begun) return yield* wrong("begins the file anew")
      if (version > StateFile.version || schema > newest) {
        return yield* new StateError({
          message: `The file comes from a newer Gitpip: its version is ${version} with schema ${schema}, and this one knows version ${StateFile.version} with schema ${newest}. ${useNewer}`
        })
      }
      if (schema < StateFile.oldestSchema) {
        return yield* new StateError({
          message: `The file comes from an older Gitpip, with schema ${schema}; this one reads files from schema ${StateFile.oldestSchema} on. Import it with the version that wrote it, then start this version on that database: it migrates what is there`
        })
      }
      begun = true
      return
    }
    if (!begun) return yield* wrong("does not begin a file that `gitpip export` wrote")
    if (line._tag === "Row") {
      const name = StateFile.tables[table]?.name
      if (name === undefined) return yield* wrong("is a row of no table")
      batch.push(line.row)
      length += line.row.length
      rows[name] = (rows[name] ?? 0) + 1
      total++
      if (batch.length < pageOfRows && length < batchLimit) return
      number++
      yield* flush
      number--
      return
    }
    yield* flush
    if (line._tag === "Opening") return yield* open(line.opening)
    told = line.end.rows
  })

  return {
    take,
    total: () => total,
    /** What the file says it holds. */
    end: Effect.suspend(() =>
      told === undefined
        ? Effect.fail(
            new StateError({
              message:
                number === 0
                  ? "The file is empty. Give one that `gitpip export` wrote"
                  : "The file was cut off before its end. Nothing was stored; export the old database again"
            })
          )
        : Effect.succeed(told)
    )
  }
}

const useNewer = "Use the version that wrote the file, or a newer one"

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

/** A failure of the database alone; what others fail with stays. */
const inDatabase = <A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, DatabaseError, R> =>
  orDatabaseError(effect)

const inTransaction =
  (begin: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | DatabaseError, R | SqlClient.SqlClient> =>
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      sql.withTransaction(effect).pipe(
        Effect.provideService(SqlClient.BeginTransaction, begin),
        Effect.catchIf(
          (error): error is SqlError.SqlError & E =>
            typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError",
          (error) => inDatabase(Effect.fail(error as SqlError.SqlError))
        )
      )
    ) as Effect.Effect<A, E | DatabaseError, R | SqlClient.SqlClient>
