/**
 * Counts and ages of the whole database, for gauges and `status`. Every part is served by an index and counts no further than
 * `countLimit`, because every server asks every few seconds.
 */
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findOne } from "../database/statements.ts"
import { countLimit } from "../domain/Status.ts"

const Totals = Schema.Struct({
  tracked: Schema.Int,
  failing: Schema.Int,
  pending: Schema.Int,
  sending: Schema.Int,
  failed: Schema.Int,
  /** When the file was found that waits longest. */
  oldestPending: Schema.NullOr(Schema.DateTimeUtc),
  /** When the first new file was due, or will be. */
  due: Schema.NullOr(Schema.DateTimeUtc),
  /** The database's clock. */
  now: Schema.DateTimeUtc
})

export const statement = (sql: SqlClient.SqlClient) => {
  // The order is that of the index. Without the order, the planner may read the whole table.
  const publications = (state: string) => sql`(select count(*) from (
    select from publications where state = ${state} order by key limit ${countLimit}) p)`
  return sql`select
    (select count(*) from (select from users where untracked_at is null order by id limit ${countLimit}) u) as tracked,
    (select count(*) from (
      select from users where failures > 0 and untracked_at is null order by id limit ${countLimit}) u) as failing,
    ${publications("pending")} as pending, ${publications("sending")} as sending, ${publications("failed")} as failed,
    (select created_at from publications where state = 'pending' order by key limit 1) as oldest_pending,
    (select min(due_at) from publications where state = 'pending' and not backlog) as due,
    clock_timestamp() as now`
}

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({ read: findOne(Totals, () => statement(sql))() }))
