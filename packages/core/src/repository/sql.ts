/** Fragments that several repositories share. */
import { Duration } from "effect"
import type { SqlClient } from "effect/sql"

/** A duration as an `interval`. */
export const seconds = (sql: SqlClient.SqlClient, duration: Duration.Duration) =>
  sql`${Duration.toSeconds(duration)}::float8 * interval '1 second'`
