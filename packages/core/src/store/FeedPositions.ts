/** How far the public feed has been read, and who reads it next: one process at a time. */
import { DateTime, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { plus } from "./sql.ts"

/** What the last poll left. */
export interface FeedPosition {
  /** `null` before the first poll. */
  readonly polledAt: DateTime.Utc | null
  readonly etag: string | null
  /** The newest gists that were seen, each by id and time of update. */
  readonly seen: ReadonlyArray<string>
  /** Of these, those that a look did not bring. */
  readonly unsettled: ReadonlyArray<string>
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const isAt = ({ polledAt }: Pick<FeedPosition, "polledAt">) =>
    sql`polled_at is not distinct from ${polledAt && DateTime.toDate(polledAt)}`
  return {
    /** The position, when a poll is due; nobody else gets it for a while. */
    claim: (origin: string, now: Date) =>
      Effect.map(
        orDatabaseError(sql<FeedPosition>`
          insert into feed_positions as f (origin, next_at) values (${origin}, ${plus(now, Timing.feedLease)})
          on conflict (origin) do update set next_at = excluded.next_at
            where f.next_at <= ${now} or f.next_at > ${plus(now, Timing.maxFeedWait)}
          returning polled_at, etag, seen, unsettled`),
        (found) => Option.fromNullishOr(found[0])
      ),
    /** When the next poll is due. */
    nextAt: (origin: string) =>
      Effect.map(
        orDatabaseError(sql<{ nextAt: DateTime.Utc }>`select next_at from feed_positions where origin = ${origin}`),
        (found) => Option.fromNullishOr(found[0]?.nextAt)
      ),
    /** Notes a poll from a position that came to its end. When another process has polled since, that one counts. */
    record: (
      origin: string,
      from: Pick<FeedPosition, "polledAt">,
      poll: {
        readonly etag: string | null
        readonly seen: ReadonlyArray<string>
        readonly unsettled: ReadonlyArray<string>
        readonly gap: boolean
        readonly now: Date
        readonly next: Date
      }
    ) =>
      orDatabaseError(
        Effect.asVoid(sql`
          update feed_positions set etag = ${poll.etag}, seen = ${poll.seen}::text[], unsettled = ${poll.unsettled}::text[],
            gap_at = case when ${poll.gap} then ${poll.now} else gap_at end, polled_at = ${poll.now}, next_at = ${poll.next}
          where origin = ${origin} and ${isAt(from)}`)
      ),
    /** Puts the next poll off, after one from a position that did not come to its end. Another's since counts here, too. */
    snooze: (origin: string, from: Pick<FeedPosition, "polledAt">, until: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`update feed_positions set next_at = ${until} where origin = ${origin} and ${isAt(from)}`)
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
