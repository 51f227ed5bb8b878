/** Everything Gitpip remembers, as one service. Each part is a table family with its claims and leases. */
import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import * as Changes from "./repository/Changes.ts"
import * as Days from "./repository/Days.ts"
import * as Deals from "./repository/Deals.ts"
import * as Doors from "./repository/Doors.ts"
import * as Feed from "./repository/Feed.ts"
import * as GistFiles from "./repository/GistFiles.ts"
import * as Listings from "./repository/Listings.ts"
import * as Publications from "./repository/Publications.ts"
import * as Scans from "./repository/Scans.ts"
import * as Totals from "./repository/Totals.ts"
import * as Users from "./repository/Users.ts"
import * as Visits from "./repository/Visits.ts"

type Made<M extends { readonly make: Effect.Effect<unknown, never, SqlClient.SqlClient> }> = Effect.Success<M["make"]>

export class Repository extends Context.Service<
  Repository,
  {
    readonly users: Made<typeof Users>
    readonly files: Made<typeof GistFiles>
    readonly scans: Made<typeof Scans>
    readonly visits: Made<typeof Visits>
    readonly listings: Made<typeof Listings>
    readonly publications: Made<typeof Publications>
    readonly changes: Made<typeof Changes>
    readonly days: Made<typeof Days>
    readonly deals: Made<typeof Deals>
    readonly doors: Made<typeof Doors>
    readonly feed: Made<typeof Feed>
    readonly totals: Made<typeof Totals>
  }
>()("gitpip/Repository") {
  static readonly layer: Layer.Layer<Repository, never, SqlClient.SqlClient> = Layer.effect(
    Repository,
    Effect.all({
      users: Users.make,
      files: GistFiles.make,
      scans: Scans.make,
      visits: Visits.make,
      listings: Listings.make,
      publications: Publications.make,
      changes: Changes.make,
      days: Days.make,
      deals: Deals.make,
      doors: Doors.make,
      feed: Feed.make,
      totals: Totals.make
    })
  )
}
