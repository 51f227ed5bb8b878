/**
 * What makes sending again surer, and keeps a backlog from using up a day's budget: an audit of what was sent twice, a
 * mark on old files, retractions of deals, and when a door was closed.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`alter table publications
    -- Since when an activity may exist that looks did not show, so that the file was sent again.
    add column resent_since timestamptz,
    -- When it is looked for once more, and deleted.
    add column audit_at timestamptz,
    -- Was there before its user was tracked, or came with very many others: may wait while the budget is short.
    add column backlog boolean not null default false`
  yield* sql`create index publications_audit on publications (audit_at) where audit_at is not null`
  yield* sql`create index publications_fresh on publications (turn, key) where state = 'pending' and not backlog`
  yield* sql`create index publications_fresh_due on publications (due_at) where state = 'pending' and not backlog`
  // What waits already and is older than its user's tracking came with the first walk.
  yield* sql`
    update publications p set backlog = true from gist_files f join users u on u.key = f.user_key
    where f.key = p.file_key and p.state = 'pending' and f.created_at < u.tracked_at`

  // A user's deal can be made twice as well, and a process that lost its lease on one must not end another's.
  yield* sql`alter table deals add column epoch integer not null default 0`
  yield* sql`alter table retractions alter column publication_key drop not null`

  // When a door was closed, by the clock of the process that closed it: one closed in the future tells of a wrong clock.
  yield* sql`alter table doors add column closed_at timestamptz`
})
