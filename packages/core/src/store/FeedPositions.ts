/** How far the public feed has been read. One process at a time has the right to read on. */
import { DateTime, Duration, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { inFuture, millisUntil, now } from "./sql.ts"

/** What the last poll left. */
export interface FeedPosition {
  /** `null` before the first poll. */
  readonly polledAt: DateTime.Utc | null
  readonly etag: string | null
  /** The newest gists of the last poll, each by id and time of update. */
  readonly seen: ReadonlyArray<string>
  /** Gists among `seen` that a check of their user did not find. */
  readonly unsettled: ReadonlyArray<string>
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  /** To the millisecond, as programs hold an instant: a position is compared with what was read of it. */
  const pollTime = sql`date_trunc('milliseconds', clock_timestamp())`
  const isAt = ({ polledAt }: Pick<FeedPosition, "polledAt">) =>
    sql`polled_at is not distinct from ${polledAt && DateTime.toDate(polledAt)}`
  return {
    /** The position, when a poll is due. No other process gets the position for a while. */
    claim: (origin: string) =>
      Effect.map(
        orDatabaseError(sql<FeedPosition>`
          insert into feed_positions as f (origin, next_at) values (${origin}, ${inFuture(sql, Timing.feedLease)})
          on conflict (origin) do update set next_at = excluded.next_at
            where f.next_at <= ${now(sql)}
          returning polled_at, etag, seen, unsettled`),
        (found) => Option.fromNullishOr(found[0])
      ),
    /** The wait for the next poll. */
    untilNext: (origin: string) =>
      Effect.map(
        orDatabaseError(sql<{ wait: number }>`
          select greatest(${millisUntil(sql, sql.literal("next_at"))}, 0) as wait from feed_positions where origin = ${origin}`),
        (found) => Option.map(Option.fromNullishOr(found[0]?.wait), Duration.millis)
      ),
    /** Records a complete poll that began at a position. A poll that another process has recorded since stays. */
    record: (
      origin: string,
      from: Pick<FeedPosition, "polledAt">,
      poll: {
        readonly etag: string | null
        readonly seen: ReadonlyArray<string>
        readonly unsettled: ReadonlyArray<string>
        readonly gap: boolean
        /** The wait for the next poll. */
        readonly wait: Duration.Duration
      }
    ) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update feed_positions set etag = ${poll.etag}, seen = ${poll.seen}::text[], unsettled = ${poll.unsettled}::text[],
            gap_at = case when ${poll.gap} then ${pollTime} else gap_at end, polled_at = ${pollTime},
            next_at = ${inFuture(sql, poll.wait)}
          where origin = ${origin} and ${isAt(from)}`)
      ),
    /** Snoozes the next poll after an incomplete one. A poll that another process has recorded since stays. */
    snooze: (origin: string, from: Pick<FeedPosition, "polledAt">, wait: Duration.Duration) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update feed_positions set next_at = ${inFuture(sql, wait)} where origin = ${origin} and ${isAt(from)}`)
      ),
    /** When the feed last had a gap. */
    gapAt: (origin: string) =>
      Effect.map(
        orDatabaseError(
          sql<{ gapAt: DateTime.Utc | null }>`select gap_at from feed_positions where origin = ${origin}`
        ),
        (found) => Option.fromNullishOr(found[0]?.gapAt)
      )
  }
})
