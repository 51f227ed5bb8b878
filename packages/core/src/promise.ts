/**
 * Gitpip for programs without Effect: the same calls as promises.
 *
 * Values have their JSON form (snake_case, timestamps as text), as in the HTTP API. A failure rejects with an `Error` whose
 * `name` is the error's tag (`UserNotTracked`, `UserConflict`, `DatabaseError` …).
 */
import {
  Cause,
  ConfigProvider,
  Data,
  Effect,
  Exit,
  Layer,
  ManagedRuntime,
  Option,
  Predicate,
  References,
  Schema
} from "effect"
import { Forgotten } from "./domain/Forgotten.ts"
import { GistFile } from "./domain/GistFile.ts"
import { Publication } from "./domain/Publication.ts"
import { Scan } from "./domain/Scan.ts"
import { Status } from "./domain/Status.ts"
import { User, UserDetails, UserId, Username } from "./domain/User.ts"
import { Visit, Visitor } from "./domain/Visit.ts"
import { Gitpip } from "./Gitpip.ts"
import type { Drained } from "./publish/Publisher.ts"
import { Settings, SettingsError } from "./Settings.ts"
import { Worker } from "./Worker.ts"

/** A tracked user in JSON form, as `GET /users` shows users. */
export interface UserJson extends Schema.Codec.Encoded<typeof User> {}

/** A user, the user's public profile, deal and counts in JSON form. */
export interface UserDetailsJson extends Schema.Codec.Encoded<typeof UserDetails> {}

/** What was erased about a user, and what stands in Pipedrive, in JSON form. */
export interface ForgottenJson extends Schema.Codec.Encoded<typeof Forgotten> {}

/** A visit and its files in JSON form. */
export interface VisitJson extends Schema.Codec.Encoded<typeof Visit> {}

/** A found file in JSON form. `size` is in bytes, times are RFC 3339. */
export interface GistFileJson extends Schema.Codec.Encoded<typeof GistFile> {}

/** A scan in JSON form. */
export interface ScanJson extends Schema.Codec.Encoded<typeof Scan> {}

/** A publication in JSON form. `remote_id` is Pipedrive's number, once there is one. */
export interface PublicationJson extends Schema.Codec.Encoded<typeof Publication> {}

/** Users, scans, publications and limits in JSON form, as `GET /status` shows them. */
export interface StatusJson extends Schema.Codec.Encoded<typeof Status> {}

/** Gitpip with promises in place of effects. A failure rejects with an `Error` whose `name` is the tag. */
export interface PromiseGitpip {
  /** Tracks a user, by default under the next free id. A number that is used already rejects with `UserConflict`. */
  readonly track: (username: string, id?: number) => Promise<UserJson>
  /** Stops tracking a user. Found files stay, and waiting ones are still published. */
  readonly untrack: (username: string) => Promise<UserJson>
  /**
   * Erases what is stored about a user. What stands in Pipedrive stays, and is named in the answer. Rejects with `UserBusy`
   * while a file of the user is being published.
   */
  readonly forget: (username: string) => Promise<ForgottenJson>
  /** Up to 1,000 users by ascending id, from after an id on. */
  readonly users: (after?: number) => Promise<ReadonlyArray<UserJson>>
  /** A user with the public profile, the deal in Pipedrive and the counts of files. */
  readonly user: (username: string) => Promise<UserDetailsJson>
  /** A visit: the files that are new to this visitor. */
  readonly latest: (username: string, visitor?: string) => Promise<VisitJson>
  /** Up to 1,000 files, newest found first, from before a file's id on. */
  readonly history: (username: string, before?: number) => Promise<ReadonlyArray<GistFileJson>>
  /** Checks all users, or one. */
  readonly scan: (username?: string) => Promise<ScanJson>
  /** Publishes all files that are due. */
  readonly publish: () => Promise<Drained>
  /** Up to 1,000 publications, newest first, from before an id on. */
  readonly publications: (before?: number) => Promise<ReadonlyArray<PublicationJson>>
  /** Tries a failed or gone publication again, by its id. */
  readonly retry: (publication: number) => Promise<PublicationJson>
  /** Users, scans and publications in numbers, and what is left of both services' limits. */
  readonly status: () => Promise<StatusJson>
  /** Finishes or releases the work in flight, and closes the database. */
  readonly close: () => Promise<void>
}

/** How `open` starts Gitpip. */
export interface OpenOptions {
  /** Settings by the names of their environment variables. Default: `process.env`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Whether to scan and publish by itself, as the server does. Default: false. */
  readonly worker?: boolean
}

/** Opens Gitpip on the settings' database. Rejects with all faults of the settings at once. */
export const open = async (options: OpenOptions = {}): Promise<PromiseGitpip> => {
  const faults = faultsOf(options.settings)
  if (faults.length > 0) return rethrow(new SettingsError({ faults }))
  const env = options.settings ?? (process.env as Record<string, string>)
  const settings = Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
  // A library logs nothing but warnings unless the settings name a level.
  const quiet = env.GITPIP_LOG_LEVEL === undefined ? Layer.succeed(References.MinimumLogLevel, "Warn") : logLevel
  const gitpip = Gitpip.layer.pipe(Layer.provideMerge(quiet), Layer.provideMerge(settings))
  const runtime = ManagedRuntime.make(options.worker === true ? Layer.provideMerge(Worker.layer, gitpip) : gitpip)
  await runtime.context().catch(rethrow)
  let isClosed = false

  const run: Run = async (effect) => {
    if (isClosed) return rethrow(new Closed())
    const exit = await runtime.runPromiseExit(effect)
    if (Exit.isSuccess(exit)) return exit.value
    return rethrow(isClosed && Cause.hasInterruptsOnly(exit.cause) ? new Closed() : Cause.squash(exit.cause))
  }
  return {
    ...callsOf(run),
    close: () => {
      isClosed = true
      return runtime.dispose()
    }
  }
}

/** What is wrong with the object of settings itself. A value that is no text may be a secret, so no message shows it. */
const faultsOf = (settings: unknown): ReadonlyArray<string> => {
  if (settings === undefined) return []
  if (typeof settings !== "object" || settings === null || Array.isArray(settings))
    return ["settings: must be an object with a text for each name, as `process.env` is"]
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "string" || value === undefined
      ? []
      : [`${name}: must be a text, and is ${value === null ? "null" : `of the type ${typeof value}`}`]
  )
}

type Run = <A, E>(effect: Effect.Effect<A, E, Gitpip>) => Promise<A>

/** Every call but `close`. `run`: runs an effect on the opened Gitpip. */
const callsOf = (run: Run): Omit<PromiseGitpip, "close"> => {
  const call = <S extends Schema.Codec<unknown, unknown>, E>(
    schema: S,
    use: (service: Gitpip["Service"]) => Effect.Effect<S["Type"], E>
  ) => run(Effect.flatMap(Effect.flatMap(Gitpip, use), Schema.encodeEffect(schema))) as Promise<S["Encoded"]>

  return {
    track: (username, id) =>
      call(User, (gitpip) =>
        Effect.gen(function* () {
          const wanted =
            id === undefined ? undefined : yield* argument({ name: "id", schema: UserId, type: "number" }, id)
          return (yield* gitpip.track(yield* name(username), { id: wanted })).user
        })
      ),
    forget: (username) => call(Forgotten, (gitpip) => Effect.flatMap(name(username), gitpip.forget)),
    untrack: (username) => call(User, (gitpip) => Effect.flatMap(name(username), gitpip.untrack)),
    users: (after = 0) =>
      call(Schema.Array(User), (gitpip) =>
        Effect.flatMap(number("after", after), (valid) => gitpip.users({ after: valid, limit: pageSize }))
      ),
    user: (username) => call(UserDetails, (gitpip) => Effect.flatMap(name(username), gitpip.user)),
    latest: (username, visitor) =>
      call(Visit, (gitpip) =>
        Effect.gen(function* () {
          const who =
            visitor === undefined
              ? undefined
              : yield* argument({ name: "visitor", schema: Visitor, type: "string" }, visitor)
          return yield* gitpip.latest(yield* name(username), who)
        })
      ),
    history: (username, before = Number.MAX_SAFE_INTEGER) =>
      call(Schema.Array(GistFile), (gitpip) =>
        Effect.gen(function* () {
          const page = { before: yield* number("before", before), limit: pageSize }
          return yield* gitpip.history(yield* name(username), page)
        })
      ),
    scan: (username) =>
      call(Scan, (gitpip) =>
        Effect.flatMap(
          Option.match(Option.fromNullishOr(username), { onNone: () => Effect.succeed(undefined), onSome: name }),
          (valid) => gitpip.scan({ username: valid })
        )
      ),
    publish: () => run(Effect.flatMap(Gitpip, (gitpip) => gitpip.publish)),
    publications: (before = Number.MAX_SAFE_INTEGER) =>
      call(Schema.Array(Publication), (gitpip) =>
        Effect.flatMap(number("before", before), (valid) => gitpip.publications({ before: valid, limit: pageSize }))
      ),
    retry: (publication) =>
      call(Publication, (gitpip) => Effect.flatMap(number("publication", publication), gitpip.retry)),
    status: () => call(Status, (gitpip) => gitpip.status)
  }
}

/** Rows of a page: what the documentation of these calls says. */
const pageSize = 1_000

const logLevel = Layer.effect(
  References.MinimumLogLevel,
  Effect.map(Settings, (settings) => settings.logLevel)
)

/** A call came after `close()`, or was cut off by it. */
class Closed extends Data.TaggedError("Closed") {
  override readonly message = "This Gitpip was closed. Call open() again"
}

/** An argument has the wrong type, or a form that cannot be used. */
class InvalidArgument extends Data.TaggedError("InvalidArgument")<{ readonly message: string }> {}

const argument = <S extends Schema.Codec<unknown, unknown>>(
  { name, schema, type }: { readonly name: string; readonly schema: S; readonly type: "number" | "string" },
  value: unknown
): Effect.Effect<S["Type"], InvalidArgument> =>
  typeof value !== type
    ? Effect.fail(new InvalidArgument({ message: `${name} is not a ${type}` }))
    : Schema.decodeUnknownEffect(schema)(value).pipe(
        Effect.mapError(({ message }) => new InvalidArgument({ message: `${name} cannot be used: ${message}` }))
      )

const name = (username: string) => argument({ name: "username", schema: Username, type: "string" }, username)

const wanted = { message: "it is not a whole number from 0 to 9007199254740991" }
const WholeNumber = Schema.Number.check(
  Schema.isInt(wanted),
  Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, wanted)
)

/** An id, or a place between ids. */
const number = (name: string, value: number) => argument({ name, schema: WholeNumber, type: "number" }, value)

/** Tagged errors keep their tag as their name: `error.name === "UserNotTracked"`. */
const rethrow = (error: unknown): never => {
  if (error instanceof Error && "_tag" in error && Predicate.isString(error._tag)) error.name = error._tag
  throw error
}
