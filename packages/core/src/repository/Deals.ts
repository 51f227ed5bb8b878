/** Which deal in Pipedrive bears a user's name. */
import { type DateTime, type Duration, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, orDatabaseError } from "../Database.ts"
import type { UserKey } from "../domain/User.ts"
import { seconds } from "./sql.ts"

export interface DealRow {
  readonly dealId: number | null
  /** Since when a deal of unknown fate may exist. */
  readonly sentAt: DateTime.Utc | null
  /** Whether this caller may now find or create it. */
  readonly leased: boolean
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    /** The user's deal, or the lease to find or create it, or neither while another process is at it. */
    claim: (userKey: UserKey, lease: Duration.Duration): Effect.Effect<DealRow, DatabaseError> =>
      Effect.gen(function* () {
        const [claimed] = yield* sql<{ sentAt: DateTime.Utc | null }>`
          insert into deals as d (user_key, lease_until) values (${userKey}, clock_timestamp() + ${seconds(sql, lease)})
          on conflict (user_key) do update set lease_until = excluded.lease_until
          where d.deal_id is null and (d.lease_until is null or d.lease_until < clock_timestamp())
          returning sent_at`
        if (claimed !== undefined) return { dealId: null, sentAt: claimed.sentAt, leased: true }
        const [present] = yield* sql<{ dealId: number | null; sentAt: DateTime.Utc | null }>`
          select deal_id, sent_at from deals where user_key = ${userKey}`
        return { dealId: present?.dealId ?? null, sentAt: present?.sentAt ?? null, leased: false }
      }).pipe(orDatabaseError),
    /** Notes that a create goes out now. `false` when the lease has less than `margin` left. */
    beginSend: (userKey: UserKey, now: Date, margin: Duration.Duration) =>
      Effect.map(
        orDatabaseError(sql`
          update deals set sent_at = coalesce(sent_at, ${now})
          where user_key = ${userKey} and deal_id is null and lease_until > clock_timestamp() + ${seconds(sql, margin)}
          returning 1 as ok`),
        (found) => found.length > 0
      ),
    /** Nothing was created. */
    clear: (userKey: UserKey) =>
      orDatabaseError(
        Effect.asVoid(sql`update deals set sent_at = null, lease_until = null where user_key = ${userKey}`)
      ),
    /** Lets another try, which will look first if a create went out. */
    release: (userKey: UserKey) =>
      orDatabaseError(Effect.asVoid(sql`update deals set lease_until = null where user_key = ${userKey}`)),
    /** Remembers the deal. `false` when another was remembered first. */
    record: (userKey: UserKey, dealId: number) =>
      Effect.map(
        orDatabaseError(sql`
          update deals set deal_id = ${dealId}, sent_at = null, lease_until = null
          where user_key = ${userKey} and (deal_id is null or deal_id = ${dealId}) returning 1 as ok`),
        (found) => found.length > 0
      ),
    /** Forgets a deal that is no more, unless it has been replaced already. */
    forget: (userKey: UserKey, dealId: number) =>
      orDatabaseError(
        Effect.asVoid(sql`update deals set deal_id = null where user_key = ${userKey} and deal_id = ${dealId}`)
      )
  }
})
