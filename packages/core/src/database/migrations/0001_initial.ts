/**
 * The first schema. Keys are surrogate identities; what identifies a thing outside is a unique constraint.
 *
 * Made for 1,000,000 users and 50,000,000 files: every query of a scan, a publication, a visit or a list is served by an
 * index below. Columns that every scan writes (`users.scanned_at`) are in no index, so that those updates stay within
 * their page (heap-only tuples).
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`create table users (
    key bigint generated always as identity constraint users_pkey primary key,
    id bigint not null constraint users_id_key unique constraint users_id_check check (id > 0),
    username text not null constraint users_username_check check (username ~ '^[A-Za-z0-9_-]{1,39}$'),
    -- GitHub's own number for the account, once a gist has shown it: survives renames.
    github_id bigint,
    tracked_at timestamptz not null,
    untracked_at timestamptz,
    -- When the first walk over all gists ended: what is found later is new, however old it is.
    baselined_at timestamptz,
    etag text,
    -- Pages seen by the last walk. With one page its ETag speaks for all gists.
    pages integer not null default 0,
    walked_at timestamptz,
    scanned_at timestamptz,
    failures integer not null default 0,
    retry_at timestamptz,
    error_reason text,
    error_message text
  ) with (fillfactor = 80)`
  yield* sql`create unique index users_username_key on users (lower(username))`
  yield* sql`create index users_tracked on users (id) where untracked_at is null`

  yield* sql`create table scans (
    key bigint generated always as identity constraint scans_pkey primary key,
    kind text not null constraint scans_kind_check check (kind in ('scheduled', 'requested')),
    user_key bigint constraint scans_user_key_fkey references users,
    state text not null
      constraint scans_state_check check (state in ('queued', 'running', 'done', 'stopped', 'interrupted')),
    requested_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    lease_until timestamptz,
    -- The last user that was looked at, in order of users.key: where the next scan goes on after a stop.
    cursor bigint not null default 0,
    users integer not null default 0,
    unchanged integer not null default 0,
    failed integer not null default 0,
    files integer not null default 0,
    reason text,
    message text,
    resume_at timestamptz
  )`
  yield* sql`create unique index scans_one_running on scans ((true)) where state = 'running' and user_key is null`
  yield* sql`create unique index scans_one_queued on scans ((true)) where state = 'queued' and user_key is null`
  yield* sql`create index scans_queued on scans (key) where state = 'queued'`
  yield* sql`create index scans_running on scans (lease_until) where state = 'running'`
  yield* sql`create index scans_passes on scans (key) where user_key is null`

  yield* sql`create table scan_failures (
    scan_key bigint not null constraint scan_failures_scan_key_fkey references scans,
    user_key bigint not null constraint scan_failures_user_key_fkey references users,
    reason text not null,
    message text not null,
    retry_at timestamptz,
    constraint scan_failures_pkey primary key (scan_key, user_key)
  )`

  yield* sql`create table gist_files (
    -- Grows in commit order within one user, since it is only drawn while that user's row is locked: visits rely on it.
    key bigint generated always as identity constraint gist_files_pkey primary key,
    user_key bigint not null constraint gist_files_user_key_fkey references users,
    scan_key bigint not null constraint gist_files_scan_key_fkey references scans,
    gist_id text not null,
    filename text not null,
    html_url text not null,
    raw_url text,
    description text,
    language text,
    type text,
    size bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    found_at timestamptz not null,
    constraint gist_files_gist_id_filename_key unique (gist_id, filename)
  )`
  yield* sql`create index gist_files_user on gist_files (user_key, key)`
  yield* sql`create index gist_files_scan on gist_files (scan_key, key)`

  yield* sql`create table visits (
    key bigint generated always as identity constraint visits_pkey primary key,
    user_key bigint not null constraint visits_user_key_fkey references users,
    visitor text not null,
    -- The visit showed the user's files with after_file < key <= until_file.
    after_file bigint not null,
    until_file bigint not null,
    visited_at timestamptz not null,
    constraint visits_range_check check (after_file <= until_file)
  )`
  yield* sql`create index visits_user_visitor on visits (user_key, visitor, key)`
  // A visit in one round trip: a transaction of four would hold the user's row, and a connection, four times as long.
  // Hazard: the lock must be a statement of its own. In a volatile function each statement sees what was committed
  // before it began, so the next one sees whatever a scan committed while this one waited, and nothing smaller can come
  // after it.
  yield* sql`create function record_visit(visited text, by_visitor text, at timestamptz) returns setof visits
    language plpgsql volatile as $$
    declare
      owner bigint;
      seen bigint;
    begin
      select u.key into owner from users u
        where lower(u.username) = lower(visited) and u.untracked_at is null for update;
      if not found then
        return;
      end if;
      select v.until_file into seen from visits v
        where v.user_key = owner and v.visitor = by_visitor order by v.key desc limit 1;
      return query insert into visits (user_key, visitor, after_file, until_file, visited_at)
        select owner, by_visitor, coalesce(seen, 0),
          greatest(coalesce(seen, 0), coalesce((select max(f.key) from gist_files f where f.user_key = owner), 0)), at
        returning *;
    end $$`

  yield* sql`create table publications (
    key bigint generated always as identity constraint publications_pkey primary key,
    file_key bigint not null constraint publications_file_key_fkey references gist_files
      constraint publications_file_key_key unique,
    user_key bigint not null constraint publications_user_key_fkey references users,
    state text not null constraint publications_state_check
      check (state in ('pending', 'sending', 'published', 'failed', 'gone')),
    -- Place in the fair queue: see store/Publications.ts.
    turn bigint not null,
    due_at timestamptz not null,
    epoch integer not null default 0,
    lease_until timestamptz,
    -- Since when an activity of unknown fate may exist. Null: certainly none does.
    sent_at timestamptz,
    target text,
    receipt text,
    attempts integer not null default 0,
    error_reason text,
    error_message text,
    created_at timestamptz not null,
    published_at timestamptz,
    constraint publications_receipt_check check ((state = 'published') = (receipt is not null))
  ) with (fillfactor = 80)`
  yield* sql`create index publications_turn on publications (turn, key) where state = 'pending'`
  yield* sql`create index publications_user_turn on publications (user_key, turn) where state = 'pending'`
  yield* sql`create index publications_due on publications (due_at) where state = 'pending'`
  yield* sql`create index publications_lease on publications (lease_until) where state = 'sending'`
  yield* sql`create index publications_state on publications (state, key)`
  yield* sql`create index publications_user on publications (user_key, state)`

  yield* sql`create table attempts (
    key bigint generated always as identity constraint attempts_pkey primary key,
    publication_key bigint not null constraint attempts_publication_key_fkey references publications,
    at timestamptz not null,
    outcome text not null,
    message text
  )`
  yield* sql`create index attempts_publication on attempts (publication_key, key)`

  yield* sql`create table retractions (
    -- What a late writer made although another had already published the file: to be deleted again.
    receipt text not null,
    publication_key bigint not null constraint retractions_publication_key_fkey references publications,
    found_at timestamptz not null,
    constraint retractions_pkey primary key (receipt)
  )`

  yield* sql`create table deals (
    user_key bigint constraint deals_pkey primary key constraint deals_user_key_fkey references users,
    deal_id bigint,
    -- Since when a deal of unknown fate may exist. Null: certainly none does, but for deal_id.
    sent_at timestamptz,
    lease_until timestamptz
  )`

  yield* sql`create table doors (
    -- A service with one credential (by fingerprint) that must not be asked before an instant.
    door text constraint doors_pkey primary key,
    closed_until timestamptz not null,
    message text not null
  )`
})
