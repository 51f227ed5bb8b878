/** How far the full listing of a user has come, so that one that is cut off goes on where it stopped. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`create table listings (
    user_key bigint not null constraint listings_pkey primary key
      constraint listings_user_key_fkey references users on delete cascade,
    next text not null,
    etag text,
    pages integer not null,
    updated_at timestamptz not null
  )`
})
