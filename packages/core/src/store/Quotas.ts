/** The processes on one database share each service's limit through it. */
import { randomUUID } from "node:crypto"
import { Clock, DateTime, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { orDatabaseError } from "../database/Database.ts"
import { SharedQuota } from "../net/SharedQuota.ts"
import * as Limits from "./Limits.ts"

interface Granted {
  readonly granted: number | null
  readonly others: number
  readonly windowLimit: number | null
  readonly windowMillis: number | null
}

export const layer: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effect(
  SharedQuota,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const limits = yield* Limits.make
    const server = randomUUID()
    // What whoever is gone in order has sent leaves the window; that of one that was killed is free after some seconds more.
    yield* Effect.addFinalizer(() =>
      sql`update quotas set wanted = 0, used_at = clock_timestamp()
        - (greatest(10000, coalesce(window_millis, 0) + 5000) - coalesce(window_millis, 0)) * interval '1 millisecond'
        where server = ${server}`.pipe(Effect.timeout("2 seconds"), Effect.ignore)
    )
    return {
      quota: (limitKey) => ({
        renew: ({ sent, wants, window }) =>
          Effect.gen(function* () {
            const at = new Date(yield* Clock.currentTimeMillis)
            // Whoever waits for the lock within waits for one statement of another process, which needs nothing of it.
            const [[found], closed] = yield* Effect.all(
              [
                orDatabaseError(sql<Granted>`select * from acquire_quota(${limitKey}, ${server}, ${window?.limit ?? null}::integer,
                  ${window?.millis ?? null}::integer, ${sent}::integer, ${wants}::integer)`),
                limits.closed(limitKey, at)
              ],
              { concurrency: 2 }
            )
            if (found === undefined) return undefined
            return {
              places: found.granted ?? 0,
              others: found.others,
              window:
                found.windowLimit === null || found.windowMillis === null
                  ? undefined
                  : { limit: found.windowLimit, millis: found.windowMillis },
              closed: Option.getOrUndefined(
                Option.map(closed, ({ blockedUntil, message }) => ({
                  until: DateTime.toEpochMillis(blockedUntil),
                  why: message
                }))
              )
            }
          }).pipe(Effect.orElseSucceed(() => undefined))
      })
    }
  })
)
