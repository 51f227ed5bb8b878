/**
 * What in Pipedrive belongs to a user: the deal that bears the user's name, and the person. Each kind has a table of the same
 * columns, and a row for each user.
 */
import { type Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import { execute, findAll, findFirst, findOne, hasRows } from "../database/statements.ts"
import type { UserKey } from "../domain/User.ts"
import { arrayOf, inFuture } from "./sql.ts"

const Leased = Schema.Struct({
  /** Since when a target may exist whose creation was not confirmed. */
  sentAt: Schema.NullOr(Schema.DateTimeUtc),
  /** Seconds since `sentAt`, by the database's clock. */
  sentAgo: Schema.NullOr(Schema.Finite),
  /** The name that the target was to have. `null` when nothing was sent, or by a version of Gitpip that did not note it. */
  sentAs: Schema.NullOr(Schema.String),
  epoch: Schema.Int
})

/** A user's target, or the lease to find or create it, or neither while another process holds that lease. */
export interface TargetRow {
  readonly id: number | null
  readonly sentAt: (typeof Leased.Type)["sentAt"]
  readonly sentAgo: number | null
  readonly sentAs: string | null
  readonly epoch: number
  /** Whether this caller may now find or create the target. */
  readonly leased: boolean
}

const Holder = Schema.Struct({ id: Schema.NullOr(Schema.Int) })

/** The right to find or create a user's target, until the lease ends or another process is given it. */
export interface TargetLease {
  readonly userKey: UserKey
  readonly epoch: number
}

/** A kind of target: its table, and the column of Pipedrive's id. */
interface Kind {
  readonly table: "deals" | "persons"
  readonly column: "deal_id" | "person_id"
}

/** Finds the user's target; `null` while none is known. */
const holderOf = (sql: SqlClient.SqlClient, { column, table }: Kind) => {
  const find = findFirst(
    Holder,
    (userKey: UserKey) => sql`select ${sql(column)} as id from ${sql(table)} where user_key = ${userKey}`
  )
  return (userKey: UserKey) => Effect.map(find(userKey), (found) => (Option.isSome(found) ? found.value.id : null))
}

/** Remembers a target in the present transaction. Answers the target that holds. */
const recording = (sql: SqlClient.SqlClient, { column, table }: Kind, holder: ReturnType<typeof holderOf>) =>
  Effect.fnUntraced(function* (userKey: UserKey, id: number, created: string | undefined) {
    const won = yield* sql`
              insert into ${sql(table)} as t (user_key, ${sql(column)})
              select key, ${id}::bigint from users where key = ${userKey}
              on conflict (user_key) do update
                set ${sql(column)} = excluded.${sql(column)}, sent_at = null, sent_as = null, lease_until = null
              where t.${sql(column)} is null or t.${sql(column)} = excluded.${sql(column)} returning 1 as ok`
    if (won.length > 0) return id
    if (created !== undefined) {
      yield* sql`insert into duplicates (remote_id, found_at) values (${created}, clock_timestamp())
                on conflict do nothing`
    }
    return (yield* holder(userKey)) ?? id
  })

const ofKind = (sql: SqlClient.SqlClient, kind: Kind) => {
  const { column, table } = kind
  const holder = holderOf(sql, kind)
  const record = recording(sql, kind, holder)
  const lease = findFirst(
    Leased,
    ({ lease, userKey }: { readonly userKey: UserKey; readonly lease: Duration.Duration }) => sql`
        insert into ${sql(table)} as t (user_key, lease_until) values (${userKey}, ${inFuture(sql, lease)})
        on conflict (user_key) do update set lease_until = excluded.lease_until, epoch = t.epoch + 1
        where t.${sql(column)} is null and (t.lease_until is null or t.lease_until < clock_timestamp())
        returning sent_at, extract(epoch from clock_timestamp() - sent_at)::float8 as sent_ago, sent_as, epoch`
  )
  const others = findAll(
    Schema.Struct({ id: Schema.Int }),
    ({ ids, userKey }: { readonly userKey: UserKey; readonly ids: ReadonlyArray<number> }) => sql`
        select ${sql(column)} as id from ${sql(table)}
        where user_key <> ${userKey} and ${sql(column)} = any(${arrayOf(sql, ids, "bigint")})`
  )
  return {
    /** The user's target, or the lease to find or create it, or neither while another process holds that lease. */
    claim: Effect.fnUntraced(function* (
      userKey: UserKey,
      duration: Duration.Duration
    ): Effect.fn.Return<TargetRow, DatabaseError> {
      const claimed = yield* lease({ userKey, lease: duration })
      if (Option.isSome(claimed)) return { id: null, ...claimed.value, leased: true }
      return { id: yield* holder(userKey), sentAt: null, sentAgo: null, sentAs: null, epoch: 0, leased: false }
    }),
    /** Notes that a create with this name is sent now. `false` when the lease is lost or less than `margin` of it is left. */
    beginSend: (
      { epoch, userKey }: TargetLease,
      { as, margin }: { readonly as: string; readonly margin: Duration.Duration }
    ) =>
      hasRows(sql`
          update ${sql(table)} set sent_at = coalesce(sent_at, clock_timestamp()), sent_as = ${as}
          where user_key = ${userKey} and epoch = ${epoch} and ${sql(column)} is null
            and lease_until > ${inFuture(sql, margin)}
          returning 1 as ok`),
    /** Nothing was created. */
    clear: ({ epoch, userKey }: TargetLease) =>
      execute(sql`
          update ${sql(table)} set sent_at = null, sent_as = null, lease_until = null
          where user_key = ${userKey} and epoch = ${epoch}`),
    /** Lets another process try. When a create was sent, that process starts with a lookup. */
    release: ({ epoch, userKey }: TargetLease) =>
      execute(sql`update ${sql(table)} set lease_until = null where user_key = ${userKey} and epoch = ${epoch}`),
    /**
     * Remembers the user's target, and answers the one that holds. When another was remembered first, `created` is noted to
     * be deleted: the remote id of a target that this caller created.
     */
    record: (userKey: UserKey, id: number, created?: string) =>
      orDatabaseError(sql.withTransaction(record(userKey, id, created))),
    /** Remembers the first of these targets that belongs to no other user. `null`: each belongs to one. */
    take: (userKey: UserKey, ids: ReadonlyArray<number>) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`select pg_advisory_xact_lock(hashtext(${table}))`
            const taken = new Set((yield* others({ userKey, ids })).map(({ id }) => id))
            const free = ids.find((id) => !taken.has(id))
            return free === undefined ? null : yield* record(userKey, free, undefined)
          })
        )
      ),
    /** The user's target; `null` while none is known. */
    known: holder,
    /** Makes this the user's target, because a person said so. What another process creates meanwhile is a duplicate. */
    choose: (userKey: UserKey, id: number) =>
      execute(sql`
          insert into ${sql(table)} as t (user_key, ${sql(column)}, is_chosen)
          select key, ${id}::bigint, true from users where key = ${userKey}
          on conflict (user_key) do update set ${sql(column)} = excluded.${sql(column)}, is_chosen = true,
            sent_at = null, sent_as = null, lease_until = null, epoch = t.epoch + 1`),
    /** Takes back what a person chose, so that the next file finds or creates the user's target again. */
    unchoose: (userKey: UserKey) =>
      execute(sql`
          update ${sql(table)} set ${sql(column)} = null, is_chosen = false, epoch = epoch + 1
          where user_key = ${userKey} and is_chosen`),
    /** Of these ids, those that belong to other users. */
    ofOthers: (userKey: UserKey, ids: ReadonlyArray<number>) =>
      Effect.map(others({ userKey, ids }), (rows) => new Set(rows.map(({ id }) => id))),
    /** Forgets a target that is gone, unless another has taken its place. */
    forget: (userKey: UserKey, id: number) =>
      execute(
        sql`update ${sql(table)} set ${sql(column)} = null, is_chosen = false where user_key = ${userKey} and ${sql(column)} = ${id}`
      )
  }
}

/** The user's newest file on a deal. */
const newestOn = (sql: SqlClient.SqlClient) => {
  const newest = findFirst(
    Schema.Struct({ remoteId: Schema.String }),
    ({ dealId, userKey }: { readonly userKey: UserKey; readonly dealId: number }) => sql`
        select remote_id from publications
        where user_key = ${userKey} and state = 'published' and target = ${String(dealId)}
        order by start_tag desc limit 1`
  )
  return (userKey: UserKey, dealId: number) =>
    Effect.map(
      newest({ userKey, dealId }),
      Option.map(({ remoteId }) => remoteId)
    )
}

/** The users without a deal among those whose files are claimed or come next. Reads `max` of the files that wait. */
const waitingFor = (sql: SqlClient.SqlClient) => {
  const count = findOne(
    Schema.Struct({ users: Schema.Int }),
    (max: number) => sql`
        select count(distinct user_key)::int as users
        from (
          (select user_key from publications where state = 'pending' order by start_tag, key limit ${max})
          union all select user_key from publications where state = 'sending'
        ) p
        where not exists (select from deals d where d.user_key = p.user_key and d.deal_id is not null)`
  )
  return (max: number) => Effect.map(count(max), ({ users }) => users)
}

const dealsOf = (sql: SqlClient.SqlClient) => ({
  ...ofKind(sql, { table: "deals", column: "deal_id" }),
  /** How many users have no deal yet, among those whose files are the next `max` to be published. */
  waiting: waitingFor(sql),
  /** The remote id of the user's newest file on this deal. */
  newestOn: newestOn(sql)
})

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  deals: dealsOf(sql),
  persons: ofKind(sql, { table: "persons", column: "person_id" })
}))

/** The deals of users. */
export type Deals = ReturnType<typeof dealsOf>

/** The targets of one kind. */
export type Targets = ReturnType<typeof ofKind>
