/** Which deal in Pipedrive bears a user's name. */
import { type DateTime, type Duration, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../database/Database.ts"
import type { UserKey } from "../domain/User.ts"
import { interval } from "./sql.ts"

export interface DealRow {
  readonly dealId: number | null
  /** Since when a deal of unknown fate may exist, and how many seconds ago that is by the database's clock. */
  readonly sentAt: DateTime.Utc | null
  readonly sentAgo: number | null
  readonly epoch: number
  /** Whether this caller may now find or create it. */
  readonly leased: boolean
}

/** The right to find or create a user's deal, for as long as nobody else was given it. */
export interface DealLease {
  readonly userKey: UserKey
  readonly epoch: number
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    /** The user's deal, or the lease to find or create it, or neither while another process is at it. */
    claim: (userKey: UserKey, lease: Duration.Duration): Effect.Effect<DealRow, DatabaseError> =>
      Effect.gen(function* () {
        const [claimed] = yield* sql<Pick<DealRow, "sentAt" | "sentAgo" | "epoch">>`
          insert into deals as d (user_key, lease_until) values (${userKey}, clock_timestamp() + ${interval(sql, lease)})
          on conflict (user_key) do update set lease_until = excluded.lease_until, epoch = d.epoch + 1
          where d.deal_id is null and (d.lease_until is null or d.lease_until < clock_timestamp())
          returning sent_at, extract(epoch from clock_timestamp() - sent_at)::float8 as sent_ago, epoch`
        if (claimed !== undefined) return { dealId: null, ...claimed, leased: true }
        const [present] = yield* sql<{ dealId: number | null }>`select deal_id from deals where user_key = ${userKey}`
        return { dealId: present?.dealId ?? null, sentAt: null, sentAgo: null, epoch: 0, leased: false }
      }).pipe(orDatabaseError),
    /** Notes that a create goes out now. `false` when the lease is lost or has less than `margin` left. */
    beginSend: ({ epoch, userKey }: DealLease, margin: Duration.Duration) =>
      Effect.map(
        orDatabaseError(sql`
          update deals set sent_at = coalesce(sent_at, clock_timestamp())
          where user_key = ${userKey} and epoch = ${epoch} and deal_id is null and lease_until > clock_timestamp() + ${interval(sql, margin)}
          returning 1 as ok`),
        (found) => found.length > 0
      ),
    /** Nothing was created. */
    clear: ({ epoch, userKey }: DealLease) =>
      orDatabaseError(
        Effect.asVoid(
          sql`update deals set sent_at = null, lease_until = null where user_key = ${userKey} and epoch = ${epoch}`
        )
      ),
    /** Lets another try, which will look first if a create went out. */
    release: ({ epoch, userKey }: DealLease) =>
      orDatabaseError(
        Effect.asVoid(sql`update deals set lease_until = null where user_key = ${userKey} and epoch = ${epoch}`)
      ),
    /**
     * Remembers the deal that was made, and answers the one that holds. When another was remembered first, this one is
     * noted for deletion, under the name that the sink knows it by.
     */
    record: (userKey: UserKey, dealId: number, made: { readonly remoteId: string; readonly now: Date } | undefined) =>
      orDatabaseError(
        sql.withTransaction(
          Effect.gen(function* () {
            const won = yield* sql`
              update deals set deal_id = ${dealId}, sent_at = null, lease_until = null
              where user_key = ${userKey} and (deal_id is null or deal_id = ${dealId}) returning 1 as ok`
            if (won.length > 0) return dealId
            if (made !== undefined) {
              yield* sql`insert into duplicates (remote_id, found_at) values (${made.remoteId}, ${made.now})
                on conflict do nothing`
            }
            const [holder] = yield* sql<{ dealId: number | null }>`
              select deal_id from deals where user_key = ${userKey}`
            return holder?.dealId ?? dealId
          })
        )
      ),
    /** Forgets a deal that is no more, unless it has been replaced already. */
    forget: (userKey: UserKey, dealId: number) =>
      orDatabaseError(
        Effect.asVoid(sql`update deals set deal_id = null where user_key = ${userKey} and deal_id = ${dealId}`)
      )
  }
})
