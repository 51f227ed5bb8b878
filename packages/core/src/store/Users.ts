/** The tracked users: who they are, and what the last look at each brought. */
import { type DateTime, Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError, rows } from "../database/Database.ts"
import * as Cadence from "../domain/Cadence.ts"
import * as Timing from "../domain/Timing.ts"
import { User, UserDetails, type UserId, UserKey, type Username } from "../domain/User.ts"
import { arrayOf, interval, now } from "./sql.ts"

/** The name or the id belongs to another user. */
export class UserConflict extends Schema.TaggedError<UserConflict>()("UserConflict", { message: Schema.String }) {}

/** Nobody of this name is tracked. */
export class UserNotTracked extends Schema.TaggedError<UserNotTracked>()("UserNotTracked", {
  username: Schema.String
}) {
  override get message(): string {
    return `${this.username} is not tracked. Track it first: gitpip track ${this.username}`
  }
}

/** A user as a scan needs it. */
export const ScanUser = Schema.Struct({
  key: UserKey,
  username: Schema.String,
  githubId: Schema.NullOr(Schema.Int),
  etag: Schema.NullOr(Schema.String),
  pages: Schema.Int,
  listedAt: Schema.NullOr(Schema.DateTimeUtc),
  /** Whether the last full listing is a day old, or there is none. */
  isListingDue: Schema.Boolean,
  failures: Schema.Int,
  fingerprint: Schema.NullOr(Schema.String)
})
export type ScanUser = typeof ScanUser.Type

/** What a look at a user brought, besides files. */
export interface Look {
  readonly key: UserKey
  /** `null`: leave as it is. */
  readonly etag: string | null
  readonly fingerprint: string | null
  /** What new gists add to the rate, in gists a day as of now; `null`: the look tells nothing of it. */
  readonly gained: number | null
  /** Whether all of the user's gists were seen. */
  readonly isFullListing: boolean
  readonly failures: number
  /** The wait for the next check of a failing user. */
  readonly retryIn: Duration.Duration | null
  readonly errorReason: string | null
  readonly errorMessage: string | null
}

const Details = Schema.Struct({ details: UserDetails })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal(`u.username as login, u.id, u.github_id,
    case when u.failures > 0 then 'failing' when u.checked_at is null then 'new' else 'ok' end as state,
    u.tracked_at, u.checked_at, u.failures, u.retry_at, u.error_reason, u.error_message`)
  const users = rows(User)
  const scanColumns = sql`u.key, u.username, u.github_id, u.etag, u.pages, u.listed_at, u.failures, u.fingerprint,
    coalesce(u.listed_at <= ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}, true) as is_listing_due`
  /** `Cadence.classOf` of a column. */
  const classOf = (column: string) =>
    sql`least(greatest(round(log(2, greatest(${sql.literal(column)} * ${2 ** 10}::float8, 1e-9)::numeric)), 0), ${Cadence.classes - 1})`
  const allClasses = Array.from({ length: Cadence.classes }, (_, number) => number)

  const nextId = sql<{
    id: number
  }>`select coalesce(max(id), 0) + 1 as id from users where id < ${Number.MAX_SAFE_INTEGER}`.pipe(
    Effect.map((found) => found[0]?.id ?? 1)
  )

  /** One try, in a transaction. `None` when another process got in between. */
  const tryTrack = Effect.fnUntraced(function* (username: Username, wanted: Option.Option<UserId>) {
    const id = Option.isSome(wanted) ? wanted.value : yield* nextId
    const [inserted] = yield* users(sql`
      insert into users as u (id, username, tracked_at) values (${id}, ${username}, ${now(sql)})
      on conflict do nothing returning ${columns}`)
    if (inserted !== undefined) return Option.some({ user: inserted, created: true })

    const [present] = yield* sql<{ key: number; id: number; username: string; untrackedAt: DateTime.Utc | null }>`
      select key, id, username, untracked_at from users where lower(username) = lower(${username}) for update`
    if (present === undefined) {
      if (Option.isNone(wanted)) return Option.none()
      const [holder] = yield* sql<{ username: string; untrackedAt: DateTime.Utc | null }>`
        select username, untracked_at from users where id = ${id}`
      if (holder === undefined) return Option.none()
      return yield* new UserConflict({
        message: `The id ${id} belongs to ${holder.username}${holder.untrackedAt === null ? "" : ", who is no longer tracked"}. Choose another id`
      })
    }
    if (present.untrackedAt === null) {
      if (Option.isSome(wanted) && present.id !== wanted.value) {
        return yield* new UserConflict({
          message: `${present.username} is already tracked under the id ${present.id}. Use that id, or untrack it first`
        })
      }
      const [user] = yield* users(sql`select ${columns} from users u where key = ${present.key}`)
      return Option.fromNullishOr(user).pipe(Option.map((user) => ({ user, created: false })))
    }
    // Back after a while: what was found stays, and everything is looked at anew.
    const kept = Option.getOrElse(wanted, () => present.id)
    const [taken] = yield* sql`select 1 from users where id = ${kept} and key <> ${present.key}`
    if (taken !== undefined) {
      return yield* new UserConflict({ message: `The id ${kept} belongs to another user. Choose another id` })
    }
    const [revived] = yield* users(sql`
      update users u set id = ${kept}, username = ${username}, tracked_at = ${now(sql)}, untracked_at = null,
        baselined_at = null, etag = null, fingerprint = null, listed_at = null, checked_at = null, rate_class = 0,
        failures = 0, retry_at = null, error_reason = null, error_message = null
      where key = ${present.key} returning ${columns}`)
    return Option.fromNullishOr(revived).pipe(Option.map((user) => ({ user, created: true })))
  })

  const track = Effect.fnUntraced(function* (username: Username, id: Option.Option<UserId>) {
    for (let round = 0; round < 20; round++) {
      const result = yield* sql.withTransaction(tryTrack(username, id)).pipe(
        Effect.catchReason("SqlError", "UniqueViolation", () => Effect.succeedNone),
        Effect.catchTag("SqlError", (error) => orDatabaseError(Effect.fail(error)))
      )
      if (Option.isSome(result)) return result.value
    }
    return yield* new UserConflict({ message: `No free id was found for ${username}. Give one with the request` })
  })

  const key = Effect.fnUntraced(function* (username: string) {
    const [found] = yield* orDatabaseError(sql<{ key: number }>`
      select key from users where lower(username) = lower(${username}) and untracked_at is null`)
    if (found === undefined) return yield* new UserNotTracked({ username })
    return UserKey.make(found.key)
  })

  return {
    track,
    /** The key of a tracked user. */
    key,
    untrack: Effect.fnUntraced(function* (username: Username) {
      const [user] = yield* users(sql`
        update users u set untracked_at = ${now(sql)}
        where lower(username) = lower(${username}) and untracked_at is null returning ${columns}`)
      if (user === undefined) return yield* new UserNotTracked({ username })
      return user
    }),
    /** Tracked users by ascending id, from after `after` on. */
    list: (page: { readonly after: number; readonly limit: number; readonly state?: "failing" | undefined }) =>
      users(sql`
        select ${columns} from users u where u.untracked_at is null and u.id > ${page.after}
          ${sql.literal(page.state === undefined ? "" : "and u.failures > 0")}
        order by u.id limit ${page.limit}`),
    details: Effect.fnUntraced(function* (username: Username) {
      const found = yield* key(username)
      const [row] = yield* orDatabaseError(sql<Record<string, unknown>>`
        select ${columns}, d.deal_id,
          (select count(*) from gist_files where user_key = u.key) as files,
          (select coalesce(jsonb_object_agg(state, n), '{}') from (
            select state, count(*) as n from publications where user_key = u.key group by state) s) as publications
        from users u left join deals d on d.user_key = u.key where u.key = ${found}`)
      const { dealId, files, publications, ...user } = row as Record<string, unknown>
      const none = { pending: 0, sending: 0, published: 0, failed: 0, gone: 0 }
      const counts = { files, ...none, ...(publications as object) }
      const [decoded] = yield* rows(Details)(Effect.succeed([{ details: { user, dealId, counts } }]))
      return (decoded as typeof Details.Type).details
    }),
    /** Users in order of their keys, for a full scan. Users in a wait after a failure only with `includeFailing`. */
    forScan: (page: {
      readonly after: number
      readonly until: number
      readonly limit: number
      readonly includeFailing: boolean
    }) =>
      rows(ScanUser)(sql`
        select ${scanColumns} from users u
        where key > ${page.after} and key <= ${page.until} and untracked_at is null
          and (${page.includeFailing} or retry_at is null or retry_at <= ${now(sql)})
        order by key limit ${page.limit}`),
    someForScan: (keys: ReadonlyArray<UserKey>) =>
      rows(ScanUser)(sql`
        select ${scanColumns} from users u where key = any(${arrayOf(sql, keys, "bigint")}) order by key`),
    /**
     * Users whose check is due, the one that is due longest first: unchecked users before all others, failing users at the
     * end of their wait, other users `intervals[c]` milliseconds after the last check (class `c`) or when last checked before `before`.
     */
    due: (options: {
      readonly intervals: ReadonlyArray<number>
      readonly before: Date
      readonly limit: number
      /** Only users with an ETag. */
      readonly listed?: boolean
    }) => {
      const { before, intervals, limit } = options
      const which = sql.literal(options.listed === true ? "and etag is not null" : "")
      return rows(ScanUser)(sql`
        select ${scanColumns} from (
          (select key, 'epoch'::timestamptz as due from users
            where untracked_at is null and failures = 0 and rate_class = 0 and checked_at is null ${which} limit ${limit})
          union all
          (select key, retry_at from users
            where untracked_at is null and failures > 0 and retry_at <= ${now(sql)} ${which} order by retry_at limit ${limit})
          union all
          (select seen.key, seen.checked_at + class.wait from (
              select n - 1 as number, millis * interval '1 millisecond' as wait
              from unnest(${arrayOf(sql, intervals, "float8")}) with ordinality as i(millis, n)
            ) class cross join lateral (
              select key, checked_at from users
              where untracked_at is null and failures = 0 and rate_class = class.number
                and checked_at < greatest(${now(sql)} - class.wait, ${before}::timestamptz) ${which}
              order by checked_at limit ${limit}
            ) seen order by 2 limit ${limit})
          order by due limit ${limit}
        ) d join users u using (key) order by d.due, key`)
    },
    /** How many tracked users there are of each class of rates; failing ones, whom the schedule leaves alone, are none. */
    classes: Effect.map(
      orDatabaseError(sql<{ rateClass: number; n: number }>`
        select rate_class, count(*) as n from users where untracked_at is null and failures = 0 group by rate_class`),
      (found) => {
        const counts = Array.from({ length: Cadence.classes }, () => 0)
        for (const { n, rateClass } of found) counts[rateClass] = n
        return counts
      }
    ),
    /** When the user was looked at that has waited longest, of those that do not fail; `None` when nobody has been looked at. */
    oldestCheck: Effect.map(
      orDatabaseError(sql<{ at: DateTime.Utc | null }>`
        select min(seen.checked_at) as at from unnest(${allClasses}::smallint[]) as class(number) cross join lateral (
          select checked_at from users
          where untracked_at is null and failures = 0 and rate_class = class.number and checked_at is not null
          order by checked_at limit 1) seen`),
      (found) => Option.fromNullishOr(found[0]?.at)
    ),
    /**
     * The tracked users that these accounts are, by their numbers, or by their names while the numbers are not known. Those
     * who have never been looked at are none: a first look is a scan's, which is about to come, and brings all they have.
     */
    ofAccounts: (accounts: ReadonlyArray<{ readonly id: number; readonly login: string }>) =>
      Effect.map(
        orDatabaseError(sql<{ key: number; githubId: number | null; username: string }>`
          select key, github_id, username from users
            where github_id = any(${arrayOf(
              sql,
              accounts.map(({ id }) => id),
              "bigint"
            )}) and untracked_at is null and checked_at is not null
          union all
          select key, github_id, username from users
            where lower(username) = any(${accounts.map(({ login }) => login.toLowerCase())}::text[])
              and github_id is null and untracked_at is null and checked_at is not null`),
        (found) => found.map((user) => ({ ...user, key: UserKey.make(user.key) }))
      ),
    /** Records many looks in one statement. Users are locked in order of their keys, as wherever several are. */
    recordChecks: (checks: ReadonlyArray<Look>) =>
      orDatabaseError(
        Effect.asVoid(sql`
          with locked as (
            select key, rate, rate_at from users where key = any(${arrayOf(
              sql,
              checks.map(({ key }) => key),
              "bigint"
            )}) order by key for no key update
          )
          update users u set checked_at = ${now(sql)}, etag = coalesce(l.etag, u.etag), failures = l.failures,
            fingerprint = coalesce(l.fingerprint, u.fingerprint), rate = coalesce(new.rate, u.rate),
            rate_at = case when new.rate is null then u.rate_at else ${now(sql)} end,
            rate_class = coalesce(${classOf("new.rate")}, u.rate_class),
            listed_at = case when l.is_full_listing then ${now(sql)} else u.listed_at end,
            retry_at = ${now(sql)} + l.retry_in * interval '1 second', error_reason = l.error_reason, error_message = l.error_message
          from jsonb_to_recordset(${JSON.stringify(
            checks.map((check) => ({
              key: check.key,
              etag: check.etag,
              fingerprint: check.fingerprint,
              gained: check.gained,
              is_full_listing: check.isFullListing,
              failures: check.failures,
              retry_in: check.retryIn === null ? null : Duration.toSeconds(check.retryIn),
              error_reason: check.errorReason,
              error_message: check.errorMessage
            }))
          )}::jsonb)
            as l(key bigint, etag text, fingerprint text, gained float8, is_full_listing boolean,
              failures int, retry_in float8, error_reason text, error_message text)
            join locked on locked.key = l.key
            -- From the row as it was locked: two may have looked at once, and only that sees what the other has counted.
            cross join lateral (
              select locked.rate * power(2, -greatest(extract(epoch from ${now(sql)}
                - coalesce(locked.rate_at, ${now(sql)})), 0) / ${Duration.toSeconds(Cadence.halfLife)}::float8)::float8
                + l.gained as rate
            ) new
          where u.key = l.key`)
      ),
    /** Takes the last failure of users back: it was not theirs. Whoever failed before as well is checked again at once. */
    unmark: (keys: ReadonlyArray<UserKey>) =>
      orDatabaseError(
        Effect.asVoid(sql`
          with locked as (
            select key from users where key = any(${arrayOf(sql, keys, "bigint")}) and failures > 0
              order by key for no key update
          )
          update users u set failures = u.failures - 1,
            checked_at = case when u.failures > 1 or u.listed_at is not null then u.checked_at end,
            retry_at = case when u.failures > 1 then ${now(sql)} end,
            error_reason = case when u.failures > 1 then u.error_reason end,
            error_message = case when u.failures > 1 then u.error_message end
          from locked where u.key = locked.key`)
      ),
    /** Gives a user the account's new name. Fails when that name is on record already, tracked or not. */
    rename: (key: UserKey, username: string) =>
      sql`update users set username = ${username}, etag = null, fingerprint = null where key = ${key}`.pipe(
        Effect.asVoid,
        Effect.catchReason("SqlError", "UniqueViolation", () =>
          Effect.fail(
            new UserConflict({
              message: `The account is now called ${username}, which is on record already. Untrack the old name, and track the new one if it is not`
            })
          )
        ),
        Effect.catchTag("SqlError", (error) => orDatabaseError(Effect.fail(error)))
      )
  }
})
