/** Indexes for what the page and the metrics show: days, and users that fail. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`create index scans_started on scans (started_at)`
  yield* sql`create index publications_published on publications (published_at) where published_at is not null`
  // A look that finds all well, as nearly all do, changes nothing of this and stays within its page.
  yield* sql`create index users_failing on users (id) where untracked_at is null and failures > 0`
})
