/**
 * Renames tables, columns and functions to the field's terms, and has visits dated by the database's clock. Of all rows, only
 * one outcome of an attempt changes.
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
  // A caller waits for the visit, so it fails soon when a transaction holds the user's row.
  yield* sql`create function record_visit(visited text, by_visitor text) returns setof visits
    language plpgsql volatile set lock_timeout = '5s' as $$
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
          greatest(coalesce(seen, 0), coalesce((select max(f.key) from gist_files f where f.user_key = owner), 0)),
          clock_timestamp()
        returning *;
    end $$`

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
