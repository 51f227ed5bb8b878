/** Fragments and ways of running that several repositories share. */
import { Duration, Effect } from "effect"
import type { SqlClient } from "effect/sql"
import * as Timing from "../domain/Timing.ts"

/** A duration as an `interval`. */
export const interval = (sql: SqlClient.SqlClient, duration: Duration.Duration) =>
  sql`${Duration.toSeconds(duration)}::float8 * interval '1 second'`

/** The database's clock. PostgreSQL evaluates it once for a statement, so that an index serves comparisons with it. */
export const now = (sql: SqlClient.SqlClient) => sql`(select clock_timestamp())`

/** The end of a wait that begins now, by the database's clock. */
export const inFuture = (sql: SqlClient.SqlClient, wait: Duration.Duration) =>
  sql`(clock_timestamp() + ${interval(sql, wait)})`

/** Whether the instant that a publication waits for has come. One beyond every wait was noted by a clock that was wrong. */
export const isDue = (sql: SqlClient.SqlClient, column: "due_at" | "audit_at", now: Date) =>
  sql`(${sql(column)} <= ${now} or ${sql(column)} > ${plus(now, Timing.maxPublicationWait)})`

/**
 * Where the queue stands: at the turn of the first publication that has not been put off. At one that has been, whoever came
 * later would be before all that wait meanwhile, for as long as it is put off again or cannot be claimed. Where no other
 * waits, at what is left.
 */
export const queueHead = (sql: SqlClient.SqlClient) => sql`coalesce(
  (select start_tag from publications where state = 'pending' and error_reason is null order by start_tag, key limit 1),
  (select min(start_tag) from publications where state = 'pending'),
  (select min(start_tag) from publications where state = 'sending'),
  0
)`

/** Numbers as an array. The driver infers one type for all elements, which small and large, whole and broken ones have not. */
export const arrayOf = (sql: SqlClient.SqlClient, values: ReadonlyArray<number>, type: "bigint" | "float8") =>
  sql`${values.map(String)}::text[]::${sql.literal(type)}[]`

export const plus = (instant: Date, duration: Duration.Duration): Date =>
  new Date(instant.getTime() + Duration.toMillis(duration))

/**
 * Runs a statement that may wait for a lock on a connection of its own. Statements share connections otherwise, and
 * everything behind the one that waits would wait as well.
 */
export const onOwnConnection = <A, E, R>(sql: SqlClient.SqlClient, statement: Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.flatMap(sql.reserve, (connection) =>
      Effect.provideService(statement, sql.transactionService, [connection, 0])
    )
  )
