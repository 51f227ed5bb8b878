/** The tracked users: names and ids, and whether they are tracked. `Checks.ts` has what checks store about them. */
import { type DateTime, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError, rows } from "../database/Database.ts"
import { User, UserDetails, type UserId, UserKey, type Username } from "../domain/User.ts"
import { now } from "./sql.ts"

/** The name or the id belongs to another user. */
export class UserConflict extends Schema.TaggedError<UserConflict>()("UserConflict", { message: Schema.String }) {}

/** No user of this name is tracked. */
export class UserNotTracked extends Schema.TaggedError<UserNotTracked>()("UserNotTracked", {
  username: Schema.String
}) {
  override get message(): string {
    return `${this.username} is not tracked. Track it first: gitpip track ${this.username}`
  }
}

const Details = Schema.Struct({ details: UserDetails })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const columns = sql.literal(`u.username as login, u.id, u.github_id,
    case when u.failures > 0 then 'failing' when u.checked_at is null then 'new' else 'ok' end as state,
    u.tracked_at, u.checked_at, u.failures, u.retry_at, u.error_reason, u.error_message`)
  const users = rows(User)
  const nextId = sql<{
    id: number
  }>`select coalesce(max(id), 0) + 1 as id from users where id < ${Number.MAX_SAFE_INTEGER}`.pipe(
    Effect.map((found) => found[0]?.id ?? 1)
  )

  /** Tracks a user in the present transaction. `None` when another process was faster. */
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
    // The user was tracked before: found files stay, and the next check is like a first one.
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
