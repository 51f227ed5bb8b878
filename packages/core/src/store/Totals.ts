/**
 * What gauges show of the whole database. Every part is served by an index and counts no further than
 * `Telemetry.countLimit`: it is asked for every few seconds, by every server.
 */
import { type DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { countLimit } from "../telemetry/Telemetry.ts"

export interface Totals {
  readonly tracked: number
  readonly failing: number
  readonly pending: number
  readonly sending: number
  readonly failed: number
  /** When the file that waits longest was found. */
  readonly oldestPending: DateTime.Utc | null
  /** Since when the new file that is due longest is due, or when the first one will be. */
  readonly due: DateTime.Utc | null
}

export const statement = (sql: SqlClient.SqlClient) => {
  // The order is that of the index: without it, a plan that reads the table looks just as good.
  const publications = (state: string) => sql`(select count(*) from (
    select from publications where state = ${state} order by key limit ${countLimit}) p)`
  return sql<Totals>`select
    (select count(*) from (select from users where untracked_at is null order by id limit ${countLimit}) u) as tracked,
    (select count(*) from (
      select from users where failures > 0 and untracked_at is null order by id limit ${countLimit}) u) as failing,
    ${publications("pending")} as pending, ${publications("sending")} as sending, ${publications("failed")} as failed,
    (select created_at from publications where state = 'pending' order by key limit 1) as oldest_pending,
    (select min(due_at) from publications where state = 'pending' and not backlog) as due`
}

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  read: Effect.map(orDatabaseError(statement(sql)), (found) => found[0] ?? none)
}))

const none: Totals = { tracked: 0, failing: 0, pending: 0, sending: 0, failed: 0, oldestPending: null, due: null }
