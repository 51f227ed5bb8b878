/**
 * What the services told about a credential, shared by all processes on the database. Its key names the credential by a
 * hash, so a process with another token has its own record.
 *
 * - A limit whose end is known for certain (a spent day, GitHub's limits) holds every process until then.
 * - A refusal is shown by every process until something succeeds. It holds no process: a cheap probe decides.
 */
import { DateTime, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import * as Timing from "../domain/Timing.ts"
import { plus } from "./sql.ts"

export interface Door {
  readonly blockedUntil: DateTime.Utc
  readonly message: string
}

/** Why nothing was published when a process with the same credential last tried. */
export interface Refusal {
  readonly since: DateTime.Utc
  readonly until: DateTime.Utc
  readonly message: string
}

const refusalKey = (limitKey: string): string => `${limitKey}:refused`

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  /** What was stored in the future, or for ever, was stored by a wrong clock, and does not count. */
  const isCredible = (now: Date) =>
    sql`coalesce(limits.noted_at, ${now}) <= ${plus(now, Timing.clockDifference)}
      and limits.blocked_until <= ${plus(now, Timing.maxClosure)}`
  return {
    close: (limitKey: string, until: DateTime.Utc, message: string, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into limits (limit_key, noted_at, blocked_until, message)
          values (${limitKey}, ${now}, ${DateTime.toDate(until)}, ${message})
          on conflict (limit_key) do update set noted_at = excluded.noted_at, blocked_until = excluded.blocked_until,
            message = excluded.message
          -- Another limit that ends sooner opens nothing.
          where not (limits.blocked_until > excluded.blocked_until and ${isCredible(now)})`)
      ),
    /** The limit that holds at `now`. */
    closed: (limitKey: string, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Door>`
          select blocked_until, message from limits where limit_key = ${limitKey} and blocked_until > ${now} and ${isCredible(now)}`),
        (found) => Option.fromNullishOr(found[0])
      ),
    /** Stores a refusal. A refusal that goes on keeps its beginning. */
    refuse: (limitKey: string, { message, until }: Pick<Refusal, "message" | "until">, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into limits (limit_key, noted_at, blocked_until, message)
          values (${refusalKey(limitKey)}, ${now}, ${DateTime.toDate(until)}, ${message})
          on conflict (limit_key) do update set noted_at = least(limits.noted_at, excluded.noted_at),
            blocked_until = excluded.blocked_until, message = excluded.message`)
      ),
    /** Something succeeded: the refusal is over. */
    accept: (limitKey: string) =>
      orDatabaseError(Effect.asVoid(sql`delete from limits where limit_key = ${refusalKey(limitKey)}`)),
    /** What is stored for these keys: limits that hold at `now`, and refusals, also past their end: only a success ends one. */
    known: (limits: ReadonlyArray<string>, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Refusal & { readonly limitKey: string }>`
          select limit_key, coalesce(noted_at, ${now}) as since, blocked_until as until, message from limits
          where ${sql.in("limit_key", limits.map(refusalKey))}
            or (${sql.in("limit_key", limits)} and blocked_until > ${now} and ${isCredible(now)})`),
        (rows) => {
          const byKey = new Map(rows.map(({ limitKey, ...stored }) => [limitKey, stored]))
          return limits.map((limitKey) => ({
            limitKey,
            limit: byKey.get(limitKey),
            refusal: byKey.get(refusalKey(limitKey))
          }))
        }
      )
  }
})
