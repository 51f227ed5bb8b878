/** The tables whose rows are exported and imported. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

/** A table, and the key by which its rows are read page by page. Unlike an offset, a key costs the same on every page. */
export interface Table {
  readonly name: string
  readonly key: readonly [string, ...ReadonlyArray<string>]
  /** Whether the key is drawn from a sequence. */
  readonly identity: boolean
}

/** Tables whose rows hold for seconds, and would mean nothing in another database. */
export const passing: ReadonlyArray<string> = ["quotas"]

/** All other tables, each behind those that it refers to. A test compares them with the database's own. */
export const tables: ReadonlyArray<Table> = [
  { name: "users", key: ["key"], identity: true },
  { name: "scans", key: ["key"], identity: true },
  { name: "scan_failures", key: ["scan_key", "user_key"], identity: false },
  { name: "gist_files", key: ["key"], identity: true },
  { name: "visits", key: ["key"], identity: true },
  { name: "visitor_positions", key: ["user_key", "visitor"], identity: false },
  { name: "publications", key: ["key"], identity: true },
  { name: "attempts", key: ["key"], identity: true },
  { name: "duplicates", key: ["remote_id"], identity: false },
  { name: "deals", key: ["user_key"], identity: false },
  { name: "persons", key: ["user_key"], identity: false },
  { name: "organizations", key: ["company"], identity: false },
  { name: "listings", key: ["user_key"], identity: false },
  { name: "profiles", key: ["user_key"], identity: false },
  { name: "file_rules", key: ["user_key"], identity: false },
  { name: "forgotten_keys", key: ["id"], identity: false },
  { name: "forgotten_files", key: ["hash"], identity: false },
  { name: "forgotten_users", key: ["hash"], identity: false },
  { name: "sources", key: ["source"], identity: false },
  { name: "limits", key: ["limit_key"], identity: false },
  { name: "feed_positions", key: ["origin"], identity: false }
]

/** Rows read, or written, by one statement. */
export const rowsPerStatement = 500

/** The columns of a table, in their order. */
export const columnsOf = (sql: SqlClient.SqlClient, table: string) =>
  Effect.map(
    sql<{ readonly name: string }>`select attname::text as name from pg_attribute
      where attrelid = ${table}::text::regclass and attnum > 0 and not attisdropped order by attnum`,
    (found) => found.map(({ name }) => name)
  )
