/**
 * Which users to check, and what a check stores about a user. No other file writes these columns of `users`, but that
 * tracking and renaming a user clears them.
 *
 * Guarantee: an ETag is stored only in the transaction that stores all files of the list that the ETag stands for.
 */
import { Duration, Effect, Option, Schema } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { execute, findAll, findOne } from "../database/statements.ts"
import * as Cadence from "../domain/Cadence.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { arrayOf, interval, now, retryDeadlocks } from "./sql.ts"

/** A user as a check needs it. */
export const ScanUser = Schema.Struct({
  key: UserKey,
  username: Schema.String,
  githubId: Schema.NullOr(Schema.Int),
  etag: Schema.NullOr(Schema.String),
  pages: Schema.Int,
  listedAt: Schema.NullOr(Schema.DateTimeUtc),
  /** Whether the last full listing is a day old, or there is none. */
  isListingDue: Schema.Boolean,
  /** Whether nothing is stored of the user's gists: no file, and no listing that stopped. */
  isNew: Schema.Boolean,
  failures: Schema.Int,
  fingerprint: Schema.NullOr(Schema.String),
  /** The fingerprint of the profile that a batch last showed. */
  profileFingerprint: Schema.NullOr(Schema.String)
})
export type ScanUser = typeof ScanUser.Type

/** What a check that read a user's list proves, besides files. */
export interface ListingResult {
  readonly userKey: UserKey
  /** GitHub's number of the account, when the list shows it. */
  readonly githubId: number | null
  readonly etag: string | null
  readonly pages: number
  /** Whether the last page was read. */
  readonly isFullListing: boolean
}

/** What every check stores. */
export interface UserCheck {
  readonly key: UserKey
  /** What a batch showed; `null` leaves the stored fingerprint. */
  readonly fingerprint: string | null
  /** What new gists add to the rate, in gists a day as of now; `null` leaves the stored rate. */
  readonly gained: number | null
  /** Whether all of the user's gists were seen. */
  readonly isFullListing: boolean
  readonly failure: CheckFailure | null
}

/** Why a check failed, for a reason of this user. */
export interface CheckFailure {
  /** Failures in a row. */
  readonly count: number
  readonly reason: string
  readonly message: string
  /** The wait for the next check. */
  readonly retryIn: Duration.Duration
}

/** Stores what lists prove. Runs in the transaction that stores the lists' files. */
export const recordListings = (sql: SqlClient.SqlClient, listings: ReadonlyArray<ListingResult>) => sql`
  update users u set etag = l.etag, pages = l.pages, github_id = coalesce(u.github_id, l.github_id),
    listed_at = case when l.is_full_listing then ${now(sql)} else u.listed_at end,
    baselined_at = case when l.is_full_listing then coalesce(u.baselined_at, ${now(sql)}) else u.baselined_at end
  from jsonb_to_recordset(${JSON.stringify(
    listings.map(({ etag, githubId, isFullListing, pages, userKey }) => ({
      key: userKey,
      etag,
      pages,
      github_id: githubId,
      is_full_listing: isFullListing
    }))
  )}::jsonb) as l(key bigint, etag text, pages int, github_id bigint, is_full_listing boolean)
  where u.key = l.key and u.key = any(${arrayOf(
    sql,
    listings.map(({ userKey }) => userKey),
    "bigint"
  )})`

const ClassSize = Schema.Struct({ rateClass: Schema.Int, n: Schema.Int })

const Now = Schema.Struct({ at: Schema.DateTimeUtc })

const JustTracked = Schema.Struct({ key: UserKey, trackedAt: Schema.DateTimeUtc })

const OldestCheck = Schema.Struct({ at: Schema.NullOr(Schema.DateTimeUtc) })

/** A user that the feed may name. */
const Account = Schema.Struct({ key: UserKey, githubId: Schema.NullOr(Schema.Int), username: Schema.String })

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const countClasses = findAll(
    ClassSize,
    () => sql`
        select rate_class, count(*) as n from users where untracked_at is null and failures = 0 group by rate_class`
  )
  return {
    ...usersToCheck(sql),
    ...recording(sql),
    /** The number of tracked users by class of rates, without failing users: the schedule does not plan their checks. */
    classes: Effect.map(countClasses(), (found) => {
      const counts = Array.from({ length: Cadence.classes }, () => 0)
      for (const { n, rateClass } of found) counts[rateClass] = n
      return counts
    }),
    /** The database's clock. */
    now: Effect.map(findOne(Now, () => sql`select ${now(sql)} as at`)(), ({ at }) => at),
    /** When the user was checked whose last check is oldest, of users that do not fail. */
    oldestCheck: Effect.map(oldestCheck(sql)(), ({ at }) => Option.fromNullishOr(at)),
    /**
     * Tracked users by their accounts' numbers, or by name while a user's number is not known. Unchecked users are left out:
     * their first check is about to list all their gists.
     */
    ofAccounts: ofAccounts(sql)
  }
})

const oldestCheck = (sql: SqlClient.SqlClient) => {
  const allClasses = Array.from({ length: Cadence.classes }, (_, number) => number)
  return findOne(
    OldestCheck,
    () => sql`
        select min(seen.checked_at) as at from unnest(${allClasses}::smallint[]) as class(number) cross join lateral (
          select checked_at from users
          where untracked_at is null and failures = 0 and rate_class = class.number and checked_at is not null
          order by checked_at limit 1) seen`
  )
}

const ofAccounts = (sql: SqlClient.SqlClient) =>
  findAll(
    Account,
    (accounts: ReadonlyArray<{ readonly id: number; readonly login: string }>) => sql`
          select key, github_id, username from users
            where github_id = any(${arrayOf(
              sql,
              accounts.map(({ id }) => id),
              "bigint"
            )}) and untracked_at is null and checked_at is not null
          union all
          select key, github_id, username from users
            where lower(username) = any(${accounts.map(({ login }) => login.toLowerCase())}::text[])
              and github_id is null and untracked_at is null and checked_at is not null`
  )

/** The users of a scan. */
const usersToCheck = (sql: SqlClient.SqlClient) => {
  // Hazard: PostgreSQL may answer `exists` by a hash of the whole table. A subquery for one value is answered by the index.
  const scanColumns = sql`u.key, u.username, u.github_id, u.etag, u.pages, u.listed_at, u.failures, u.fingerprint,
    (select p.fingerprint from profiles p where p.user_key = u.key) as profile_fingerprint,
    coalesce(u.listed_at <= ${now(sql)} - ${interval(sql, Timing.fullListingInterval)}, true) as is_listing_due,
    u.listed_at is null and (select l.user_key from listings l where l.user_key = u.key) is null
      and (select f.key from gist_files f where f.user_key = u.key limit 1) is null as is_new`

  return {
    /** Users in order of their keys, for a full scan. Users in a wait after a failure only with `includeFailing`. */
    forScan: findAll(
      ScanUser,
      (page: {
        readonly after: number
        readonly until: number
        readonly limit: number
        readonly includeFailing: boolean
      }) => sql`
        select ${scanColumns} from users u
        where key > ${page.after} and key <= ${page.until} and untracked_at is null
          and (${page.includeFailing} or retry_at is null or retry_at <= ${now(sql)})
        order by key limit ${page.limit}`
    ),
    /** Tracked users by key, whether due or not. */
    someForScan: findAll(
      ScanUser,
      (keys: ReadonlyArray<UserKey>) => sql`
        select ${scanColumns} from users u where key = any(${arrayOf(sql, keys, "bigint")}) and untracked_at is null
        order by key`
    ),
    /**
     * Unchecked users that were tracked after an instant, in that order. None while users are still being added: a batch
     * costs the same for one user as for a hundred.
     */
    justTracked: findAll(
      JustTracked,
      ({
        after,
        limit,
        quiet
      }: {
        readonly after: Date
        readonly limit: number
        readonly quiet: Duration.Duration
      }) => sql`
        select key, tracked_at from (
          select key, tracked_at, max(tracked_at) over () as last, count(*) over () as n from (
            select key, tracked_at from users
            where untracked_at is null and checked_at is null and failures = 0
              and tracked_at >= ${after}::timestamptz + interval '1 millisecond'
            order by tracked_at limit ${limit}) t) u
        where n = ${limit} or last <= ${now(sql)} - ${interval(sql, quiet)}
        order by tracked_at`
    ),
    /**
     * Users whose check is due, the one that is due longest first: unchecked users before all others, failing users at the
     * end of their wait, other users `intervals[c]` milliseconds after the last check (class `c`) or when last checked before `before`.
     */
    due: dueUsers(sql, scanColumns)
  }
}

const dueUsers = (sql: SqlClient.SqlClient, scanColumns: Statement.Fragment) =>
  findAll(
    ScanUser,
    (options: {
      readonly intervals: ReadonlyArray<number>
      readonly before: Date
      readonly limit: number
      /** Only users with an ETag. */
      readonly listed?: boolean
    }) => {
      const { before, intervals, limit } = options
      const which = sql.literal(options.listed === true ? "and etag is not null" : "")
      return sql`
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
      ) d join users u using (key) order by d.due, key`
    }
  )

/** What checks store about users. */
const recording = (sql: SqlClient.SqlClient) => {
  /** `Cadence.classOf` of a column. */
  const classOf = (column: string) =>
    sql`least(greatest(round(log(2, greatest(${sql.literal(column)} * ${2 ** 10}::float8, 1e-9)::numeric)), 0), ${Cadence.classes - 1})`

  /** Users are locked in order of their keys, as in every statement that locks several. */
  const locked = (keys: ReadonlyArray<UserKey>) => sql`
    select key, failures, rate, rate_at from users where key = any(${arrayOf(sql, keys, "bigint")})
    order by key for no key update`

  return {
    /** Records many checks in one statement. */
    record: (checks: ReadonlyArray<UserCheck>) =>
      retryDeadlocks(
        execute(sql`
          with locked as (${locked(checks.map(({ key }) => key))})
          update users u set checked_at = ${now(sql)}, failures = l.failures,
            fingerprint = coalesce(l.fingerprint, u.fingerprint), rate = coalesce(new.rate, u.rate),
            rate_at = case when new.rate is null then u.rate_at else ${now(sql)} end,
            rate_class = case when new.rate is null then u.rate_class else ${classOf("new.rate")} end,
            listed_at = case when l.is_full_listing then ${now(sql)} else u.listed_at end,
            retry_at = ${now(sql)} + l.retry_in * interval '1 second', error_reason = l.error_reason,
            error_message = l.error_message
          from jsonb_to_recordset(${JSON.stringify(checks.map(recordOf))}::jsonb)
            as l(key bigint, fingerprint text, gained float8, is_full_listing boolean,
              failures int, retry_in float8, error_reason text, error_message text)
            join locked on locked.key = l.key
            -- The locked row has what a check that ended meanwhile has added to the rate. The row of "u" may not have it.
            cross join lateral (
              select locked.rate * power(2, -greatest(extract(epoch from ${now(sql)}
                - coalesce(locked.rate_at, ${now(sql)})), 0) / ${Duration.toSeconds(Cadence.halfLife)}::float8)::float8
                + l.gained as rate
            ) new
          where u.key = l.key`)
      ),
    /**
     * Takes the last failure of users back, because it was not theirs. A user that failed before as well is due at once, and
     * so is an unlisted user. Hazard: `due` finds users without a time of a check in the lowest class alone.
     */
    unmark: (keys: ReadonlyArray<UserKey>) =>
      retryDeadlocks(
        execute(sql`
          with locked as (${locked(keys)})
          update users u set failures = u.failures - 1,
            checked_at = case when u.failures > 1 or u.listed_at is not null then u.checked_at end,
            rate_class = case when u.failures > 1 or u.listed_at is not null then u.rate_class else 0 end,
            retry_at = case when u.failures > 1 then ${now(sql)} end,
            error_reason = case when u.failures > 1 then u.error_reason end,
            error_message = case when u.failures > 1 then u.error_message end
          from locked where u.key = locked.key and locked.failures > 0`)
      )
  }
}

const recordOf = ({ failure, fingerprint, gained, isFullListing, key }: UserCheck) => ({
  key,
  fingerprint,
  gained,
  is_full_listing: isFullListing,
  failures: failure?.count ?? 0,
  retry_in: failure === null ? null : Duration.toSeconds(failure.retryIn),
  error_reason: failure?.reason ?? null,
  error_message: failure?.message ?? null
})
