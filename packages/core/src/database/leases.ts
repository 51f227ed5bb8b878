/** The leases of processes that are gone. */
import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/**
 * Ends all leases: nobody waits for their holders. A lookup still finds what they had sent. Only for a caller that has the
 * database to itself. A test compares the tables with those of the database that have leases.
 */
export const endLeases: Effect.Effect<void, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const isHeld = sql.literal("lease_until > clock_timestamp()")
  // Here a row without a lease would belong to nobody, and nobody could take it.
  yield* sql`update publications set lease_until = clock_timestamp() where state = 'sending' and ${isHeld}`
  yield* sql`update scans set lease_until = clock_timestamp() where state = 'running' and ${isHeld}`
  for (const table of ["deals", "persons", "organizations"]) {
    yield* sql`update ${sql(table)} set lease_until = null where ${isHeld}`
  }
})
