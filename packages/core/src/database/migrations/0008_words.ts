/**
 * Renames tables, columns and functions to the field's terms, has visits dated by the database's clock, and keeps each visitor's
 * position apart from the visits. Of all rows, only one outcome of an attempt changes.
 *
 * Hazard: a server of an older version on the same database fails from here on, so stop all of them before the upgrade.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`alter table users rename column scanned_at to checked_at`
  yield* sql`alter table users rename column walked_at to listed_at`
  yield* sql`alter table users rename column stamp to fingerprint`

  yield* sql`alter table publications rename column turn to start_tag`
  yield* sql`alter table publications rename column receipt to remote_id`
  yield* sql`alter index publications_turn rename to publications_start_tag`

  yield* sql`alter index scans_passes rename to scans_full`

  yield* sql`alter table retractions rename to duplicates`
  yield* sql`alter table duplicates rename column receipt to remote_id`
  yield* sql`update attempts set outcome = 'duplicate' where outcome = 'retracted'`

  yield* sql`alter table feed rename to feed_positions`

  yield* sql`alter table doors rename to limits`
  yield* sql`alter table limits rename column door to limit_key`
  yield* sql`alter table limits rename column closed_at to noted_at`
  yield* sql`alter table limits rename column closed_until to blocked_until`

  yield* sql`alter table door_users rename to quotas`
  yield* sql`alter table quotas rename column door to limit_key`
  yield* sql`alter table quotas rename column places to slots`

  // PostgreSQL 18 names the constraints `not null` as well.
  yield* sql`do $$
    declare
      old record;
    begin
      for old in
        select conrelid::regclass as owner, conname as name,
          regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(conname,
            'door_users_door', 'quotas_limit_key'), 'door_users_places', 'quotas_slots'), 'door_users', 'quotas'),
            'doors_door', 'limits_limit_key'), 'doors_closed', 'limits_blocked'), 'doors', 'limits'),
            'retractions', 'duplicates'), 'receipt', 'remote_id'), '^publications_turn', 'publications_start_tag') as renamed
        from pg_constraint where connamespace = current_schema()::regnamespace
      loop
        if left(old.name, 5) = 'feed_' and left(old.name, 15) <> 'feed_positions_' then
          old.renamed := 'feed_positions' || substr(old.name, 5);
        end if;
        if old.renamed <> old.name then
          execute format('alter table %s rename constraint %I to %I', old.owner, old.name, old.renamed);
        end if;
      end loop;
    end $$`

  // Instants are the database's own.
  // Hazard: the lock must be a statement of its own. Each statement of a volatile function sees what was committed before the
  // statement began, so the last one sees whatever a scan committed while the first one waited.
  yield* sql`drop function record_visit`
  // The place up to which each visitor has seen a user's files. Visits are history, and old ones are deleted.
  yield* sql`create table visitor_positions (
    user_key bigint not null references users (key),
    visitor text not null,
    until_file bigint not null,
    primary key (user_key, visitor)
  )`
  yield* sql`insert into visitor_positions (user_key, visitor, until_file)
    select user_key, visitor, max(until_file) from visits group by user_key, visitor`
  // A visit that shows nothing new is answered with a row without a key, and stored nowhere. A visit of one visitor too many
  // is answered in the same way, with the range that it would have shown. No row: no such user, or somebody else has locked
  // the user and the caller does not wait.
  // Nothing new needs no lock, since nothing is stored. Else a caller waits for the visit, so it fails soon.
  yield* sql`create function record_visit(visited text, by_visitor text, max_visitors integer, waits boolean)
    returns setof visits language plpgsql volatile set lock_timeout = '5s' as $$
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
    end $$`

  // The scans that found nothing, for the deletion of old ones.
  yield* sql`create index scans_without_files on scans (key) where files = 0`

  yield* sql`drop function use_door`
  // Grants slots in the window, and answers them with the window as any server knows it.
  // Hazard: the sum of all slots must never exceed the window, so servers that ask for one limit wait for each other. A silent
  // server keeps its slots until all that it can have sent has left the window: it sends nothing without a grant of the last five seconds.
  yield* sql`create function acquire_quota(for_limit text, by_server text, known_limit integer, known_millis integer,
      sent integer, wants integer)
    returns table (granted integer, others bigint, window_limit integer, window_millis integer)
    language plpgsql volatile as $$
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
    end $$`
})
