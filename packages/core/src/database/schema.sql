-- The present schema: what all migrations in this folder come to.
-- Written by `npm run schema`, for reading. Change the schema by a migration, never here.

create table attempts (
  key bigint generated always as identity not null,
  publication_key bigint not null,
  at timestamp with time zone not null,
  outcome text not null,
  message text,
  constraint attempts_pkey PRIMARY KEY (key)
);

create table deals (
  user_key bigint not null,
  deal_id bigint,
  sent_at timestamp with time zone,
  lease_until timestamp with time zone,
  epoch integer default 0 not null,
  sent_as text,
  is_chosen boolean default false not null,
  replaced bigint[] default '{}'::bigint[] not null,
  constraint deals_pkey PRIMARY KEY (user_key)
);

create table duplicates (
  remote_id text not null,
  publication_key bigint,
  found_at timestamp with time zone not null,
  due_at timestamp with time zone,
  error_message text,
  constraint duplicates_pkey PRIMARY KEY (remote_id)
);

create table feed_positions (
  origin text not null,
  etag text,
  seen text[] default '{}'::text[] not null,
  unsettled text[] default '{}'::text[] not null,
  gap_at timestamp with time zone,
  polled_at timestamp with time zone,
  next_at timestamp with time zone not null,
  constraint feed_positions_pkey PRIMARY KEY (origin)
);

create table file_rules (
  user_key bigint not null,
  include text,
  exclude text,
  languages text,
  max_file_size text,
  forks text,
  constraint file_rules_pkey PRIMARY KEY (user_key)
);

create table forgotten_files (
  hash bytea not null,
  constraint forgotten_files_pkey PRIMARY KEY (hash)
);

create table forgotten_keys (
  id integer not null,
  inner_pad bytea not null,
  outer_pad bytea not null,
  constraint forgotten_keys_id_check CHECK ((id = 1)),
  constraint forgotten_keys_inner_pad_check CHECK ((length(inner_pad) = 64)),
  constraint forgotten_keys_outer_pad_check CHECK ((length(outer_pad) = 64)),
  constraint forgotten_keys_pkey PRIMARY KEY (id)
);

create table forgotten_users (
  hash bytea not null,
  constraint forgotten_users_pkey PRIMARY KEY (hash)
);

create table gist_files (
  key bigint generated always as identity not null,
  user_key bigint not null,
  scan_key bigint not null,
  gist_id text not null,
  filename text not null,
  html_url text not null,
  raw_url text,
  description text,
  language text,
  type text,
  size bigint not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  found_at timestamp with time zone not null,
  constraint gist_files_gist_id_filename_key UNIQUE (gist_id, filename),
  constraint gist_files_pkey PRIMARY KEY (key)
);

create table gitpip_migrations (
  migration_id integer not null,
  created_at timestamp with time zone default now() not null,
  name text not null,
  constraint gitpip_migrations_pkey PRIMARY KEY (migration_id)
);

create table limits (
  limit_key text not null,
  blocked_until timestamp with time zone not null,
  message text not null,
  noted_at timestamp with time zone,
  constraint limits_pkey PRIMARY KEY (limit_key)
);

create table listings (
  user_key bigint not null,
  next text not null,
  etag text,
  pages integer not null,
  updated_at timestamp with time zone not null,
  constraint listings_pkey PRIMARY KEY (user_key)
);

create table organizations (
  company text not null,
  organization_id bigint,
  sent_at timestamp with time zone,
  sent_as text,
  lease_until timestamp with time zone,
  epoch integer default 0 not null,
  constraint organizations_pkey PRIMARY KEY (company)
);

create table persons (
  user_key bigint not null,
  person_id bigint,
  sent_at timestamp with time zone,
  sent_as text,
  lease_until timestamp with time zone,
  epoch integer default 0 not null,
  is_chosen boolean default false not null,
  replaced bigint[] default '{}'::bigint[] not null,
  constraint persons_pkey PRIMARY KEY (user_key)
);

create table profiles (
  user_key bigint not null,
  name text,
  email text,
  company text,
  location text,
  website text,
  bio text,
  account_created_at timestamp with time zone,
  fingerprint text,
  etag text,
  read_at timestamp with time zone,
  due_at timestamp with time zone not null,
  constraint profiles_pkey PRIMARY KEY (user_key)
);

create table publications (
  key bigint generated always as identity not null,
  file_key bigint not null,
  user_key bigint not null,
  state text not null,
  start_tag bigint not null,
  due_at timestamp with time zone not null,
  epoch integer default 0 not null,
  lease_until timestamp with time zone,
  sent_at timestamp with time zone,
  target text,
  remote_id text,
  attempts integer default 0 not null,
  error_reason text,
  error_message text,
  created_at timestamp with time zone not null,
  published_at timestamp with time zone,
  resent_since timestamp with time zone,
  audit_at timestamp with time zone,
  backlog boolean default false not null,
  skip_if_fork text,
  resent_targets text[],
  constraint publications_file_key_key UNIQUE (file_key),
  constraint publications_pkey PRIMARY KEY (key),
  constraint publications_remote_id_check CHECK (((state = 'published'::text) = (remote_id IS NOT NULL))),
  constraint publications_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'published'::text, 'failed'::text, 'gone'::text, 'skipped'::text])))
) with (fillfactor=80, autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=1000);

create table quotas (
  limit_key text not null,
  server text not null,
  slots integer not null,
  wanted integer not null,
  window_limit integer,
  window_millis integer,
  used_at timestamp with time zone not null,
  constraint quotas_pkey PRIMARY KEY (limit_key, server)
);

create table scan_failures (
  scan_key bigint not null,
  user_key bigint not null,
  reason text not null,
  message text not null,
  retry_at timestamp with time zone,
  constraint scan_failures_pkey PRIMARY KEY (scan_key, user_key)
);

create table scans (
  key bigint generated always as identity not null,
  kind text not null,
  user_key bigint,
  state text not null,
  requested_at timestamp with time zone not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  lease_until timestamp with time zone,
  cursor bigint default 0 not null,
  users integer default 0 not null,
  unchanged integer default 0 not null,
  failed integer default 0 not null,
  files integer default 0 not null,
  reason text,
  message text,
  resume_at timestamp with time zone,
  constraint scans_kind_check CHECK ((kind = ANY (ARRAY['scheduled'::text, 'requested'::text, 'feed'::text, 'new'::text]))),
  constraint scans_pkey PRIMARY KEY (key),
  constraint scans_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'stopped'::text, 'interrupted'::text])))
) with (fillfactor=50);

create table sources (
  source text not null,
  next text,
  changed_since text,
  newest text,
  read_at timestamp with time zone not null,
  due_at timestamp with time zone,
  constraint sources_pkey PRIMARY KEY (source)
);

create table users (
  key bigint generated always as identity not null,
  id bigint not null,
  username text not null,
  github_id bigint,
  tracked_at timestamp with time zone not null,
  untracked_at timestamp with time zone,
  baselined_at timestamp with time zone,
  etag text,
  pages integer default 0 not null,
  listed_at timestamp with time zone,
  checked_at timestamp with time zone,
  failures integer default 0 not null,
  retry_at timestamp with time zone,
  error_reason text,
  error_message text,
  rate double precision default 0 not null,
  rate_at timestamp with time zone,
  rate_class smallint default 0 not null,
  fingerprint text,
  constraint users_id_check CHECK ((id > 0)),
  constraint users_id_key UNIQUE (id),
  constraint users_pkey PRIMARY KEY (key),
  constraint users_username_check CHECK ((username ~ '^[A-Za-z0-9_-]{1,39}$'::text))
) with (fillfactor=80);

create table visitor_positions (
  user_key bigint not null,
  visitor text not null,
  until_file bigint not null,
  constraint visitor_positions_pkey PRIMARY KEY (user_key, visitor)
);

create table visits (
  key bigint generated always as identity not null,
  user_key bigint not null,
  visitor text not null,
  after_file bigint not null,
  until_file bigint not null,
  visited_at timestamp with time zone not null,
  constraint visits_pkey PRIMARY KEY (key),
  constraint visits_range_check CHECK ((after_file <= until_file))
);

CREATE INDEX attempts_publication ON attempts USING btree (publication_key, key);

CREATE INDEX deals_deal ON deals USING btree (deal_id);

CREATE INDEX gist_files_scan ON gist_files USING btree (scan_key, key);

CREATE INDEX gist_files_user ON gist_files USING btree (user_key, key);

CREATE INDEX persons_person ON persons USING btree (person_id);

CREATE INDEX profiles_due ON profiles USING btree (due_at);

CREATE INDEX publications_audit ON publications USING btree (audit_at) WHERE (audit_at IS NOT NULL);

CREATE INDEX publications_fresh ON publications USING btree (start_tag, key) WHERE ((state = 'pending'::text) AND (NOT backlog));

CREATE INDEX publications_lease ON publications USING btree (lease_until) WHERE (state = 'sending'::text);

CREATE INDEX publications_of_user ON publications USING btree (user_key, state, start_tag);

CREATE INDEX publications_published ON publications USING btree (published_at) WHERE (published_at IS NOT NULL);

CREATE INDEX publications_start_tag ON publications USING btree (start_tag, key) WHERE (state = 'pending'::text);

CREATE INDEX publications_state ON publications USING btree (state, key);

CREATE INDEX publications_waiting ON publications USING btree (backlog, due_at) WHERE (state = 'pending'::text);

CREATE INDEX scans_full ON scans USING btree (key) WHERE ((user_key IS NULL) AND (kind = ANY (ARRAY['scheduled'::text, 'requested'::text])));

CREATE UNIQUE INDEX scans_one_queued ON scans USING btree ((true)) WHERE ((state = 'queued'::text) AND (user_key IS NULL));

CREATE UNIQUE INDEX scans_one_running ON scans USING btree ((true)) WHERE ((state = 'running'::text) AND (user_key IS NULL) AND (kind = ANY (ARRAY['scheduled'::text, 'requested'::text])));

CREATE INDEX scans_queued ON scans USING btree (key) WHERE (state = 'queued'::text);

CREATE INDEX scans_running ON scans USING btree (lease_until) WHERE (state = 'running'::text);

CREATE INDEX scans_started ON scans USING btree (started_at);

CREATE INDEX scans_without_files ON scans USING btree (key) WHERE (files = 0);

CREATE INDEX users_cadence ON users USING btree (rate_class, checked_at) WHERE ((untracked_at IS NULL) AND (failures = 0));

CREATE INDEX users_failing ON users USING btree (id) WHERE ((untracked_at IS NULL) AND (failures > 0));

CREATE INDEX users_github_id ON users USING btree (github_id) WHERE (untracked_at IS NULL);

CREATE INDEX users_retry ON users USING btree (retry_at) WHERE ((untracked_at IS NULL) AND (failures > 0));

CREATE INDEX users_tracked ON users USING btree (id) WHERE (untracked_at IS NULL);

CREATE INDEX users_unchecked ON users USING btree (tracked_at) WHERE ((untracked_at IS NULL) AND (checked_at IS NULL));

CREATE UNIQUE INDEX users_username_key ON users USING btree (lower(username));

CREATE INDEX visits_user_visitor ON visits USING btree (user_key, visitor, key);

alter table attempts add constraint attempts_publication_key_fkey FOREIGN KEY (publication_key) REFERENCES publications(key);

alter table deals add constraint deals_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table duplicates add constraint duplicates_publication_key_fkey FOREIGN KEY (publication_key) REFERENCES publications(key);

alter table file_rules add constraint file_rules_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key) ON DELETE CASCADE;

alter table gist_files add constraint gist_files_scan_key_fkey FOREIGN KEY (scan_key) REFERENCES scans(key);

alter table gist_files add constraint gist_files_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table listings add constraint listings_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key) ON DELETE CASCADE;

alter table persons add constraint persons_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table profiles add constraint profiles_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key) ON DELETE CASCADE;

alter table publications add constraint publications_file_key_fkey FOREIGN KEY (file_key) REFERENCES gist_files(key);

alter table scan_failures add constraint scan_failures_scan_key_fkey FOREIGN KEY (scan_key) REFERENCES scans(key);

alter table scan_failures add constraint scan_failures_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table scans add constraint scans_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table visitor_positions add constraint visitor_positions_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

alter table visits add constraint visits_user_key_fkey FOREIGN KEY (user_key) REFERENCES users(key);

CREATE OR REPLACE FUNCTION acquire_quota(for_limit text, by_server text, known_limit integer, known_millis integer, sent integer, wants integer)
 RETURNS TABLE(granted integer, others bigint, window_limit integer, window_millis integer)
 LANGUAGE plpgsql
AS $function$
    #variable_conflict use_column
    declare
      size integer := known_limit;
      millis integer := known_millis;
      other_servers bigint;
      held bigint;
      claimed bigint;
      fair bigint;
      mine bigint;
    begin
      perform pg_advisory_xact_lock(hashtextextended(for_limit, 5));
      delete from quotas q where q.limit_key = for_limit
        and q.used_at < clock_timestamp() - greatest(10000, coalesce(q.window_millis, 0) + 5000) * interval '1 millisecond';
      if size is null then
        select q.window_limit, q.window_millis into size, millis from quotas q
          where q.limit_key = for_limit and q.server <> by_server and q.window_limit is not null
          order by q.used_at desc limit 1;
      end if;
      select count(*), coalesce(sum(q.slots), 0) into other_servers, held from quotas q
        where q.limit_key = for_limit and q.server <> by_server;
      fair := greatest(size / (other_servers + 1), 1);
      -- What others have, and what they still may ask for: no more than a fair share is kept for any server.
      select coalesce(sum(greatest(q.slots, least(q.wanted, fair))), 0) into claimed from quotas q
        where q.limit_key = for_limit and q.server <> by_server;
      mine := greatest(least(wants, greatest(size - claimed, least(fair, size - held))), 0);
      insert into quotas (limit_key, server, slots, wanted, window_limit, window_millis, used_at)
        values (for_limit, by_server, greatest(mine, sent, 0), wants, size, millis, clock_timestamp())
        on conflict (limit_key, server) do update set slots = excluded.slots, wanted = excluded.wanted,
          window_limit = excluded.window_limit, window_millis = excluded.window_millis, used_at = excluded.used_at;
      return query select mine::integer, other_servers, size, millis;
    end $function$;

CREATE OR REPLACE FUNCTION forgotten_hash(gist_id text, filename text)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
    select sha256(k.outer_pad || sha256(k.inner_pad || convert_to(json_build_array(gist_id, filename)::text, 'UTF8')))
    from forgotten_keys k $function$;

CREATE OR REPLACE FUNCTION forgotten_name(username text)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
    select forgotten_hash('', lower(username)) $function$;

CREATE OR REPLACE FUNCTION record_visit(visited text, by_visitor text, max_visitors integer, waits boolean)
 RETURNS SETOF visits
 LANGUAGE plpgsql
 SET lock_timeout TO '5s'
AS $function$
    declare
      owner bigint;
      is_locked boolean := false;
      seen bigint;
      newest bigint;
      visitors bigint;
    begin
      select u.key into owner from users u where lower(u.username) = lower(visited) and u.untracked_at is null;
      if not found then
        return;
      end if;
      loop
        select p.until_file into seen from visitor_positions p where p.user_key = owner and p.visitor = by_visitor;
        select greatest(coalesce(max(f.key), 0), coalesce(seen, 0)) into newest from gist_files f where f.user_key = owner;
        if newest = coalesce(seen, 0) then
          return query select null::bigint, owner, by_visitor, newest, newest, clock_timestamp();
          return;
        end if;
        exit when is_locked;
        if waits then
          perform from users u where u.key = owner and u.untracked_at is null for update;
        else
          perform from users u where u.key = owner and u.untracked_at is null for update skip locked;
        end if;
        if not found then
          return;
        end if;
        is_locked := true;
      end loop;
      if seen is null then
        select count(*) into visitors from (
          select from visitor_positions p where p.user_key = owner limit max_visitors) known;
      end if;
      if visitors >= max_visitors then
        return query select null::bigint, owner, by_visitor, coalesce(seen, 0), newest, clock_timestamp();
        return;
      end if;
      insert into visitor_positions as p (user_key, visitor, until_file) values (owner, by_visitor, newest)
        on conflict (user_key, visitor) do update set until_file = excluded.until_file;
      return query insert into visits (user_key, visitor, after_file, until_file, visited_at)
        values (owner, by_visitor, coalesce(seen, 0), newest, clock_timestamp())
        returning *;
    end $function$;
