/**
 * Core, wired for one command. Commands load this module with `import()` when they run, never before: it brings the
 * database driver and all of core along.
 */
import * as core from "@gitpip/core"
import { Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import * as Logging from "./Logging.ts"

export { core }

const settings = core.Settings.layer
const logs = Logging.layerCommand.pipe(Layer.provide(settings))

/** Settings and logs, for what needs no database. */
export const layerSettings = Layer.merge(settings, logs)

/** The settings' database and everything on it. */
export const layer = core.Gitpip.layer.pipe(Layer.provideMerge(layerSettings))

/** Opens the database, migrates it, and closes it when done. */
export const withGitpip = <A, E>(
  use: (gitpip: core.Gitpip["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E | core.DatabaseError | core.SettingsError> =>
  Effect.flatMap(core.Gitpip, use).pipe(Effect.provide(layer))

/** The migrations that the settings' database has, after bringing it up to date. */
export const withMigrations = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* core.Database.rows(Schema.Struct({ id: Schema.Int, name: Schema.String }))(
    sql`select migration_id as id, name from gitpip_migrations order by migration_id`
  )
}).pipe(Effect.provide(core.Database.layer.pipe(Layer.provide(layerSettings))))
