/**
 * The public profiles of tracked users, their persons and organizations in Pipedrive, and what stays of users that are
 * forgotten: keyed hashes of files that were published, so that a user who is tracked again has no file published twice, and
 * of names. And how far sources of contacts have been read.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  // Beside `users`, whose rows every check updates.
  yield* sql`create table profiles (
    user_key bigint primary key references users (key) on delete cascade,
    name text,
    email text,
    company text,
    location text,
    website text,
    bio text,
    account_created_at timestamptz,
    fingerprint text,
    etag text,
    read_at timestamptz,
    due_at timestamptz not null
  )`
  yield* sql`create index profiles_due on profiles (due_at)`
  yield* sql`insert into profiles (user_key, due_at) select key, clock_timestamp() from users where untracked_at is null`

  // What was sent, so that a lookup after a lost response finds it although the profile or the settings changed meanwhile.
  yield* sql`alter table deals add column sent_as text`
  // A person named it for the user.
  yield* sql`alter table deals add column is_chosen boolean not null default false`
  // Found or created for the user, and replaced by such a choice since.
  yield* sql`alter table deals add column replaced bigint[] not null default '{}'`
  yield* sql`create table persons (
    user_key bigint primary key references users (key),
    person_id bigint,
    sent_at timestamptz,
    sent_as text,
    lease_until timestamptz,
    epoch integer not null default 0,
    is_chosen boolean not null default false,
    replaced bigint[] not null default '{}'
  )`
  // Whether another user has a deal or a person is asked for each user of a first run.
  yield* sql`create index deals_deal on deals (deal_id)`
  yield* sql`create index persons_person on persons (person_id)`
  // The queue is empty most of the time. A plan that was made then would read the whole queue at each step when it is long.
  yield* sql`alter table publications set (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000)`
  // Users of one company share its organization. `company` is a hash of the name (domain/company.ts).
  yield* sql`create table organizations (
    company text primary key,
    organization_id bigint,
    sent_at timestamptz,
    sent_as text,
    lease_until timestamptz,
    epoch integer not null default 0
  )`

  // A user's own rules on files, as texts in the form of the settings; `null` where the setting holds.
  yield* sql`create table file_rules (
    user_key bigint primary key references users (key) on delete cascade,
    include text,
    exclude text,
    languages text,
    max_file_size text,
    forks text
  )`
  // The rule, as a sentence, by which a file is left out should its gist turn out to be a fork: lists do not show forks.
  yield* sql`alter table publications add column skip_if_fork text`

  yield* sql`create table forgotten_keys (
    id integer primary key check (id = 1),
    inner_pad bytea not null check (length(inner_pad) = 64),
    outer_pad bytea not null check (length(outer_pad) = 64)
  )`
  yield* sql`create table forgotten_files (hash bytea primary key)`
  // Names of forgotten users, so that no list tracks them again.
  yield* sql`create table forgotten_users (hash bytea primary key)`

  // HMAC-SHA-256 by its definition (RFC 2104), because PostgreSQL has it in an extension only. `null` without a key.
  yield* sql`create function forgotten_hash(gist_id text, filename text) returns bytea language sql stable as $$
    select sha256(k.outer_pad || sha256(k.inner_pad || convert_to(json_build_array(gist_id, filename)::text, 'UTF8')))
    from forgotten_keys k $$`

  // The hash of a name. No gist has an empty id, so the hash is no file's.
  yield* sql`create function forgotten_name(username text) returns bytea language sql stable as $$
    select forgotten_hash('', lower(username)) $$`

  // How far sources of contacts have been read. Only servers' own readings are due.
  yield* sql`create table sources (
    source text primary key,
    next text,
    changed_since text,
    newest text,
    read_at timestamptz not null,
    due_at timestamptz
  )`

  // Users that were just tracked are checked by scans beside the full ones, as users in the feed are.
  yield* sql`create index users_unchecked on users (tracked_at) where untracked_at is null and checked_at is null`
  yield* sql`alter table scans drop constraint scans_kind_check`
  yield* sql`alter table scans add constraint scans_kind_check check (kind in ('scheduled', 'requested', 'feed', 'new'))`
  yield* sql`drop index scans_full`
  yield* sql`create index scans_full on scans (key) where user_key is null and kind in ('scheduled', 'requested')`
  yield* sql`drop index scans_one_running`
  yield* sql`create unique index scans_one_running on scans ((true))
    where state = 'running' and user_key is null and kind in ('scheduled', 'requested')`

  // Targets to which the file was sent before, and may have arrived: a user's deal can change before the file is sent again.
  yield* sql`alter table publications add column resent_targets text[]`
  // A deletion that failed is repeated later, and named by `doctor`. One that was not tried yet has no `due_at`.
  yield* sql`alter table duplicates add column due_at timestamptz, add column error_message text`

  yield* sql`alter table publications drop constraint publications_state_check`
  yield* sql`alter table publications add constraint publications_state_check
    check (state in ('pending', 'sending', 'published', 'failed', 'gone', 'skipped'))`
})
