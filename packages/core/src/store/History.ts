/**
 * The history: rows that record what happened, and that nothing decides by. Old ones are deleted, oldest first, in batches of a
 * short transaction each.
 *
 * Guarantee: whether a file is new, whether it was published, and where a visitor or a scan goes on never depends on a row
 * that is deleted here. A test goes through all tables.
 */
import { Duration, Effect, Metric, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findAll, findOne } from "../database/statements.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { interval } from "./sql.ts"

interface History {
  /** Grows with the age of a row, and is the beginning of an index. */
  readonly key: readonly [string, ...ReadonlyArray<string>]
  /** When the row `t` came about. */
  readonly at: string
  /** Which rows may be deleted at all. */
  readonly only: string
}

/** The history by table. A table stands behind those that refer to it. */
export const history = {
  attempts: { key: ["key"], at: "t.at", only: "true" },
  visits: { key: ["key"], at: "t.visited_at", only: "true" },
  scan_failures: {
    key: ["scan_key", "user_key"],
    at: "(select s.requested_at from scans s where s.key = t.scan_key)",
    only: "true"
  },
  // The index on scans without files serves the order. The last full scans say where the next one begins.
  scans: {
    key: ["key"],
    at: "t.requested_at",
    only: `t.files = 0 and t.state not in ('queued', 'running')
      and t.key < (select max(key) from scans where user_key is null and kind in ('scheduled', 'requested') and state = 'done')
      and not exists (select from scan_failures f where f.scan_key = t.key)
      and not exists (select from gist_files f where f.scan_key = t.key)`
  }
} satisfies Record<string, History>

type Table = keyof typeof history

/** All other tables: what each of them decides. */
export const state = {
  users: "who is tracked, and when the next check is due",
  gist_files: "whether a file is new",
  publications: "whether a file was published, and what to do next with it",
  duplicates: "what is to be deleted in Pipedrive",
  deals: "which deal a user's activities belong to",
  persons: "which person in Pipedrive a user is",
  organizations: "which organization in Pipedrive a company is",
  visitor_positions: "whether a file is new to a visitor",
  listings: "where a full listing goes on",
  file_rules: "what is left out of a user's files",
  profiles: "what is known of a person, and when the profile is read again",
  forgotten_keys: "how forgotten files are recognised",
  forgotten_files: "whether a file is new",
  forgotten_users: "whom no list tracks again",
  sources: "where a list of contacts goes on",
  feed_positions: "where the feed was read to",
  limits: "until when nothing is requested",
  quotas: "which server may send how much"
} as const

/** Rows that one transaction deletes. A thousand rows take some ten milliseconds. */
export const batchSize = 1_000

/** Batches that one run deletes of a table. What is left is deleted by the next run. */
export const maxBatches = 50

const tables = Object.keys(history) as ReadonlyArray<Table>

const Due = Schema.Struct({ table: Schema.Literals(tables) })

const Deleted = Schema.Struct({ rows: Schema.Int })

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const isOld = (at: string, keep: Duration.Duration) =>
    sql`coalesce(${sql.literal(at)} < clock_timestamp() - ${interval(sql, keep)}, false)`

  /** The tables whose oldest row is too old. */
  const due = findAll(
    Due,
    (keep: Duration.Duration) =>
      sql`select name as table from (values ${sql.csv(
        tables.map((table) => {
          const { at, key, only } = history[table]
          return sql`(${sql.literal(`'${table}'`)}, (select ${isOld(at, keep)} from ${sql(table)} t where ${sql.literal(only)}
          order by ${sql.literal(key.join(", "))} limit 1))`
        })
      )}) oldest (name, is_old) where is_old`
  )

  /**
   * Deletes the oldest rows. None while another process deletes some, or holds them. By their place in the table, since a join
   * may read all of it.
   */
  const deleteBatch = (table: Table) => {
    const { at, key, only } = history[table]
    const columns = key.join(", ")
    return findOne(
      Deleted,
      (keep: Duration.Duration) => sql`
        with oldest as materialized (
          select t.ctid as place, ${isOld(at, keep)} as is_old from ${sql(table)} t
          where (select pg_try_advisory_xact_lock(hashtextextended('gitpip history', 0))) and ${sql.literal(only)}
          order by ${sql.literal(columns)} limit ${batchSize} for update of t skip locked
        ), deleted as (
          delete from ${sql(table)} t where t.ctid = any(array(select place from oldest where is_old)) returning 1
        )
        select count(*) as rows from deleted`
    )
  }

  const deleteOld = Effect.fnUntraced(function* (table: Table, keep: Duration.Duration) {
    let deleted = 0
    for (let batch = 0; batch < maxBatches; batch++) {
      const { rows } = yield* deleteBatch(table)(keep)
      deleted += rows
      if (rows < batchSize) break
    }
    if (deleted === 0) return
    yield* Telemetry.log("Info", "history.deleted", { table, rows: deleted })
    yield* Metric.update(Telemetry.historyDeleted(table), deleted)
  })

  return {
    /** Deletes history older than `keep`, up to 50,000 rows of each table. One cheap query when nothing is that old. */
    trim: Effect.fnUntraced(function* (keep: Duration.Duration) {
      // A counter that is missing until its first event hides that event from rates.
      for (const table of tables) yield* Metric.update(Telemetry.historyDeleted(table), 0)
      if (!Duration.isFinite(keep)) return
      // In the order of the query's list.
      yield* Effect.forEach(yield* due(keep), ({ table }) => deleteOld(table, keep), { discard: true })
    })
  }
})
