/** What was created twice: audits that find it, and the list of what is to be deleted. */
import { type Duration, Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { execute, findAll } from "../database/statements.ts"
import * as Timing from "../domain/Timing.ts"
import { UserKey } from "../domain/User.ts"
import { inFuture, now } from "./sql.ts"

/** A publication that was sent again after lookups without a result, and is due for another lookup. */
const Audit = Schema.Struct({
  key: Schema.Int,
  remoteId: Schema.String,
  target: Schema.String,
  /** Targets of requests before the last one, repeatedly when they were sent again there. */
  resentTargets: Schema.NullOr(Schema.Array(Schema.String)),
  resentSince: Schema.DateTimeUtc,
  /** Seconds since the publication, by the database's clock. */
  age: Schema.Finite,
  userKey: UserKey,
  username: Schema.String,
  gistId: Schema.String,
  filename: Schema.String,
  htmlUrl: Schema.String,
  description: Schema.NullOr(Schema.String),
  type: Schema.NullOr(Schema.String),
  size: Schema.Int
})

export interface OfPublication {
  readonly key: number
}

/** What is to be deleted. `age`: seconds since it was found, by the database's clock. */
const Duplicate = Schema.Struct({ remoteId: Schema.String, age: Schema.Finite })

/** What could not be deleted, and why. */
const Undeleted = Schema.Struct({ remoteId: Schema.String, errorMessage: Schema.String })

/** Notes remote ids to be deleted, in the caller's transaction. The publication may be gone, with a user that was forgotten. */
export const noteDuplicates = (sql: SqlClient.SqlClient, { key }: OfPublication, remoteIds: ReadonlyArray<string>) =>
  remoteIds.length === 0
    ? Effect.void
    : Effect.asVoid(sql`
        insert into duplicates (remote_id, publication_key, found_at)
        select remote_id, (select p.key from publications p where p.key = ${key}), clock_timestamp() from unnest(${remoteIds}::text[]) remote_id on conflict do nothing`)

export const make = (sql: SqlClient.SqlClient) => ({
  /** Takes up to `limit` due audits. An audit that does not end is due again after `Timing.auditRetryDelay`. */
  audits: findAll(
    Audit,
    (limit: number) => sql`
      with due as (
        select key from publications where audit_at <= ${now(sql)}
        order by audit_at limit ${limit} for update skip locked
      ), taken as (
        update publications p set audit_at = ${inFuture(sql, Timing.auditRetryDelay)}
        from due where p.key = due.key returning p.*
      )
      select p.key, p.remote_id, p.target, p.resent_targets, p.resent_since,
        extract(epoch from clock_timestamp() - p.published_at)::float8 as age, p.user_key, u.username, f.gist_id, f.filename, f.html_url,
        f.description, f.type, f.size
      from taken p join users u on u.key = p.user_key join gist_files f on f.key = p.file_key`
  ),
  /** Ends an audit, and notes the duplicates that it found. */
  audited: (audit: OfPublication, duplicates: ReadonlyArray<string>) =>
    orDatabaseError(
      sql.withTransaction(
        Effect.gen(function* () {
          yield* noteDuplicates(sql, audit, duplicates)
          yield* sql`update publications set audit_at = null, resent_since = null, resent_targets = null where key = ${audit.key}`
        })
      )
    ),
  /** Notes what was created twice. */
  addDuplicates: (publication: OfPublication, remoteIds: ReadonlyArray<string>) =>
    orDatabaseError(noteDuplicates(sql, publication, remoteIds)),
  /** Repeats an audit that failed after that wait. */
  retryAudit: ({ key }: OfPublication, wait: Duration.Duration) =>
    execute(sql`update publications set audit_at = ${inFuture(sql, wait)} where key = ${key}`),
  /** What is due to be deleted, the first due first. */
  duplicates: findAll(
    Duplicate,
    () => sql`
      select remote_id, extract(epoch from clock_timestamp() - found_at)::float8 as age from duplicates
      where due_at is null or due_at <= ${now(sql)} order by coalesce(due_at, found_at) limit 100`
  )(),
  duplicateDeleted: (remoteId: string) => execute(sql`delete from duplicates where remote_id = ${remoteId}`),
  /** Repeats a deletion that failed after that wait. */
  retryDuplicate: (
    remoteId: string,
    { message, wait }: { readonly message: string; readonly wait: Duration.Duration }
  ) =>
    execute(sql`
      update duplicates set due_at = ${inFuture(sql, wait)}, error_message = ${message} where remote_id = ${remoteId}`),
  /** Up to 100 duplicates whose last deletion failed, the oldest first. */
  undeleted: findAll(
    Undeleted,
    () => sql`
      select remote_id, error_message from duplicates where error_message is not null order by found_at limit 100`
  )()
})
