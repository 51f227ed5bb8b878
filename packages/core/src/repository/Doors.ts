/** Until when a service must not be asked, remembered beyond the process: a restart is no reason to ask again. */
import { DateTime, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../Database.ts"
import * as Timing from "../domain/Timing.ts"
import { later } from "./sql.ts"

export interface Door {
  readonly closedUntil: DateTime.Utc
  readonly message: string
}

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return {
    close: (door: string, until: DateTime.Utc, message: string, now: Date) =>
      orDatabaseError(
        Effect.asVoid(sql`
          insert into doors (door, closed_at, closed_until, message)
          values (${door}, ${now}, ${DateTime.toDate(until)}, ${message})
          on conflict (door) do update set closed_at = excluded.closed_at, closed_until = excluded.closed_until,
            message = excluded.message
          -- Another limit that ends sooner opens nothing. What a clock that was wrong has noted does not count: see below.
          where not (doors.closed_until > excluded.closed_until
            and coalesce(doors.closed_at, ${now}) <= ${later(now, Timing.clockDifference)}
            and doors.closed_until <= ${later(now, Timing.longestClosure)})`)
      ),
    /** The door, when it is closed at `now`. One that was closed in the future, or for ever, was closed by a wrong clock. */
    closed: (door: string, now: Date) =>
      Effect.map(
        orDatabaseError(sql<Door>`
          select closed_until, message from doors where door = ${door} and closed_until > ${now}
            and coalesce(closed_at, ${now}) <= ${later(now, Timing.clockDifference)}
            and closed_until <= ${later(now, Timing.longestClosure)}`),
        (found) => Option.fromNullishOr(found[0])
      )
  }
})
