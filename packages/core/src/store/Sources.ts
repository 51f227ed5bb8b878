/** Sources of contacts: who of a list is known, tracking the others all at once, and how far a source has been read. */
import { Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { execute, findAll, findFirst } from "../database/statements.ts"
import { NameRecord } from "../domain/NameCheck.ts"
import { Username } from "../domain/User.ts"
import { arrayOf, fewTransactions, inFuture, millisUntil, now } from "./sql.ts"

/** An account of a list. `githubId` finds a user whose new name no check has read yet; 0 when the list does not show it. */
export interface Listed {
  readonly login: Username
  readonly githubId: number
  /** Pipedrive's number of the person; 0 for none. */
  readonly personId: number
}

const State = Schema.Struct({ place: Schema.Int, state: NameRecord })
const Tracked = Schema.Struct({ login: Username })

/** How far a source has been read. */
const Position = Schema.Struct({
  /** Where the next page begins; `null` at the beginning. */
  next: Schema.NullOr(Schema.String),
  /** Only what changed since is read; `null` for everything. In the source's own words. */
  changedSince: Schema.NullOr(Schema.String),
  /** The latest change that the present reading has met. */
  newest: Schema.NullOr(Schema.String)
})
export type Position = typeof Position.Type

/** The accounts as rows `w`, with their place in the list. */
const rowsOf = (sql: SqlClient.SqlClient, listed: ReadonlyArray<Listed>) => sql`
  unnest(${listed.map(({ login }) => login)}::text[], ${arrayOf(
    sql,
    listed.map(({ githubId }) => githubId),
    "bigint"
  )}, ${arrayOf(
    sql,
    listed.map(({ personId }) => personId),
    "bigint"
  )}) with ordinality as w (login, github_id, person_id, place)`

const statesOf = (sql: SqlClient.SqlClient) =>
  findAll(
    State,
    (listed: ReadonlyArray<Listed>) => sql`
      select w.place, case
        when u.untracked_at is null and u.key is not null then 'tracked'
        when exists (select 1 from users g where w.github_id > 0 and g.github_id = w.github_id and g.untracked_at is null)
          then 'tracked'
        when u.key is not null then 'untracked'
        when exists (select 1 from forgotten_users where hash = forgotten_name(w.login)) then 'forgotten'
        else 'new' end as state
      from ${rowsOf(sql, listed)} left join users u on lower(u.username) = lower(w.login)
      order by w.place`
  )

/**
 * Tracks names that are on no record, in the order of the list and under the next ids. Fewer rows than names: another process
 * took an id or a name meanwhile.
 */
const insertAll = (sql: SqlClient.SqlClient) =>
  findAll(
    Tracked,
    (listed: ReadonlyArray<Listed>) => sql`
      with wanted as (
        select distinct on (lower(w.login)) w.login, w.person_id, w.place from ${rowsOf(sql, listed)}
        where not exists (select 1 from users where lower(username) = lower(w.login))
        order by lower(w.login), w.place
      ), u as (
        insert into users (id, username, tracked_at)
        select (select coalesce(max(id), 0) from users where id < ${Number.MAX_SAFE_INTEGER})
          + row_number() over (order by place), login, ${now(sql)} from wanted
        on conflict do nothing returning key, username, tracked_at
      ), profile as (
        insert into profiles (user_key, due_at) select key, tracked_at from u
      ), person as (
        insert into persons (user_key, person_id, is_chosen)
        select u.key, w.person_id, true from u join wanted w on lower(w.login) = lower(u.username) where w.person_id > 0
      )
      select username as login from u order by key`
  )

/** Positions of readings that a person began, and that were cut off, are kept this long. */
const maxAge = "1 day"

/** A reading that is not interrupted takes its pages sooner one after the other. */
const maxPause = "1 minute"

const StoredPosition = Schema.Struct({
  next: Schema.NullOr(Schema.String),
  /** Whether the page before was read more than a minute ago. */
  hasWaited: Schema.Boolean
})

const Wait = Schema.Struct({ wait: Schema.Finite })

const positionsOf = (sql: SqlClient.SqlClient) => ({
  /** The position of a reading that was cut off within a day. */
  position: findFirst(
    StoredPosition,
    (source: string) => sql`
      select next, read_at < ${now(sql)} - ${maxPause}::interval as has_waited from sources where source = ${source}
        and read_at > ${now(sql)} - ${maxAge}::interval`
  ),
  /** Notes where the next page begins. Older positions of other readings are deleted. */
  goOn: (source: string, next: string) =>
    execute(sql`
      with old as (delete from sources where due_at is null and read_at < ${now(sql)} - ${maxAge}::interval and source <> ${source})
      insert into sources (source, next, read_at) values (${source}, ${next}, ${now(sql)})
      on conflict (source) do update set next = excluded.next, read_at = excluded.read_at`),
  /** The reading is complete, and the next one begins at the beginning. */
  end: (source: string) => execute(sql`delete from sources where source = ${source}`),
  /** The position, when a reading is due. No other process gets the position until the lease ends. */
  claim: findFirst(
    Position,
    ({ lease, source }: { readonly source: string; readonly lease: Duration.Duration }) => sql`
      insert into sources as s (source, read_at, due_at) values (${source}, ${now(sql)}, ${inFuture(sql, lease)})
      on conflict (source) do update set due_at = excluded.due_at where s.due_at <= ${now(sql)}
      returning next, changed_since, newest`
  ),
  /** Notes a position, and when the reading goes on. */
  put: (source: string, position: Position, wait: Duration.Duration) =>
    execute(sql`
      update sources set next = ${position.next}, changed_since = ${position.changedSince}, newest = ${position.newest},
        read_at = ${now(sql)}, due_at = ${inFuture(sql, wait)} where source = ${source}`)
})

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const states = statesOf(sql)
  const insert = insertAll(sql)
  const transaction = fewTransactions(sql)
  const due = findFirst(
    Wait,
    (source: string) => sql`
      select greatest(${millisUntil(sql, sql.literal("due_at"))}, 0) as wait from sources where source = ${source}`
  )
  return {
    ...positionsOf(sql),
    /** The wait until a reading is due; none when there is no position. */
    untilDue: (source: string) =>
      Effect.map(due(source), (found) => Duration.millis(Option.isSome(found) ? found.value.wait : 0)),
    /** What is known of each, in the order of the list. */
    states: (listed: ReadonlyArray<Listed>) => Effect.map(states(listed), (rows) => rows.map(({ state }) => state)),
    /** What is known of each name, in the order of the names. */
    records: (names: ReadonlyArray<Username>) =>
      Effect.map(states(names.map((login) => ({ login, githubId: 0, personId: 0 }))), (rows) =>
        rows.map(({ state }) => state)
      ),
    /** Tracks those who are on no record. Answers whom this call tracked. */
    trackAll: Effect.fnUntraced(function* (listed: ReadonlyArray<Listed>) {
      const tracked: Array<Username> = []
      const wanted = new Set(listed.map(({ login }) => login.toLowerCase())).size
      // A concurrent call takes ids, so that a row is left out without being on record.
      for (let round = 0; round < 20 && tracked.length < wanted; round++) {
        const rows = yield* Effect.catchTag(transaction(insert(listed)), "SqlError", (error) =>
          orDatabaseError(Effect.fail(error))
        )
        tracked.push(...rows.map(({ login }) => login))
        const left = yield* states(listed)
        if (!left.some(({ state }) => state === "new")) break
      }
      return tracked
    })
  }
})
