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
import { later } from "./sql.ts"

export interface Door {
  readonly closedUntil: DateTime.Utc
  readonly message: string
}

/** Why nothing was published when a process with the same credential last tried. */
export interface Refusal {
  readonly since: DateTime.Utc
  readonly until: DateTime.Utc
  readonly message: string
}

const refusalKey = (door: string): string => `${door}:refused`

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  /** What was stored in the future, or for ever, was stored by a wrong clock, and does not count. */
  const isCredible = (now: Date) =>
    sql`coalesce(doors.closed_at, ${now}) <= ${later(now, Timing.clockDifference)}
      and doors.closed_until <= ${later(now, Timing.longestClosure)}`
  return {
    close: (door: string, until: DateTime.Utc, message: string, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into doors (door, closed_at, closed_until, message)
          values (${door}, ${now}, ${DateTime.toDate(until)}, ${message})
          on conflict (door) do update set closed_at = excluded.closed_at, closed_until = excluded.closed_until,
            message = excluded.message
          -- Another limit that ends sooner opens nothing.
          where not (doors.closed_until > excluded.closed_until and ${isCredible(now)})`)
      ),
    /** The limit that holds at `now`. */
    closed: (door: string, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Door>`
          select closed_until, message from doors where door = ${door} and closed_until > ${now} and ${isCredible(now)}`),
        (found) => Option.fromNullishOr(found[0])
      ),
    /** Stores a refusal. A refusal that goes on keeps its beginning. */
    refuse: (door: string, { message, until }: Pick<Refusal, "message" | "until">, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into doors (door, closed_at, closed_until, message)
          values (${refusalKey(door)}, ${now}, ${DateTime.toDate(until)}, ${message})
          on conflict (door) do update set closed_at = least(doors.closed_at, excluded.closed_at),
            closed_until = excluded.closed_until, message = excluded.message`)
      ),
    /** Something succeeded: the refusal is over. */
    accept: (door: string) => orDatabaseError(Effect.asVoid(sql`delete from doors where door = ${refusalKey(door)}`)),
    /** What is stored for these keys: limits that hold at `now`, and refusals, also past their end: only a success ends one. */
    known: (doors: ReadonlyArray<string>, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Refusal & { readonly door: string }>`
          select door, coalesce(closed_at, ${now}) as since, closed_until as until, message from doors
          where ${sql.in("door", doors.map(refusalKey))}
            or (${sql.in("door", doors)} and closed_until > ${now} and ${isCredible(now)})`),
        (rows) => {
          const byKey = new Map(rows.map(({ door, ...stored }) => [door, stored]))
          return doors.map((door) => ({
            door,
            limit: byKey.get(door),
            refusal: byKey.get(refusalKey(door))
          }))
        }
      )
  }
})
