/** Fragments of SQL, and ways to run a statement, that several files of the store share. */
import { Duration, Effect, Option, Semaphore } from "effect"
import { type SqlClient, SqlError, type Statement } from "effect/sql"
import { DatabaseError, SharedConnections, WaitingConnections } from "../database/Database.ts"

/**
 * A select list: for each field of a row, the SQL of its value. Columns have the names of fields already, so that a
 * statement with many rows runs `withoutTransform`, and the driver does not rename the columns of each row.
 */
export const selectList = <Field extends string>(
  sql: SqlClient.SqlClient,
  values: Readonly<Record<Field, string>>
): Statement.Fragment =>
  sql.literal(
    Object.entries(values)
      .map(([field, value]) => `${value} as "${field}"`)
      .join(", ")
  )

/** A duration as an `interval`. */
export const interval = (sql: SqlClient.SqlClient, duration: Duration.Duration) =>
  sql`${Duration.toSeconds(duration)}::float8 * interval '1 second'`

/** The database's clock. PostgreSQL evaluates it once for a statement, so that an index serves comparisons with it. */
export const now = (sql: SqlClient.SqlClient) => sql`(select clock_timestamp())`

/** The end of a wait that begins now, by the database's clock. */
export const inFuture = (sql: SqlClient.SqlClient, wait: Duration.Duration) =>
  sql`(clock_timestamp() + ${interval(sql, wait)})`

/** Milliseconds from now until an instant, rounded up: after that wait the instant has come. */
export const millisUntil = (sql: SqlClient.SqlClient, instant: Statement.Fragment) =>
  sql`ceil(extract(epoch from ${instant} - ${now(sql)}) * 1000)::float8`

/**
 * The queue head: the smallest start tag among pending publications that no attempt has put back. After a retry or snooze a
 * publication can keep its old tag, and counting that tag would let newcomers overtake everyone.
 */
export const queueHead = (sql: SqlClient.SqlClient) => sql`coalesce(
  (select start_tag from publications where state = 'pending' and error_reason is null order by start_tag, key limit 1),
  (select min(start_tag) from publications where state = 'pending'),
  (select min(start_tag) from publications where state = 'sending'),
  0
)`

/** Numbers as an array. As texts, because the driver infers one type for all elements. */
export const arrayOf = (sql: SqlClient.SqlClient, values: ReadonlyArray<number>, type: "bigint" | "float8") =>
  sql`${values.map(String)}::text[]::${sql.literal(type)}[]`

/** Runs the statement of a user's call on one of the few connections for calls that may wait for a lock. */
export const onWaitingConnection = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const acquire = Option.getOrElse(yield* Effect.serviceOption(WaitingConnections), () => sql.reserve)
  return <A, E, R>(statement: Effect.Effect<A, E, R>) =>
    Effect.scoped(
      Effect.flatMap(acquire, (connection) => Effect.provideService(statement, sql.transactionService, [connection, 0]))
    )
})

/**
 * Runs the transaction of a user's call that may wait for a lock, and few of them at a time: the pool keeps connections for
 * everything else.
 */
export const fewTransactions = (sql: SqlClient.SqlClient) => {
  const few = Semaphore.makeUnsafe(3)
  return <A, E, R>(effect: Effect.Effect<A, E, R>) => few.withPermit(sql.withTransaction(effect))
}

/** The client for frequent statements that never wait for a lock, where the database has one. Never within a transaction. */
export const sharedClient = (sql: SqlClient.SqlClient) =>
  Effect.map(
    Effect.serviceOption(SharedConnections),
    Option.getOrElse(() => sql)
  )

/**
 * Runs a statement, or a whole transaction, again that PostgreSQL ended because it waited in a circle. Rows are locked in one
 * order, but a statement that finds a row changed evaluates its parts again, and then locks rows a second time
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED).
 */
export const retryDeadlocks = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(effect, { while: isDeadlock, times: 5 })

const isDeadlock = (error: unknown): boolean => {
  const cause = error instanceof DatabaseError ? error.cause : error
  return cause instanceof SqlError.SqlError && cause.reason instanceof SqlError.DeadlockError
}
