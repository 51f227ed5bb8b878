/** The tracked users: names and ids, and whether they are tracked. `Checks.ts` has what checks store about them. */
import { Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import { findAll, findFirst, findOne, hasRows } from "../database/statements.ts"
import { nowCalled } from "../domain/namedUsers.ts"
import { User, type UserDetails, UserId, UserKey, type Username } from "../domain/User.ts"
import type { RulesGiven } from "../domain/UserRules.ts"
import { giveRules, RuleColumns, ruleColumns } from "./fileRules.ts"
import { ProfileColumns, profileColumns, profileOf } from "./Profiles.ts"
import { fewTransactions, now, onWaitingConnection, selectList, sharedClient } from "./sql.ts"

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

const Key = Schema.Struct({ key: UserKey })

const NextId = Schema.Struct({ id: UserId })

/** A user on record, tracked or not. */
const OnRecord = Schema.Struct({
  key: UserKey,
  id: UserId,
  username: Schema.String,
  untrackedAt: Schema.NullOr(Schema.DateTimeUtc)
})

/** The user that has an id. */
const Holder = Schema.Struct({ username: Schema.String, untrackedAt: Schema.NullOr(Schema.DateTimeUtc) })

const noPublications = { pending: 0, sending: 0, published: 0, failed: 0, gone: 0, skipped: 0 }
const perState = Schema.optionalKey(Schema.Int)

const Details = Schema.Struct({
  ...User.to.fields,
  ...ProfileColumns.fields,
  ...RuleColumns,
  dealId: Schema.NullOr(Schema.Int),
  isDealChosen: Schema.Boolean,
  personId: Schema.NullOr(Schema.Int),
  isPersonChosen: Schema.Boolean,
  files: Schema.Int,
  /** Without the states that no publication has. */
  publications: Schema.Struct({
    pending: perState,
    sending: perState,
    published: perState,
    failed: perState,
    gone: perState,
    skipped: perState
  })
})

const columnsOf = (sql: SqlClient.SqlClient) =>
  selectList<keyof User>(sql, {
    login: "u.username",
    id: "u.id",
    githubId: "u.github_id",
    state: "case when u.failures > 0 then 'failing' when u.checked_at is null then 'new' else 'ok' end",
    trackedAt: "u.tracked_at",
    checkedAt: "u.checked_at",
    failures: "u.failures",
    retryAt: "u.retry_at",
    errorReason: "u.error_reason",
    errorMessage: "u.error_message"
  })

const details = (sql: SqlClient.SqlClient) => {
  const columns = columnsOf(sql)
  return findFirst(
    Details,
    (username: Username) => sql`
        select ${columns}, d.deal_id, coalesce(d.is_chosen, false) as is_deal_chosen, t.person_id,
          coalesce(t.is_chosen, false) as is_person_chosen, ${sql.literal(profileColumns)}, ${ruleColumns(sql)},
          (select count(*) from gist_files where user_key = u.key) as files,
          (select coalesce(jsonb_object_agg(state, n), '{}') from (
            select state, count(*) as n from publications where user_key = u.key group by state) s) as publications
        from users u left join deals d on d.user_key = u.key
          left join persons t on t.user_key = u.key left join profiles p on p.user_key = u.key
          left join file_rules r on r.user_key = u.key
        where lower(u.username) = lower(${username}) and u.untracked_at is null`
  )
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const shared = yield* sharedClient(sql)
  const waiting = yield* onWaitingConnection(sql)
  const columns = columnsOf(sql)
  const findKey = findFirst(
    Key,
    (username: string) => sql`
      select key from users where lower(username) = lower(${username}) and untracked_at is null`
  )
  /** The key of a tracked user. */
  const key = Effect.fnUntraced(function* (username: string) {
    const found = yield* findKey(username)
    return Option.isSome(found) ? found.value.key : yield* new UserNotTracked({ username })
  })
  const untrack = findFirst(User, (username: Username) =>
    // An untracked user's profile is never due, so that the profiles that are due are found first.
    waiting(sql`
        with u as (
          update users set untracked_at = ${now(sql)}
          where lower(username) = lower(${username}) and untracked_at is null returning *
        ), profile as (update profiles set due_at = 'infinity' where user_key in (select key from u))
        select ${columns} from u`)
  )
  const findDetails = details(sql)

  const findRules = findFirst(
    Schema.Struct(RuleColumns),
    (username: Username) => sql`
      select ${ruleColumns(sql)} from users u join file_rules r on r.user_key = u.key
      where lower(u.username) = lower(${username})`
  )

  const countChoices = findOne(
    Schema.Struct({ deals: Schema.Int, persons: Schema.Int }),
    () => sql`
      select count(*) filter (where d.is_chosen) as deals, count(*) filter (where t.is_chosen) as persons
      from users u left join deals d on d.user_key = u.key left join persons t on t.user_key = u.key
      where u.untracked_at is null`
  )

  return {
    track: tracking(sql),
    /** The user's own rules on files, tracked or not. Empty for a user who has none. */
    rules: (username: Username) =>
      Effect.map(
        findRules(username),
        Option.getOrElse(() => ({}))
      ),
    /** The key of a tracked user. */
    key,
    untrack: Effect.fnUntraced(function* (username: Username) {
      const user = yield* untrack(username)
      return Option.isSome(user) ? user.value : yield* new UserNotTracked({ username })
    }),
    /** Tracked users by ascending id, from after `after` on. */
    list: findAll(
      User,
      (page: { readonly after: number; readonly limit: number; readonly state?: "failing" | undefined }) =>
        shared`
          select ${columns} from users u where u.untracked_at is null and u.id > ${page.after}
            ${sql.literal(page.state === undefined ? "" : "and u.failures > 0")}
          order by u.id limit ${page.limit}`.withoutTransform
    ),
    details: Effect.fnUntraced(function* (
      username: Username
    ): Effect.fn.Return<Omit<UserDetails, "unusedChoices">, DatabaseError | UserNotTracked> {
      const found = yield* findDetails(username)
      if (Option.isNone(found)) return yield* new UserNotTracked({ username })
      const { files, publications, ...user } = found.value
      const { dealId, exclude, forks, include, isDealChosen, isPersonChosen, languages, maxFileSize, personId } = user
      return {
        user,
        profile: profileOf(user),
        dealId,
        isDealChosen,
        personId,
        isPersonChosen,
        rules: { include, exclude, languages, maxFileSize, forks },
        counts: { files, ...noPublications, ...publications }
      }
    }),
    /** How many tracked users have a deal, and a person, that somebody chose. */
    choices: countChoices(undefined),
    /** Gives a user the account's new name. Fails when that name is on record already, tracked or not. */
    rename: (key: UserKey, username: string) =>
      sql`update users set username = ${username}, etag = null, fingerprint = null where key = ${key}`.pipe(
        Effect.asVoid,
        Effect.catchReason("SqlError", "UniqueViolation", () =>
          Effect.fail(
            new UserConflict({
              message: `${nowCalled(username)}, which is on record already. Untrack the old name, and track the new one if it is not`
            })
          )
        ),
        Effect.catchTag("SqlError", (error) => orDatabaseError(Effect.fail(error)))
      )
  }
})

/** How a user is to be tracked: by default under the next free id, with the rules that the user has. */
export interface Tracking {
  readonly id?: UserId | undefined
  readonly rules?: RulesGiven | undefined
}

/** A name that is tracked already, under another id. */
const trackedAs = ({ id, username }: typeof OnRecord.Type) =>
  new UserConflict({
    message: `${username} is already tracked under the id ${id}. Use that id, or untrack it first`
  })

const idTaken = (id: UserId, { untrackedAt, username }: typeof Holder.Type) =>
  new UserConflict({
    message: `The id ${id} belongs to ${username}${untrackedAt === null ? "" : ", who is no longer tracked"}. Choose another id`
  })

/** The profile of the user `u` that is tracked from now on is due. */
const dueProfile = (sql: SqlClient.SqlClient) => sql`
  insert into profiles (user_key, due_at) select key, tracked_at from u
  on conflict (user_key) do update set due_at = excluded.due_at`

const trackingStatements = (sql: SqlClient.SqlClient) => {
  const columns = columnsOf(sql)
  return {
    nextId: findOne(
      NextId,
      () => sql`select coalesce(max(id), 0) + 1 as id from users where id < ${Number.MAX_SAFE_INTEGER}`
    ),
    insert: findFirst(
      User,
      ({ id, username }: { readonly id: UserId; readonly username: Username }) => sql`
      with u as (
        insert into users (id, username, tracked_at) values (${id}, ${username}, ${now(sql)})
        on conflict do nothing returning *
      ), profile as (${dueProfile(sql)})
      select ${columns} from u`
    ),
    onRecord: findFirst(
      OnRecord,
      (username: Username) => sql`
      select key, id, username, untracked_at from users where lower(username) = lower(${username}) for update`
    ),
    holder: findFirst(
      Holder,
      (id: UserId) => sql`
        select username, untracked_at from users where id = ${id}`
    ),
    key: findOne(Key, (id: UserId) => sql`select key from users where id = ${id}`),
    find: findFirst(User, (key: UserKey) => sql`select ${columns} from users u where key = ${key}`),
    isTaken: ({ id, key }: { readonly id: UserId; readonly key: UserKey }) =>
      hasRows(sql`select 1 from users where id = ${id} and key <> ${key}`),
    /** The user was tracked before: found files stay, and the next check is like a first one, from the list's first page on. */
    revive: findFirst(
      User,
      ({ id, key, username }: { readonly id: UserId; readonly key: UserKey; readonly username: Username }) => sql`
      with u as (
        update users set id = ${id}, username = ${username}, tracked_at = ${now(sql)}, untracked_at = null,
        baselined_at = null, etag = null, fingerprint = null, listed_at = null, checked_at = null, rate_class = 0,
        failures = 0, retry_at = null, error_reason = null, error_message = null
        where key = ${key} returning *
      ), profile as (${dueProfile(sql)}), listing as (delete from listings where user_key in (select key from u))
      select ${columns} from u`
    )
  }
}

/** Tracks a user: a new one, or one that was tracked before. */
const tracking = (sql: SqlClient.SqlClient) => {
  const statements = trackingStatements(sql)
  const transaction = fewTransactions(sql)

  /** A name that is on record, in the present transaction. `None` when another process was faster. */
  const trackKnown = Effect.fnUntraced(function* (
    username: Username,
    wanted: Option.Option<UserId>,
    present: typeof OnRecord.Type
  ) {
    const { key } = present
    const isOther = Option.isSome(wanted) && present.id !== wanted.value
    if (present.untrackedAt === null) {
      if (isOther) return yield* trackedAs(present)
      return Option.map(yield* statements.find(key), (user) => ({ user, created: false }))
    }
    const id = Option.getOrElse(wanted, () => present.id)
    if (yield* statements.isTaken({ id, key })) {
      return yield* new UserConflict({ message: `The id ${id} belongs to another user. Choose another id` })
    }
    return Option.map(yield* statements.revive({ id, key, username }), (user) => ({ user, created: true }))
  })

  /** Tracks a user in the present transaction. `None` when another process was faster. */
  const tryTrack = Effect.fnUntraced(function* (username: Username, wanted: Option.Option<UserId>) {
    const id = Option.isSome(wanted) ? wanted.value : (yield* statements.nextId()).id
    const inserted = yield* statements.insert({ id, username })
    if (Option.isSome(inserted)) return Option.some({ user: inserted.value, created: true })
    const present = yield* statements.onRecord(username)
    if (Option.isSome(present)) return yield* trackKnown(username, wanted, present.value)
    if (Option.isNone(wanted)) return Option.none()
    const holder = yield* statements.holder(id)
    if (Option.isNone(holder)) return Option.none()
    return yield* idTaken(id, holder.value)
  })

  /** Rules are given in the same transaction: a server may check a user who is tracked at any time. */
  const trackRuled = Effect.fnUntraced(function* (username: Username, { id, rules }: Tracking) {
    const tracked = yield* tryTrack(username, Option.fromNullishOr(id))
    if (Option.isSome(tracked) && rules !== undefined) {
      yield* giveRules(sql, (yield* statements.key(tracked.value.user.id)).key, rules)
    }
    return tracked
  })

  return Effect.fnUntraced(function* (username: Username, wanted: Tracking) {
    for (let round = 0; round < 20; round++) {
      const result = yield* transaction(trackRuled(username, wanted)).pipe(
        Effect.catchReason("SqlError", "UniqueViolation", () => Effect.succeedNone),
        Effect.catchTag("SqlError", (error) => orDatabaseError(Effect.fail(error)))
      )
      if (Option.isSome(result)) return result.value
    }
    return yield* new UserConflict({ message: `No free id was found for ${username}. Give one with the request` })
  })
}
