/** Shares each service's window of requests among the processes on one database. */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { findOne } from "../database/statements.ts"
import { type QuotaUse, SharedQuota } from "../limits/SharedQuota.ts"
import * as Limits from "./Limits.ts"

/** What `acquire_quota` answers. */
const Granted = Schema.Struct({
  granted: Schema.NullOr(Schema.Int),
  others: Schema.Int,
  windowLimit: Schema.NullOr(Schema.Int),
  windowMillis: Schema.NullOr(Schema.Int)
})

/** Shared quotas by the database, for all processes that use it. */
export const layer: Layer.Layer<never, never, SqlClient.SqlClient> = Layer.effect(
  SharedQuota,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const limits = yield* Limits.make
    const server = randomUUID()
    const acquire = findOne(
      Granted,
      ({ limitKey, sent, wants, window }: QuotaUse & { readonly limitKey: string }) => sql`
        select * from acquire_quota(${limitKey}, ${server}, ${window?.limit ?? null}::integer,
          ${window?.millis ?? null}::integer, ${sent}::integer, ${wants}::integer)`
    )
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
            const [found, blocked] = yield* Effect.all(
              [acquire({ limitKey, sent, wants, window }), limits.blocked(limitKey)],
              { concurrency: 2 }
            )
            const at = yield* Clock.currentTimeMillis
            const { granted, others, windowLimit, windowMillis } = found
            return {
              slots: granted ?? 0,
              others,
              window:
                windowLimit === null || windowMillis === null
                  ? undefined
                  : { limit: windowLimit, millis: windowMillis },
              blocked: Option.getOrUndefined(
                Option.map(blocked, ({ message, wait }) => ({ until: at + Duration.toMillis(wait), why: message }))
              )
            }
          }).pipe(Effect.orElseSucceed(() => undefined))
      })
    }
  })
)
