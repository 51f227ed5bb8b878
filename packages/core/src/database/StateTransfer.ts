/**
 * Moves all that Gitpip remembers to another database, by way of a file. The file's form: `stateFile.ts`.
 *
 * Guarantees:
 *
 * - An export is one snapshot, whatever else writes meanwhile. An import stores the whole file or nothing.
 * - Neither needs more memory for more rows.
 * - A publication keeps its state and the time of its last request, so the new server runs a lookup before it sends again.
 * - Leases end with the import, so the new server does not wait for the old one.
 *
 * Hazard: the new database knows nothing of what the old server publishes after the snapshot. Stop the old server first.
 */
import { Clock, Effect, Stream } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "./Database.ts"
import { endLeases } from "./leases.ts"
import { newest } from "./migrations/index.ts"
import * as StateFile from "./stateFile.ts"
import { type RowCounts, StateError } from "./stateFile.ts"
import { makeReading } from "./stateReading.ts"
import { columnsOf, rowsPerStatement, type Table, tables } from "./stateTables.ts"

export { type RowCounts, StateError } from "./stateFile.ts"
export { passing, tables } from "./stateTables.ts"

type OnProgress = (rows: number) => Effect.Effect<void>

/** Writes all state, in parts that end with a line. Answers the number of rows of each table. */
export const exportTo = <E, R>(
  write: (text: string) => Effect.Effect<void, E, R>,
  onProgress: OnProgress = () => Effect.void
): Effect.Effect<RowCounts, E | DatabaseError, SqlClient.SqlClient | R> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows: Record<string, number> = {}
    let total = 0
    const now = new Date(yield* Clock.currentTimeMillis).toISOString()
    yield* write(line({ gitpip: "state", version: StateFile.version, schema: newest, exported_at: now }))
    for (const { key, name } of tables) {
      rows[name] = 0
      yield* write(line({ table: name, columns: yield* inDatabase(columnsOf(sql, name)) }))
      for (let after: ReadonlyArray<unknown> | undefined; ; ) {
        const page = yield* pageOf(sql, { key, name }, after)
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

/** The rows of a table behind a key, as lines of the file. */
const pageOf = (
  sql: SqlClient.SqlClient,
  { key, name }: Pick<Table, "key" | "name">,
  after: ReadonlyArray<unknown> | undefined
) => {
  // The names are the program's own.
  const columns = key.join(", ")
  const behind =
    after === undefined ? "" : `where (${columns}) > (${key.map((_, index) => `$${index + 1}`).join(", ")})`
  return inDatabase(
    sql.unsafe<{ readonly at: ReadonlyArray<unknown>; readonly line: string }>(
      `select json_build_array(${columns}) as at, '${StateFile.rowBegin}' || row_to_json(t)::text || '}' as line
       from ${name} t ${behind} order by ${columns} limit ${rowsPerStatement}`,
      after ?? []
    )
  )
}

/** Stores everything that the lines hold, in a database that holds nothing yet. */
export const importFrom = <E, R>(
  lines: Stream.Stream<string, E, R>,
  onProgress: OnProgress = () => Effect.void
): Effect.Effect<RowCounts, E | StateError | DatabaseError, SqlClient.SqlClient | R> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* requireEmpty
    const reading = makeReading(sql)
    yield* Stream.runForEachArray(lines, (chunk) =>
      Effect.gen(function* () {
        for (const text of chunk) yield* reading.readLine(text)
        yield* onProgress(reading.total())
      })
    )
    const rows = yield* checkStored(yield* reading.end)
    // As migration 9 does: files of schema 8 have no profiles.
    yield* inDatabase(sql`
      insert into profiles (user_key, due_at) select key, clock_timestamp() from users where untracked_at is null
      on conflict do nothing`)
    // Their holders work on the old database.
    yield* inDatabase(endLeases)
    return rows
  }).pipe(inTransaction("BEGIN"))

/** Compares the stored rows with the numbers that the file declares, and numbers later rows behind the stored ones. */
const checkStored = Effect.fnUntraced(function* (declared: RowCounts) {
  const sql = yield* SqlClient.SqlClient
  const rows: Record<string, number> = {}
  for (const { identity, key, name } of tables) {
    const stored = yield* inDatabase(
      sql.unsafe<{ readonly n: number; readonly last: number | null }>(
        `select count(*) as n, ${identity ? `max(${key[0]})` : "null::bigint"} as last from ${name}`
      )
    )
    const { last, n } = stored[0] ?? { last: null, n: 0 }
    rows[name] = n
    if (n !== (declared[name] ?? 0)) {
      return yield* new StateError({
        message: `The file should hold ${declared[name] ?? 0} rows of ${name}, and ${n} were found. Nothing was stored; export the old database again`
      })
    }
    // Visits rely on it that later rows have larger keys.
    if (identity && last !== null) {
      yield* inDatabase(sql`select setval(pg_get_serial_sequence(${name}, ${key[0]}), ${last}::bigint)`)
    }
  }
  return rows
})

/** Locks all tables until the end, and fails when one of them has rows. */
const requireEmpty = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const names = tables.map(({ name }) => name)
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

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Turns failures of the database alone into a `DatabaseError`. */
const inDatabase = <A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, DatabaseError, R> =>
  orDatabaseError(effect)

const inTransaction =
  (begin: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | DatabaseError, R | SqlClient.SqlClient> =>
    Effect.flatMap(SqlClient.SqlClient, (sql) =>
      sql.withTransaction(effect).pipe(
        Effect.provideService(SqlClient.BeginTransaction, begin),
        Effect.catchIf(
          (error): error is SqlError.SqlError & E => SqlError.isSqlError(error),
          (error) => inDatabase(Effect.fail<SqlError.SqlError>(error))
        )
      )
    ) as Effect.Effect<A, E | DatabaseError, R | SqlClient.SqlClient>
