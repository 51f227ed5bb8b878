/**
 * Limits of the services, shared by all processes on the database: the table alone. `limits/Limits.ts` decides what is stored.
 * A limit's key names the credential by a hash, so a process with another token has its own limits.
 *
 * - A limit whose end is certain (a spent day, GitHub's limits) holds every process until then.
 * - A refusal is shown by every process until a request succeeds. It holds no process: a cheap probe decides.
 */
import { type DateTime, Duration, Effect, Option, Schema } from "effect"
import { SqlClient, type Statement } from "effect/sql"
import { execute, findAll } from "../database/statements.ts"
import * as Timing from "../domain/Timing.ts"
import { inFuture, interval, millisUntil, now } from "./sql.ts"

/** How long nothing is sent, and why. */
export interface Wait {
  readonly wait: Duration.Duration
  readonly message: string
}

/** A limit, or a refusal, as it is stored. */
export interface StoredLimit extends Wait {
  /** By the database's clock. */
  readonly since: DateTime.Utc
  /** By the database's clock. A process waits for `wait` from its own present. */
  readonly until: DateTime.Utc
}

const Row = Schema.Struct({
  limitKey: Schema.String,
  since: Schema.DateTimeUtc,
  until: Schema.DateTimeUtc,
  wait: Schema.Finite,
  message: Schema.String
})

/** Requests that are refused at the same time store their refusals within this time, in any order. */
const together = Duration.seconds(10)

const refusalKey = (limitKey: string): string => `${limitKey}:refused`

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const find = findAll(
    Row,
    (condition: Statement.Fragment) => sql`
        select limit_key, coalesce(noted_at, ${now(sql)}) as since, blocked_until as until, message,
          ${millisUntil(sql, sql.literal("blocked_until"))} as wait
        from limits where ${condition}`
  )
  const read = (condition: Statement.Fragment) =>
    Effect.map(
      find(condition),
      (found) =>
        new Map(
          found.map(({ limitKey, wait, ...row }): readonly [string, StoredLimit] => [
            limitKey,
            { ...row, wait: Duration.millis(Math.max(wait, 0)) }
          ])
        )
    )
  return {
    /** Stores a limit, for `Timing.maxBlock` at most. A limit that ends sooner than the stored one changes nothing. */
    block: (limitKey: string, { message, wait }: Wait) =>
      execute(sql`
          insert into limits (limit_key, noted_at, blocked_until, message)
          values (${limitKey}, clock_timestamp(), ${inFuture(sql, Duration.min(wait, Timing.maxBlock))}, ${message})
          on conflict (limit_key) do update set noted_at = excluded.noted_at, blocked_until = excluded.blocked_until,
            message = excluded.message
          where limits.blocked_until <= excluded.blocked_until`),
    /** The limit that holds now. */
    blocked: (limitKey: string) =>
      Effect.map(read(sql`limit_key = ${limitKey} and blocked_until > ${now(sql)}`), (found) =>
        Option.fromUndefinedOr(found.get(limitKey))
      ),
    /** Stores a refusal. A refusal that goes on keeps its beginning. Of several that begin together the longest is kept. */
    refuse: (limitKey: string, { message, wait }: Wait) =>
      execute(sql`
          insert into limits (limit_key, noted_at, blocked_until, message)
          values (${refusalKey(limitKey)}, clock_timestamp(), ${inFuture(sql, wait)}, ${message})
          on conflict (limit_key) do update set noted_at = least(limits.noted_at, excluded.noted_at),
            blocked_until = excluded.blocked_until, message = excluded.message
          where limits.blocked_until <= excluded.blocked_until
            or limits.noted_at < ${now(sql)} - ${interval(sql, together)}`),
    /** Ends a refusal: a request succeeded. */
    accept: (limitKey: string) => execute(sql`delete from limits where limit_key = ${refusalKey(limitKey)}`),
    /** For each key the limit that holds now, and the refusal, also past its end: only a success ends one. */
    known: (limitKeys: ReadonlyArray<string>) =>
      Effect.map(
        read(sql`${sql.in("limit_key", limitKeys.map(refusalKey))}
          or (${sql.in("limit_key", limitKeys)} and blocked_until > ${now(sql)})`),
        (found) =>
          limitKeys.map((limitKey) => ({
            limitKey,
            limit: found.get(limitKey),
            refusal: found.get(refusalKey(limitKey))
          }))
      )
  }
})
