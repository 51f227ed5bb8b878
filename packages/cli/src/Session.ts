/**
 * Core, wired for one command. Commands load this module with `import()` when they run: it loads the database driver and
 * all of core.
 */
import * as core from "@gitpip/core"
import { Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Backend, Report } from "./Backend.ts"
import { UsageError } from "./Failure.ts"
import { Host } from "./Host.ts"
import * as Local from "./Local.ts"
import * as Logging from "./Logging.ts"
import * as Output from "./Output.ts"
import { type Unknown, unknownSettings } from "./unknownSettings.ts"

export { core, Report }

const settings = core.Settings.layer
const logs = Logging.layerCommand.pipe(Layer.provide(settings))

/** Settings and logs, for checks without a database. */
export const layerSettings = Layer.merge(settings, logs)

/** Variables of the environment that are meant as settings, and are none. */
export const unknown: Effect.Effect<ReadonlyArray<Unknown>> = Effect.map(Host, ({ env }) =>
  unknownSettings(env, Object.keys(core.settings))
)

/** Warns about unknown settings on stderr. */
export const warnOfUnknown: Effect.Effect<void> = Effect.flatMap(unknown, (found) =>
  Effect.forEach(found, ({ detail, name }) => Output.message(`Warning: ${name} ${detail}`), { discard: true })
)

/** A server, asked over HTTP. */
const remote = (url: string, origin: "set" | "recorded") =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { apiKey } = yield* core.Settings
      const Remote = yield* Effect.promise(() => import("./remote/Remote.ts"))
      return Remote.layer({ url, key: apiKey, origin })
    })
  )

/** The settings' database, migrated, and closed at the end; or the server that has it open, if its address is known. */
const local = Local.layer.pipe(
  Layer.provide(core.Gitpip.layer),
  Layer.catchTag("DatabaseError", (error) =>
    error.server === undefined
      ? Layer.effect(Backend, Effect.fail(error))
      : Layer.unwrap(
          Effect.as(Output.message(`(asked the running server at ${error.server})`), remote(error.server, "recorded"))
        )
  )
)

/** The backend of the commands: the server that GITPIP_URL names, or this process. */
const layerBackend = Layer.unwrap(
  Effect.map(core.Settings, ({ url }) =>
    Option.match(url, { onNone: () => local, onSome: (url) => remote(url, "set") })
  )
).pipe(Layer.provideMerge(layerSettings))

export const withGitpip = <A, E>(
  use: (gitpip: Backend["Service"]) => Effect.Effect<A, E>
): Effect.Effect<A, E | core.DatabaseError | core.SettingsError> =>
  Effect.flatMap(Backend, use).pipe(Effect.provide(layerBackend))

/** Runs on the settings' database, migrated. No server can do this for a command. */
export const withDatabase = <A, E>(
  use: Effect.Effect<A, E, SqlClient.SqlClient>
): Effect.Effect<A, E | core.DatabaseError | core.SettingsError | UsageError> =>
  Effect.gen(function* () {
    const { url } = yield* core.Settings
    if (Option.isSome(url)) {
      return yield* new UsageError({
        faults: [
          "This command needs the database itself, and GITPIP_URL names a server. Unset GITPIP_URL, and set POSTGRES_CONNECTION_STRING or GITPIP_DATA_DIR"
        ]
      })
    }
    return yield* Effect.provide(use, core.Database.layer)
  }).pipe(Effect.provide(layerSettings))

/** The migrations that the settings' database has, after bringing it up to date. */
export const withMigrations = withDatabase(
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    return yield* core.Database.rows(
      Schema.Struct({ id: Schema.Int, name: Schema.String, appliedAt: Schema.DateTimeUtc })
    )(sql`select migration_id as id, name, created_at as applied_at from gitpip_migrations order by migration_id`)
  })
)
