/**
 * What lets each user be looked at as often as they publish, and the public feed be followed: rates, their classes with
 * the time of the last look, and how far the feed has been read.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`alter table users
    -- New gists a day, as of rate_at: see domain/Cadence.ts.
    add column rate double precision not null default 0,
    add column rate_at timestamptz,
    add column rate_class smallint not null default 0,
    -- What the last batch showed of the user. The same again: nothing has changed.
    add column stamp text`
  // Whoever has files and no look, since the process died between the two, is new, and looked for in the lowest class only.
  // The weights are those of domain/Cadence.ts: each gist counts ln 2 / 30 a day, and half of it 30 days later.
  yield* sql`
    with gists as (
      select user_key, gist_id, min(created_at) as created_at from gist_files
      where created_at > now() - interval '1 year' group by user_key, gist_id
    ), rates as (
      select user_key, sum(ln(2) / 30 * power(2, -greatest(extract(epoch from now() - created_at), 0) / 2592000))::float8
        as rate from gists group by user_key
    )
    update users u set rate = r.rate, rate_at = now(),
      rate_class = least(greatest(round(log(2, greatest(r.rate, 1e-9)::numeric) + 10), 0), 20)
    from rates r where r.user_key = u.key and u.scanned_at is not null`
  // Who is due, by class: store/Users.ts. A look moves its user here, so that those updates are no longer heap-only;
  // the alternative would be to read everybody to learn who is due.
  yield* sql`create index users_cadence on users (rate_class, scanned_at) where untracked_at is null and failures = 0`
  yield* sql`create index users_retry on users (retry_at) where untracked_at is null and failures > 0`
  yield* sql`create index users_github_id on users (github_id) where untracked_at is null`

  // A scan of what the feed showed runs beside a pass over all users, and is none.
  yield* sql`alter table scans drop constraint scans_kind_check`
  yield* sql`alter table scans add constraint scans_kind_check check (kind in ('scheduled', 'requested', 'feed'))`
  yield* sql`drop index scans_one_running`
  yield* sql`create unique index scans_one_running on scans ((true))
    where state = 'running' and user_key is null and kind <> 'feed'`
  yield* sql`drop index scans_passes`
  yield* sql`create index scans_passes on scans (key) where user_key is null and kind <> 'feed'`

  yield* sql`create table feed (
    -- GitHub's address: another one has another feed.
    origin text constraint feed_pkey primary key,
    etag text,
    -- The newest gists that the last poll saw, each by id and time of update: where the next one ends.
    seen text[] not null default '{}',
    -- Of these, those that a look did not bring: looked for once more.
    unsettled text[] not null default '{}',
    -- When the feed last had a gap: everybody whom nobody has looked at since is to be looked at.
    gap_at timestamptz,
    polled_at timestamptz,
    next_at timestamptz not null
  )`
})
