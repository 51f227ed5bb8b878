/** Which deal in Pipedrive bears a user's name. */
import { type Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import { execute, findFirst, hasRows } from "../database/statements.ts"
import type { UserKey } from "../domain/User.ts"
import { inFuture } from "./sql.ts"

const Leased = Schema.Struct({
  /** Since when a deal may exist whose creation was not confirmed. */
  sentAt: Schema.NullOr(Schema.DateTimeUtc),
  /** Seconds since `sentAt`, by the database's clock. */
  sentAgo: Schema.NullOr(Schema.Finite),
  epoch: Schema.Int
})

/** A user's deal, or the lease to find or create it, or neither while another process holds that lease. */
export interface DealRow {
  readonly dealId: number | null
  readonly sentAt: (typeof Leased.Type)["sentAt"]
  readonly sentAgo: number | null
  readonly epoch: number
  /** Whether this caller may now find or create the deal. */
  readonly leased: boolean
}

const Holder = Schema.Struct({ dealId: Schema.NullOr(Schema.Int) })

/** The right to find or create a user's deal, until the lease ends or another process is given it. */
export interface DealLease {
  readonly userKey: UserKey
  readonly epoch: number
}

/** Finds the user's deal; `null` while none is known. */
const holderOf = (sql: SqlClient.SqlClient) => {
  const find = findFirst(Holder, (userKey: UserKey) => sql`select deal_id from deals where user_key = ${userKey}`)
  return (userKey: UserKey) => Effect.map(find(userKey), (found) => (Option.isSome(found) ? found.value.dealId : null))
}

/** Remembers a deal in the present transaction. Answers the deal that holds. */
const recording = (sql: SqlClient.SqlClient, holder: ReturnType<typeof holderOf>) =>
  Effect.fnUntraced(function* (userKey: UserKey, dealId: number, created: string | undefined) {
    const won = yield* sql`
              update deals set deal_id = ${dealId}, sent_at = null, lease_until = null
              where user_key = ${userKey} and (deal_id is null or deal_id = ${dealId}) returning 1 as ok`
    if (won.length > 0) return dealId
    if (created !== undefined) {
      yield* sql`insert into duplicates (remote_id, found_at) values (${created}, clock_timestamp())
                on conflict do nothing`
    }
    return (yield* holder(userKey)) ?? dealId
  })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const holder = holderOf(sql)
  const record = recording(sql, holder)
  const newest = findFirst(
    Schema.Struct({ remoteId: Schema.String }),
    ({ dealId, userKey }: { readonly userKey: UserKey; readonly dealId: number }) => sql`
        select remote_id from publications
        where user_key = ${userKey} and state = 'published' and target = ${String(dealId)}
        order by start_tag desc limit 1`
  )
  const lease = findFirst(
    Leased,
    ({ lease, userKey }: { readonly userKey: UserKey; readonly lease: Duration.Duration }) => sql`
        insert into deals as d (user_key, lease_until) values (${userKey}, ${inFuture(sql, lease)})
        on conflict (user_key) do update set lease_until = excluded.lease_until, epoch = d.epoch + 1
        where d.deal_id is null and (d.lease_until is null or d.lease_until < clock_timestamp())
        returning sent_at, extract(epoch from clock_timestamp() - sent_at)::float8 as sent_ago, epoch`
  )
  return {
    /** The user's deal, or the lease to find or create it, or neither while another process holds that lease. */
    claim: Effect.fnUntraced(function* (
      userKey: UserKey,
      duration: Duration.Duration
    ): Effect.fn.Return<DealRow, DatabaseError> {
      const claimed = yield* lease({ userKey, lease: duration })
      if (Option.isSome(claimed)) return { dealId: null, ...claimed.value, leased: true }
      return { dealId: yield* holder(userKey), sentAt: null, sentAgo: null, epoch: 0, leased: false }
    }),
    /** Notes that a create is sent now. `false` when the lease is lost or less than `margin` of it is left. */
    beginSend: ({ epoch, userKey }: DealLease, margin: Duration.Duration) =>
      hasRows(sql`
          update deals set sent_at = coalesce(sent_at, clock_timestamp())
          where user_key = ${userKey} and epoch = ${epoch} and deal_id is null
            and lease_until > ${inFuture(sql, margin)}
          returning 1 as ok`),
    /** Nothing was created. */
    clear: ({ epoch, userKey }: DealLease) =>
      execute(
        sql`update deals set sent_at = null, lease_until = null where user_key = ${userKey} and epoch = ${epoch}`
      ),
    /** Lets another process try. When a create was sent, that process starts with a lookup. */
    release: ({ epoch, userKey }: DealLease) =>
      execute(sql`update deals set lease_until = null where user_key = ${userKey} and epoch = ${epoch}`),
    /**
     * Remembers the user's deal, and answers the one that holds. When another was remembered first, `created` is noted to
     * be deleted: the remote id of a deal that this caller created.
     */
    record: (userKey: UserKey, dealId: number, created?: string) =>
      orDatabaseError(sql.withTransaction(record(userKey, dealId, created))),
    /** The remote id of the user's newest file on this deal. */
    newestOn: (userKey: UserKey, dealId: number) =>
      Effect.map(
        newest({ userKey, dealId }),
        Option.map(({ remoteId }) => remoteId)
      ),
    /** Forgets a deal that is gone, unless another has taken its place. */
    forget: (userKey: UserKey, dealId: number) =>
      execute(sql`update deals set deal_id = null where user_key = ${userKey} and deal_id = ${dealId}`)
  }
})
