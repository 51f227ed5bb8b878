/**
 * Less to write and to read for each file that is found: of the outbox's indexes those stay that a statement needs, the
 * user's key in it is not checked a second time, since it is the file's, and a scan's row stays easy to find.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  // For what is due next, of new files and of old ones.
  yield* sql`create index publications_waiting on publications (backlog, due_at) where state = 'pending'`
  yield* sql`drop index publications_due, publications_fresh_due`
  // For a user's last turn, and for how many of a user's files are in which state.
  yield* sql`create index publications_of_user on publications (user_key, state, turn)`
  yield* sql`drop index publications_user_turn, publications_user`
  yield* sql`alter table publications drop constraint publications_user_key_fkey`

  // A running scan's row is written again and again, and looked for by each file that refers to it. With room in its page
  // old versions are removed there and then, instead of all being read each time until the next vacuum.
  yield* sql`alter table scans set (fillfactor = 50)`
})
