/**
 * Public profiles of tracked users. A table of its own, so that a changed profile leaves the row that checks update alone.
 *
 * A row is there from the moment that a user is tracked. `due_at` is when the profile is read by a request of its own:
 * never, while the user is untracked.
 */
import { Effect, Random, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execute, findFirst } from "../database/statements.ts"
import type { Profile } from "../domain/Profile.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { arrayOf, inFuture, now } from "./sql.ts"

/** What a batch shows of a profile. */
export interface BatchRow {
  readonly userKey: UserKey
  readonly name: string | null
  readonly company: string | null
  readonly location: string | null
  readonly website: string | null
  readonly bio: string | null
  /** RFC 3339, UTC. */
  readonly accountCreatedAt: string | null
  /** Changes with these fields. */
  readonly fingerprint: string
}

/** What a request of its own shows of a profile. */
export interface ProfileRow extends Omit<BatchRow, "fingerprint"> {
  readonly email: string | null
  readonly etag: string | null
}

/** A user whose profile is due. */
export const DueProfile = Schema.Struct({
  userKey: UserKey,
  username: Schema.String,
  githubId: Schema.NullOr(Schema.Int),
  etag: Schema.NullOr(Schema.String)
})
export type DueProfile = typeof DueProfile.Type

/** The columns of a profile beside those of other tables. */
export const ProfileColumns = Schema.Struct({
  profileReadAt: Schema.NullOr(Schema.DateTimeUtc),
  profileName: Schema.NullOr(Schema.String),
  profileEmail: Schema.NullOr(Schema.String),
  profileCompany: Schema.NullOr(Schema.String),
  profileLocation: Schema.NullOr(Schema.String),
  profileWebsite: Schema.NullOr(Schema.String),
  profileBio: Schema.NullOr(Schema.String),
  profileAccountCreatedAt: Schema.NullOr(Schema.DateTimeUtc)
})

/** The profile of these columns; `null` until it was read. */
export const profileOf = (row: typeof ProfileColumns.Type): Profile | null =>
  row.profileReadAt === null
    ? null
    : {
        name: row.profileName,
        email: row.profileEmail,
        company: row.profileCompany,
        location: row.profileLocation,
        website: row.profileWebsite,
        bio: row.profileBio,
        accountCreatedAt: row.profileAccountCreatedAt
      }

/** The same columns in SQL, of `profiles p`. */
export const profileColumns = `p.read_at as profile_read_at, p.name as profile_name, p.email as profile_email,
  p.company as profile_company, p.location as profile_location, p.website as profile_website, p.bio as profile_bio,
  p.account_created_at as profile_account_created_at`

const takeDue = (sql: SqlClient.SqlClient) =>
  findFirst(
    DueProfile,
    () => sql`
      with due as (
        select d.user_key from profiles d join users o on o.key = d.user_key
        where d.due_at <= ${now(sql)} and o.untracked_at is null order by d.due_at limit 1 for update of d skip locked
      ), taken as (
        update profiles p set due_at = ${inFuture(sql, Timing.profileRetryDelay)}
        from due where p.user_key = due.user_key returning p.user_key, p.etag
      )
      select t.user_key, u.username, u.github_id, t.etag from taken t join users u on u.key = t.user_key`
  )

/** Users that are on record, locked against being forgotten meanwhile, in order of their keys. */
const onRecord = (sql: SqlClient.SqlClient, keys: ReadonlyArray<UserKey>) =>
  sql`(select key from users where key = any(${arrayOf(sql, keys, "bigint")}) order by key for key share)`

export const make = Effect.map(SqlClient.SqlClient, (sql) => {
  const take = takeDue(sql)
  const inAMonth = Effect.map(Random.next, (random) => inFuture(sql, Timing.jittered(Timing.profileInterval, random)))
  return {
    /** Stores what batches show of profiles. E-mail addresses stay: batches do not show them. */
    putBatch: (rows: ReadonlyArray<BatchRow>) =>
      execute(sql`
        with l as (
          select * from jsonb_to_recordset(${JSON.stringify(rows.map(batchRowOf))}::jsonb) as l(user_key bigint, name text,
            company text, location text, website text, bio text, account_created_at timestamptz, fingerprint text)
        )
        insert into profiles as p (user_key, name, company, location, website, bio, account_created_at, fingerprint,
          read_at, due_at)
        select l.user_key, l.name, l.company, l.location, l.website, l.bio, l.account_created_at, l.fingerprint,
          ${now(sql)}, ${now(sql)}
        from l join ${onRecord(
          sql,
          rows.map(({ userKey }) => userKey)
        )} u on u.key = l.user_key
        order by l.user_key
        on conflict (user_key) do update set name = excluded.name, company = excluded.company,
          location = excluded.location, website = excluded.website, bio = excluded.bio,
          account_created_at = excluded.account_created_at, fingerprint = excluded.fingerprint, read_at = excluded.read_at`),
    /** Takes the profile that is due longest. Another one is taken for it only after `Timing.profileRetryDelay`. */
    takeDue: take(),
    /** Stores a profile that was read by a request. The next one is due in a month. */
    put: Effect.fnUntraced(function* (row: ProfileRow) {
      yield* execute(sql`
        update profiles set name = ${row.name}, email = ${row.email}, company = ${row.company},
          location = ${row.location}, website = ${row.website}, bio = ${row.bio},
          account_created_at = ${row.accountCreatedAt}::timestamptz, etag = ${row.etag}, read_at = ${now(sql)},
          due_at = ${yield* inAMonth}
        where user_key = ${row.userKey}`)
    }),
    /** Notes that a profile is still the stored one. */
    confirm: Effect.fnUntraced(function* (userKey: UserKey) {
      yield* execute(
        sql`update profiles set read_at = ${now(sql)}, due_at = ${yield* inAMonth} where user_key = ${userKey}`
      )
    })
  }
})

const batchRowOf = ({ accountCreatedAt, userKey, ...row }: BatchRow) => ({
  ...row,
  user_key: userKey,
  account_created_at: accountCreatedAt
})
