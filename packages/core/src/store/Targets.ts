/**
 * What in Pipedrive belongs to a user: the deal that bears the user's name, and the person. And the organization, which all
 * users of a company share. Each kind has a table of the same columns, and a row for each user or company.
 */
import { type Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import { execute, findAll, findFirst, findOne, hasRows } from "../database/statements.ts"
import type { UserKey } from "../domain/User.ts"
import { arrayOf, inFuture, now } from "./sql.ts"

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

/** The right to find or create a target, until the lease ends or another process is given it. */
export interface TargetLease<K = UserKey> {
  readonly key: K
  readonly epoch: number
}

/** A kind of target: its table, the column of Pipedrive's id, and the column of whose it is. */
interface Kind {
  readonly table: "deals" | "persons" | "organizations"
  readonly column: "deal_id" | "person_id" | "organization_id"
  readonly owner: "user_key" | "company"
}

/** Whose a target is: a user, or all users of a company, by the hash of its name. */
type Owner = UserKey | string

/** Finds the owner's target; `null` while none is known. */
const holderOf = (sql: SqlClient.SqlClient, { column, owner, table }: Kind) => {
  const find = findFirst(
    Holder,
    (key: Owner) => sql`select ${sql(column)} as id from ${sql(table)} where ${sql(owner)} = ${key}`
  )
  return (key: Owner) => Effect.map(find(key), (found) => (Option.isSome(found) ? found.value.id : null))
}

/** Remembers a target in the present transaction. Answers the target that holds. */
const recording = (sql: SqlClient.SqlClient, { column, owner, table }: Kind, holder: ReturnType<typeof holderOf>) =>
  Effect.fnUntraced(function* (key: Owner, id: number, created: string | undefined) {
    // A user may have been forgotten meanwhile.
    const row =
      owner === "user_key" ? sql`select key, ${id}::bigint from users where key = ${key}` : sql`values (${key}, ${id})`
    const won = yield* sql`
              insert into ${sql(table)} as t (${sql(owner)}, ${sql(column)}) ${row}
              on conflict (${sql(owner)}) do update
                set ${sql(column)} = excluded.${sql(column)}, sent_at = null, sent_as = null, lease_until = null
              where t.${sql(column)} is null or t.${sql(column)} = excluded.${sql(column)} returning 1 as ok`
    if (won.length > 0) return id
    if (created !== undefined) {
      yield* sql`insert into duplicates (remote_id, found_at) values (${created}, clock_timestamp())
                on conflict do nothing`
    }
    return (yield* holder(key)) ?? id
  })

const ofKind = <K extends Owner>(sql: SqlClient.SqlClient, kind: Kind) => {
  const { column, owner, table } = kind
  const holder = holderOf(sql, kind)
  const record = recording(sql, kind, holder)
  const lease = findFirst(
    Leased,
    ({ key, lease }: { readonly key: K; readonly lease: Duration.Duration }) => sql`
        insert into ${sql(table)} as t (${sql(owner)}, lease_until) values (${key}, ${inFuture(sql, lease)})
        on conflict (${sql(owner)}) do update set lease_until = excluded.lease_until, epoch = t.epoch + 1
        where t.${sql(column)} is null and (t.lease_until is null or t.lease_until < clock_timestamp())
        returning sent_at, extract(epoch from clock_timestamp() - sent_at)::float8 as sent_ago, sent_as, epoch`
  )
  return {
    /** The user's target, or the lease to find or create it, or neither while another process holds that lease. */
    claim: Effect.fnUntraced(function* (
      key: K,
      duration: Duration.Duration
    ): Effect.fn.Return<TargetRow, DatabaseError> {
      const claimed = yield* lease({ key, lease: duration })
      if (Option.isSome(claimed)) return { id: null, ...claimed.value, leased: true }
      return { id: yield* holder(key), sentAt: null, sentAgo: null, sentAs: null, epoch: 0, leased: false }
    }),
    /** Notes that a create with this name is sent now. `false` when the lease is lost or less than `margin` of it is left. */
    beginSend: (
      { epoch, key }: TargetLease<K>,
      { as, margin }: { readonly as: string; readonly margin: Duration.Duration }
    ) =>
      hasRows(sql`
          update ${sql(table)} set sent_at = coalesce(sent_at, clock_timestamp()), sent_as = ${as}
          where ${sql(owner)} = ${key} and epoch = ${epoch} and ${sql(column)} is null
            and lease_until > ${inFuture(sql, margin)}
          returning 1 as ok`),
    /** Nothing was created. */
    clear: ({ epoch, key }: TargetLease<K>) =>
      execute(sql`
          update ${sql(table)} set sent_at = null, sent_as = null, lease_until = null
          where ${sql(owner)} = ${key} and epoch = ${epoch}`),
    /** Lets another process try. When a create was sent, that process starts with a lookup. */
    release: ({ epoch, key }: TargetLease<K>) =>
      execute(sql`update ${sql(table)} set lease_until = null where ${sql(owner)} = ${key} and epoch = ${epoch}`),
    /**
     * Remembers the user's target, and answers the one that holds. When another was remembered first, `created` is noted to
     * be deleted: the remote id of a target that this caller created.
     */
    record: (key: K, id: number, created?: string) => orDatabaseError(sql.withTransaction(record(key, id, created))),
    /** The owner's target; `null` while none is known. */
    known: (key: K) => holder(key),
    /** Forgets a target that is gone, unless another has taken its place. */
    forget: (key: K, id: number) =>
      execute(
        sql`update ${sql(table)} set ${sql(column)} = null where ${sql(owner)} = ${key} and ${sql(column)} = ${id}`
      )
  }
}

/** The users without a target of the kind among those whose files are claimed or due. Reads `max` of the due files. */
const waitingFor = (sql: SqlClient.SqlClient, { column, table }: Kind) => {
  const count = findOne(
    Schema.Struct({ users: Schema.Int }),
    (max: number) => sql`
        select count(distinct user_key)::int as users
        from (
          (select user_key from publications where state = 'pending' and due_at <= ${now(sql)} order by start_tag, key limit ${max})
          union all select user_key from publications where state = 'sending'
        ) p
        where not exists (
          select from ${sql(table)} t where t.user_key = p.user_key and t.${sql(column)} is not null)`
  )
  return (max: number) => Effect.map(count(max), ({ users }) => users)
}

const ofUsers = (sql: SqlClient.SqlClient, kind: Kind & { readonly owner: "user_key" }) => {
  const { column, table } = kind
  const record = recording(sql, kind, holderOf(sql, kind))
  const others = findAll(
    Schema.Struct({ id: Schema.Int }),
    ({ ids, userKey }: { readonly userKey: UserKey; readonly ids: ReadonlyArray<number> }) => sql`
        select ${sql(column)} as id from ${sql(table)}
        where user_key <> ${userKey} and ${sql(column)} = any(${arrayOf(sql, ids, "bigint")})`
  )
  return {
    ...ofKind<UserKey>(sql, kind),
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
    /**
     * Makes this the user's target, because a person said so. What another process creates meanwhile is a duplicate. The
     * target that Gitpip had found or created stays on record, for the report of `Forgetting.ts`.
     */
    choose: (userKey: UserKey, id: number) =>
      execute(sql`
          insert into ${sql(table)} as t (user_key, ${sql(column)}, is_chosen)
          select key, ${id}::bigint, true from users where key = ${userKey}
          on conflict (user_key) do update set ${sql(column)} = excluded.${sql(column)}, is_chosen = true,
            replaced = case when t.is_chosen or t.${sql(column)} = any(t.replaced || excluded.${sql(column)}) then t.replaced
              else array_remove(t.replaced || t.${sql(column)}, null) end,
            sent_at = null, sent_as = null, lease_until = null, epoch = t.epoch + 1`),
    /** Takes back what a person chose, so that the next file finds or creates the user's target again. */
    unchoose: (userKey: UserKey) =>
      execute(sql`
          update ${sql(table)} set ${sql(column)} = null, is_chosen = false, epoch = epoch + 1
          where user_key = ${userKey} and is_chosen`),
    /** How many users have no target yet, among those whose files are the first `max` that are due. */
    waiting: waitingFor(sql, kind),
    /** Of these ids, those that belong to other users. */
    ofOthers: (userKey: UserKey, ids: ReadonlyArray<number>) =>
      Effect.map(others({ userKey, ids }), (rows) => new Set(rows.map(({ id }) => id))),
    /** Forgets a target that is gone, or puts `instead` in its place, unless another has taken its place. */
    forget: (userKey: UserKey, id: number, instead: number | null = null) =>
      execute(sql`
          update ${sql(table)} set ${sql(column)} = ${instead}::bigint, is_chosen = false
          where user_key = ${userKey} and ${sql(column)} = ${id}`)
  }
}

/** The user's newest files on a deal. */
const newestOn = (sql: SqlClient.SqlClient) => {
  const newest = findAll(
    Schema.Struct({ remoteId: Schema.String }),
    ({ dealId, userKey }: { readonly userKey: UserKey; readonly dealId: number }) => sql`
        select remote_id from publications
        where user_key = ${userKey} and state = 'published' and target = ${String(dealId)}
        order by start_tag desc limit 3`
  )
  return (userKey: UserKey, dealId: number) =>
    Effect.map(newest({ userKey, dealId }), (files) => files.map(({ remoteId }) => remoteId))
}

const dealsOf = (sql: SqlClient.SqlClient) => ({
  ...ofUsers(sql, { table: "deals", column: "deal_id", owner: "user_key" }),
  /** The remote ids of the user's newest three files on this deal. */
  newestOn: newestOn(sql)
})

export const make = Effect.map(SqlClient.SqlClient, (sql) => ({
  deals: dealsOf(sql),
  persons: ofUsers(sql, { table: "persons", column: "person_id", owner: "user_key" }),
  organizations: ofKind<string>(sql, { table: "organizations", column: "organization_id", owner: "company" })
}))

/** The deals of users. */
export type Deals = ReturnType<typeof dealsOf>

/** The targets of users of one kind. */
export type Targets = ReturnType<typeof ofUsers>

/** The targets of owners of one kind. */
export type OwnedTargets<K extends Owner> = ReturnType<typeof ofKind<K>>
