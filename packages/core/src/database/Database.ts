/**
 * The one way to PostgreSQL: a server when a connection string is given, an embedded PGlite otherwise, through the same
 * driver and the same SQL; migrated before anything else can use it.
 *
 * Rows come as domain values: columns in camelCase, `bigint` as number (keys stay far below 2^53), `timestamptz` as
 * `DateTime.Utc`. SQL itself keeps snake_case.
 */
import { resolve } from "node:path"
import * as PgClient from "@effect/sql-pg/PgClient"
import { Context, Effect, Layer, Option, Record, Redacted, Result, Schema, type Scope, String as Text } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"
import { codeOf, innermostMessage } from "../net/causes.ts"
import { Settings } from "../Settings.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import { parse, shownAddress } from "./address.ts"
import * as Embedded from "./embedded/embedded.ts"
import * as ServerFile from "./embedded/serverFile.ts"
import { endLeases } from "./leases.ts"
import { migrations, newest } from "./migrations/index.ts"
import { clientConfig, tlsFault } from "./server.ts"
import { tables } from "./stateTables.ts"
import { types } from "./types.ts"

/** The database cannot be used. The message says why and what to do. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
  /**
   * - `busy`: another transaction holds a row for too long, and trying again later helps.
   * - `readOnly`: nothing can be written.
   * - `inUse`: another process has the embedded database.
   * - `unsafe`: the embedded database's directory is not this user's own.
   * - `damaged`: the embedded database's files are no database, or one that does not start.
   */
  reason: Schema.optionalKey(Schema.Literals(["busy", "readOnly", "inUse", "unsafe", "damaged"])),
  /** The address of the server that has the embedded database's directory, when the server has announced it. */
  server: Schema.optionalKey(Schema.String)
}) {}

/** The database that the settings name, migrated. */
export const layer: Layer.Layer<SqlClient.SqlClient, DatabaseError, Settings> = Layer.unwrap(
  Effect.map(Settings, (settings) =>
    Option.match(settings.postgres, {
      onNone: () => layerEmbedded(settings.dataDir),
      onSome: layerServer
    })
  )
)

/** The database that the settings name, for people: never its user or password. */
export const describe = ({ dataDir, postgres }: Pick<Settings["Service"], "dataDir" | "postgres">): string =>
  Option.match(postgres, {
    onNone: () => `embedded in ${resolve(dataDir)}`,
    onSome: (url) =>
      Result.match(parse(Redacted.value(url)), { onSuccess: shownAddress, onFailure: () => "PostgreSQL" })
  })

/** A PostgreSQL server, by its address in either form that libpq knows: `address.ts`. */
export const layerServer = (url: Redacted.Redacted): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.unwrap(
    // The driver's error would hold the address, password and all.
    Effect.fromResult(parse(Redacted.value(url))).pipe(
      Effect.mapError((reason) => new DatabaseError({ message: `The database's address ${reason}` })),
      Effect.flatMap((address) =>
        Effect.mapError(clientConfig(address), ({ message }) => new DatabaseError({ message }))
      ),
      Effect.map((config) =>
        migrated({
          client: Layer.merge(PgClient.layer({ ...config, ...rowForm }), layerBeside(config)),
          // A migration of another process takes longer than statements wait for locks otherwise.
          migrating: PgClient.layer({ ...config, startupParameters: {}, maxConnections: 1 })
        })
      )
    )
  )

/**
 * The connections for calls of users that may wait for a lock. They are few, so that however many such calls wait, other
 * statements have connections.
 */
export class WaitingConnections extends Context.Service<WaitingConnections, SqlClient.SqlClient["reserve"]>()(
  "gitpip/WaitingConnections"
) {}

/**
 * The client for frequent statements that never wait for a lock. They share connections, which is twice as fast. Hazards:
 * everything on a connection waits behind a statement that waits, and a statement here is outside any transaction.
 */
export class SharedConnections extends Context.Service<SharedConnections, SqlClient.SqlClient>()(
  "gitpip/SharedConnections"
) {}

/** How many connections each of the two has. */
const besideThePool = 3

const layerBeside = (config: PgClient.PgPoolConfig) => {
  const client = (multiplex: boolean) =>
    Effect.map(
      Layer.build(PgClient.layer({ ...config, ...rowForm, multiplex, maxConnections: besideThePool })),
      Context.get(SqlClient.SqlClient)
    )
  return Layer.merge(
    Layer.effect(
      WaitingConnections,
      Effect.map(client(false), (waiting) => waiting.reserve)
    ),
    Layer.effect(SharedConnections, client(true))
  )
}

/**
 * A PostgreSQL inside this process, its files in a directory that belongs to it alone while it is open. The processes that
 * held leases are dead, so their leases end here.
 */
export const layerEmbedded = (directory: string): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  Layer.effectDiscard(Effect.mapError(endLeases, (error) => unusable("The database cannot be used", error))).pipe(
    Layer.provideMerge(migrated({ client: embedded(directory) }))
  )

/**
 * Announces the address of this process, as the server that has an embedded database's directory, to other processes of the
 * same operating-system user, until the scope closes. A failure is ignored: the server works without the announcement.
 */
export const announce = (directory: string, url: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise(() => ServerFile.write(resolve(directory), url)).pipe(Effect.orElseSucceed(() => false)),
    (written) => (written ? Effect.ignore(Effect.tryPromise(() => ServerFile.remove(resolve(directory)))) : Effect.void)
  ).pipe(Effect.asVoid)

/** An embedded database in memory, gone with the process. */
export const layerMemory: Layer.Layer<SqlClient.SqlClient, DatabaseError> = Layer.suspend(() =>
  migrated({ client: embedded(undefined) })
)

const embedded = (directory: string | undefined) =>
  Layer.unwrap(
    Effect.map(Embedded.start(directory), (stream) =>
      PgClient.layer({ stream, ...rowForm, username: "postgres", database: "postgres", maxConnections: 1 })
    )
  )

/** The names inside JSON values are data, and stay. */
const rowForm = { types, transformResultNames: Text.snakeToCamel, transformJson: false }

type Client = Layer.Layer<
  SqlClient.SqlClient | PgClient.PgClient,
  DatabaseError | Embedded.EmbeddedError | SqlError.SqlError
>

const migrated = ({
  client,
  migrating = client
}: {
  readonly client: Client
  readonly migrating?: Client
}): Layer.Layer<SqlClient.SqlClient, DatabaseError> =>
  client.pipe(
    Layer.provideMerge(Layer.effectDiscard(migrate).pipe(Layer.provide(migrating))),
    Layer.catchTag("EmbeddedError", (error) =>
      failing(
        new DatabaseError({
          message: error.message,
          cause: error,
          ...(error.reason === undefined ? {} : { reason: error.reason }),
          ...(error.server === undefined ? {} : { server: error.server })
        })
      )
    ),
    Layer.catchTag("SqlError", (error) => failing(unusable("The database cannot be used", error)))
  )

const failing = (error: DatabaseError) => Layer.effectContext(Effect.fail(error))

/** Reports what the opening of a database does at the moment, as a sentence, to people who wait for it. */
export const Progress = Context.Reference<(step: string) => Effect.Effect<void>>("gitpip/Database/Progress", {
  defaultValue: () => () => Effect.void
})

const report = (step: string): Effect.Effect<void> => Effect.flatMap(Progress, (progress) => progress(step))

/** The migrations. Each one that runs is reported first, with its place among those that the database lacks. */
const reported = (waiting: ReadonlyArray<string>) =>
  Record.map(migrations, (migration, name) =>
    Effect.andThen(
      report(`The database is being migrated: ${name}, ${waiting.indexOf(name) + 1} of ${waiting.length}`),
      migration
    )
  )

/**
 * Brings the schema up to date; racing processes wait for each other. A schema newer than the program is refused, and so
 * is a database in which somebody else's tables have the names of ours: nothing is changed there.
 */
export const migrate: Effect.Effect<ReadonlyArray<string>, DatabaseError, SqlClient.SqlClient> = Effect.gen(
  function* () {
    const sql = yield* SqlClient.SqlClient
    const [found] = yield* sql<{ isOurs: boolean; tables: ReadonlyArray<string> }>`
      select to_regclass('gitpip_migrations') is not null as "isOurs", array(
        select tablename::text from pg_tables where schemaname = current_schema()
          and tablename in ${sql.in(tables.map(({ name }) => name))} order by tablename) as tables`
    const foreign = found?.isOurs === false ? found.tables : []
    if (foreign.length > 0) {
      return yield* new DatabaseError({
        message: `The database holds tables of another program (${foreign.join(", ")}). Name an empty one in POSTGRES_CONNECTION_STRING`
      })
    }
    const newestApplied = sql<{ id: number | null }>`select max(migration_id) as id from gitpip_migrations`
    const [before] = found?.isOurs === true ? yield* newestApplied : []
    const waiting = Object.keys(migrations).filter((name) => Number.parseInt(name, 10) > (before?.id ?? 0))
    // Before they run: a migration of a large database takes minutes.
    if (waiting.length > 0) {
      // Another process may run them at the moment, and this one waits for its lock.
      yield* report(`The database is being migrated: ${waiting.join(", ")}`)
      yield* Telemetry.log("Info", "database.migrating", { migrations: waiting.join(", ") })
    }
    const loader = Migrator.fromRecord(reported(waiting))
    const done = yield* Migrator.make({})({ loader, table: "gitpip_migrations" })
    const [after] = yield* newestApplied
    if ((after?.id ?? 0) > newest) {
      return yield* new DatabaseError({
        message: `The database has schema ${after?.id}, newer than ${newest}, the newest that this version of Gitpip knows. Use the newer version`
      })
    }
    return done.map(([id, name]) => `${String(id).padStart(4, "0")}_${name}`)
  }
).pipe(
  Effect.catchTags({
    MigrationError: (error) =>
      Effect.fail(unusable(`The database cannot be migrated: ${error.message}`, error.cause ?? error)),
    // The first statement of all: a server that cannot be reached shows here.
    SqlError: (error) => Effect.fail(unusable(whyNot(error), error))
  })
)

/** Checks the rows of a statement against a domain schema; every failure is a `DatabaseError`. */
export const rows = <S extends Schema.Top>(schema: S) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(Schema.toType(schema)))
  return <E extends { readonly _tag: string }, R>(
    statement: Effect.Effect<ReadonlyArray<unknown>, E, R>
  ): Effect.Effect<ReadonlyArray<S["Type"]>, DatabaseError, R> => orDatabaseError(Effect.flatMap(statement, decode))
}

/** Turns whatever the driver fails with into a `DatabaseError`. */
export const orDatabaseError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, DatabaseError, R> =>
  Effect.mapError(effect, (error) =>
    error instanceof DatabaseError ? error : unusable("The database did not do what was asked", error)
  )

const unusable = (what: string, error: unknown): DatabaseError => {
  const code = codeOf(error)
  if (code === states.readOnly) return readOnly(error)
  if (code === states.noSuchSchema) return new DatabaseError({ message: noSuchSchema, cause: error })
  if (code === states.lockNotAvailable) return new DatabaseError({ message: busy, cause: error, reason: "busy" })
  const message = sqlMessage(error)
  return new DatabaseError({ message: message === "" ? what : `${what}: ${message}`, cause: error })
}

/** A code of PostgreSQL's, so that a server, or a pooler, did answer. Those of Node.js are longer. */
const isSqlState = (code: string | undefined): boolean => code !== undefined && /^[0-9A-Z]{5}$/.test(code)

/** https://www.postgresql.org/docs/18/errcodes-appendix.html */
const states = { lockNotAvailable: "55P03", readOnly: "25006", noSuchDatabase: "3D000", noSuchSchema: "3F000" }

const busy = "Another transaction holds what this call needs. Try again in a moment"

const noSuchSchema =
  "The database has no schema of that name. Create it (`create schema …`), or correct `schema` in POSTGRES_CONNECTION_STRING"

/** The database takes no writes. */
export const readOnly = (cause?: unknown): DatabaseError =>
  new DatabaseError({
    message:
      "The database is read-only: it is a standby, or default_transaction_read_only is on. Name the primary server in POSTGRES_CONNECTION_STRING",
    reason: "readOnly",
    ...(cause === undefined ? {} : { cause })
  })

const whyNot = ({ reason }: SqlError.SqlError): string => {
  switch (reason._tag) {
    case "ConnectionError":
      return (
        tlsFault(codeOf(reason), reason.cause) ??
        (isSqlState(codeOf(reason))
          ? "The database refuses the connection"
          : "The database cannot be reached. Check POSTGRES_CONNECTION_STRING and that the server runs")
      )
    case "AuthenticationError":
    case "AuthorizationError":
      return "The database refuses the user. Check POSTGRES_CONNECTION_STRING and the user's rights"
    default:
      // PostgreSQL says which; its word for it is the same in every language.
      return codeOf(reason) === states.noSuchDatabase
        ? "There is no such database. Create it, or correct its name in POSTGRES_CONNECTION_STRING"
        : "The database cannot be migrated"
  }
}

/** Never the connection string. */
const sqlMessage = (error: unknown): string =>
  (innermostMessage(error) ?? "").replace(/postgres(ql)?:\/\/\S+/g, "postgres://…")
