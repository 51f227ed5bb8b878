/** How far the public feed has been read. One process at a time has the right to read on. */
import { DateTime, Duration, Effect, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { execute, findFirst } from "../database/statements.ts"
import * as Timing from "../domain/Timing.ts"
import { inFuture, millisUntil, now } from "./sql.ts"

/** What the last poll left. */
const FeedPosition = Schema.Struct({
  /** `null` before the first poll. */
  polledAt: Schema.NullOr(Schema.DateTimeUtc),
  etag: Schema.NullOr(Schema.String),
  /** The newest gists of the last poll, each by id and time of update. */
  seen: Schema.Array(Schema.String),
  /** Gists among `seen` that a check of their user did not find. */
  unsettled: Schema.Array(Schema.String)
})
export type FeedPosition = typeof FeedPosition.Type

/** The wait for the next poll, in milliseconds. */
const NextPoll = Schema.Struct({ wait: Schema.Finite })

const Gap = Schema.Struct({ gapAt: Schema.NullOr(Schema.DateTimeUtc) })

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  /** To the millisecond, as programs hold an instant: a position is compared with what was read of it. */
  const pollTime = sql`date_trunc('milliseconds', clock_timestamp())`
  const isAt = ({ polledAt }: Pick<FeedPosition, "polledAt">) =>
    sql`polled_at is not distinct from ${polledAt && DateTime.toDate(polledAt)}`
  const nextPoll = findFirst(
    NextPoll,
    (origin: string) => sql`
          select greatest(${millisUntil(sql, sql.literal("next_at"))}, 0) as wait from feed_positions where origin = ${origin}`
  )
  const gap = findFirst(Gap, (origin: string) => sql`select gap_at from feed_positions where origin = ${origin}`)
  return {
    /** The position, when a poll is due. No other process gets the position for a while. */
    claim: findFirst(
      FeedPosition,
      (origin: string) => sql`
          insert into feed_positions as f (origin, next_at) values (${origin}, ${inFuture(sql, Timing.feedLease)})
          on conflict (origin) do update set next_at = excluded.next_at
            where f.next_at <= ${now(sql)}
          returning polled_at, etag, seen, unsettled`
    ),
    /** The wait for the next poll. */
    untilNext: (origin: string) =>
      Effect.map(
        nextPoll(origin),
        Option.map(({ wait }) => Duration.millis(wait))
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
      execute(sql`
          update feed_positions set etag = ${poll.etag}, seen = ${poll.seen}::text[], unsettled = ${poll.unsettled}::text[],
            gap_at = case when ${poll.gap} then ${pollTime} else gap_at end, polled_at = ${pollTime},
            next_at = ${inFuture(sql, poll.wait)}
          where origin = ${origin} and ${isAt(from)}`),
    /** Snoozes the next poll after an incomplete one. A poll that another process has recorded since stays. */
    snooze: (origin: string, from: Pick<FeedPosition, "polledAt">, wait: Duration.Duration) =>
      execute(sql`
          update feed_positions set next_at = ${inFuture(sql, wait)} where origin = ${origin} and ${isAt(from)}`),
    /** When the feed last had a gap. */
    gapAt: (origin: string) =>
      Effect.map(
        gap(origin),
        Option.flatMap(({ gapAt }) => Option.fromNullishOr(gapAt))
      )
  }
})
