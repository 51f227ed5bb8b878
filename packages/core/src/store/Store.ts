/** The database, as one service: each part is a family of tables with its claims and leases. */
import { Context, type DateTime, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { type DatabaseError, readOnly } from "../database/Database.ts"
import { findOne } from "../database/statements.ts"
import * as Checks from "./Checks.ts"
import * as Days from "./Days.ts"
import * as Feed from "./FeedPositions.ts"
import * as Forgetting from "./Forgetting.ts"
import * as GistFiles from "./GistFiles.ts"
import * as History from "./History.ts"
import * as Limits from "./Limits.ts"
import * as Listings from "./Listings.ts"
import * as Changes from "./NewKeys.ts"
import * as Profiles from "./Profiles.ts"
import * as Publications from "./Publications.ts"
import * as Scans from "./Scans.ts"
import * as Sources from "./Sources.ts"
import * as Targets from "./Targets.ts"
import * as Totals from "./Totals.ts"
import * as Users from "./Users.ts"
import * as Visits from "./Visits.ts"

type Made<M extends { readonly make: Effect.Effect<unknown, never, SqlClient.SqlClient> }> = Effect.Success<M["make"]>

const Now = Schema.Struct({ now: Schema.DateTimeUtc })

const clock = Effect.map(SqlClient.SqlClient, (sql) =>
  Effect.map(findOne(Now, () => sql`select clock_timestamp() as now`)(), ({ now }) => now)
)

const ReadOnly = Schema.Struct({ readOnly: Schema.Boolean })

const writable = Effect.map(SqlClient.SqlClient, (sql) =>
  Effect.flatMap(
    findOne(ReadOnly, () => sql`select current_setting('transaction_read_only') = 'on' as read_only`)(),
    (found) => (found.readOnly ? Effect.fail(readOnly()) : Effect.void)
  )
)

/** All SQL of Gitpip, a family of tables to each field. Every failure is a `DatabaseError`, or says that a row is missing. */
export class Store extends Context.Service<
  Store,
  {
    readonly users: Made<typeof Users>
    readonly checks: Made<typeof Checks>
    readonly files: Made<typeof GistFiles>
    readonly profiles: Made<typeof Profiles>
    readonly forgetting: Made<typeof Forgetting>
    readonly scans: Made<typeof Scans>
    readonly sources: Made<typeof Sources>
    readonly visits: Made<typeof Visits>
    readonly listings: Made<typeof Listings>
    readonly publications: Made<typeof Publications>
    readonly changes: Made<typeof Changes>
    readonly days: Made<typeof Days>
    readonly targets: Made<typeof Targets>
    readonly limits: Made<typeof Limits>
    readonly feed: Made<typeof Feed>
    readonly totals: Made<typeof Totals>
    readonly history: Made<typeof History>
    /** The database's clock. */
    readonly now: Effect.Effect<DateTime.Utc, DatabaseError>
    /** Fails when nothing can be written, as on a standby. */
    readonly requireWritable: Effect.Effect<void, DatabaseError>
  }
>()("gitpip/Store") {
  static readonly layer: Layer.Layer<Store, never, SqlClient.SqlClient> = Layer.effect(
    Store,
    Effect.all({
      users: Users.make,
      checks: Checks.make,
      files: GistFiles.make,
      profiles: Profiles.make,
      forgetting: Forgetting.make,
      scans: Scans.make,
      sources: Sources.make,
      visits: Visits.make,
      listings: Listings.make,
      publications: Publications.make,
      changes: Changes.make,
      days: Days.make,
      targets: Targets.make,
      limits: Limits.make,
      feed: Feed.make,
      totals: Totals.make,
      history: History.make,
      now: clock,
      requireWritable: writable
    })
  )
}
