/** What servers on one database use of a service's limit, so that together they stay within it. */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

export default Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient

  yield* sql`create table door_users (
    -- A limit of a service with one credential (see doors), and a process that uses it.
    door text not null,
    server text not null,
    -- How many of the window's requests are this process's: what it was granted, or has sent within the window, if more.
    places integer not null,
    wanted integer not null,
    -- The service's sliding window, as far as this process knows it.
    window_limit integer,
    window_millis integer,
    used_at timestamptz not null,
    constraint door_users_pkey primary key (door, server)
  )`
  // Grants places in the window, and answers them with the window as anybody knows it. Hazard: the sum of all places never
  // exceeds the window, so all who ask for the same door wait for each other, in a statement of its own (see
  // record_visit), and who is silent keeps its places until all that it can have sent has left the window: a process
  // sends nothing when it could not ask for five seconds.
  yield* sql`create function use_door(at_door text, by_server text, known_limit integer, known_millis integer,
      sent integer, wants integer)
    returns table (granted integer, others bigint, window_limit integer, window_millis integer)
    language plpgsql volatile as $$
    #variable_conflict use_column
    declare
      size integer := known_limit;
      millis integer := known_millis;
      neighbours bigint;
      held bigint;
      claimed bigint;
      fair bigint;
      mine bigint;
    begin
      perform pg_advisory_xact_lock(hashtextextended(at_door, 5));
      delete from door_users u where u.door = at_door
        and u.used_at < clock_timestamp() - greatest(10000, coalesce(u.window_millis, 0) + 5000) * interval '1 millisecond';
      if size is null then
        select u.window_limit, u.window_millis into size, millis from door_users u
          where u.door = at_door and u.server <> by_server and u.window_limit is not null order by u.used_at desc limit 1;
      end if;
      select count(*), coalesce(sum(u.places), 0) into neighbours, held from door_users u
        where u.door = at_door and u.server <> by_server;
      fair := greatest(size / (neighbours + 1), 1);
      -- What others have, and what they still may ask for: no more than a fair share is kept for anybody.
      select coalesce(sum(greatest(u.places, least(u.wanted, fair))), 0) into claimed from door_users u
        where u.door = at_door and u.server <> by_server;
      mine := greatest(least(wants, greatest(size - claimed, least(fair, size - held))), 0);
      insert into door_users (door, server, places, wanted, window_limit, window_millis, used_at)
        values (at_door, by_server, greatest(mine, sent, 0), wants, size, millis, clock_timestamp())
        on conflict (door, server) do update set places = excluded.places, wanted = excluded.wanted,
          window_limit = excluded.window_limit, window_millis = excluded.window_millis, used_at = excluded.used_at;
      return query select mine::integer, neighbours, size, millis;
    end $$`
})
