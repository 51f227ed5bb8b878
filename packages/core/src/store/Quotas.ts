/** Shares each service's window of requests among the processes on one database. */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rows } from "../database/Database.ts"
import { SharedQuota } from "../net/SharedQuota.ts"
import * as Limits from "./Limits.ts"

/** What `acquire_quota` answers. */
const Granted = Schema.Struct({
  granted: Schema.NullOr(Schema.Int),
  others: Schema.Int,
  windowLimit: Schema.NullOr(Schema.Int),
  windowMillis: Schema.NullOr(Schema.Int)
})

export const layer: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effect(
  SharedQuota,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const limits = yield* Limits.make
    const server = randomUUID()
    // A server that shuts down cleanly frees its slots once its last request leaves the window. A killed server's slots
    // are freed a few seconds later.
    yield* Effect.addFinalizer(() =>
      sql`update quotas set wanted = 0, used_at = clock_timestamp()
        - (greatest(10000, coalesce(window_millis, 0) + 5000) - coalesce(window_millis, 0)) * interval '1 millisecond'
        where server = ${server}`.pipe(Effect.timeout("2 seconds"), Effect.ignore)
    )
    return {
      quota: (limitKey) => ({
        renew: ({ sent, wants, window }) =>
          Effect.gen(function* () {
            // The statement waits for the row's lock at most as long as one statement of another process takes.
            const [[found], blocked] = yield* Effect.all(
              [
                rows(Granted)(sql`select * from acquire_quota(${limitKey}, ${server}, ${window?.limit ?? null}::integer,
                  ${window?.millis ?? null}::integer, ${sent}::integer, ${wants}::integer)`),
                limits.blocked(limitKey)
              ],
              { concurrency: 2 }
            )
            const at = yield* Clock.currentTimeMillis
            if (found === undefined) return undefined
            return {
              slots: found.granted ?? 0,
              others: found.others,
              window:
                found.windowLimit === null || found.windowMillis === null
                  ? undefined
                  : { limit: found.windowLimit, millis: found.windowMillis },
              blocked: Option.getOrUndefined(
                Option.map(blocked, ({ message, wait }) => ({ until: at + Duration.toMillis(wait), why: message }))
              )
            }
          }).pipe(Effect.orElseSucceed(() => undefined))
      })
    }
  })
)
