/** Who is in trouble is counted every few seconds, by every server. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // An update that changes neither column stays within its page, so scans of users that are well write no index.
  yield* sql`create index users_failing on users (key) where failures > 0 and untracked_at is null`
})
