/** The checks of `doctor`: each thing that Gitpip needs by itself, so that one fault does not hide the next. */
import { Cause, Effect, Exit, Layer, Option, Schema } from "effect"
import type { ServerError } from "./Backend.ts"
import { fixOf } from "./doctorFixes.ts"
import { failureOf } from "./Failure.ts"
import { hide } from "./Host.ts"
import { core, layerSettings } from "./Session.ts"
import { count } from "./Text.ts"

const Check = Schema.Struct({
  name: Schema.Literals(["settings", "server", "database", "github", "pipedrive"]),
  /** `off`: not set up, which is a choice. `skipped`: cannot be checked before another check succeeds. */
  state: Schema.Literals(["ok", "failed", "off", "skipped"]),
  /** What was found. */
  message: Schema.String,
  /** What to do about it; null only when the state is `ok`. */
  fix: Schema.NullOr(Schema.String)
})
export type Check = typeof Check.Type
export const Checks = Schema.Array(Check)

/** Checks all that Gitpip needs. Never fails: each check has a state and, unless `ok`, what to do. */
export const checkAll: Effect.Effect<ReadonlyArray<Check>> = Effect.gen(function* () {
  const read = yield* Effect.exit(Effect.provide(core.Settings, layerSettings))
  if (Exit.isFailure(read)) {
    const { message, fix } = yield* failed("settings", read.cause)
    const skipped = { state: "skipped", message: "cannot be checked yet", fix: "Fix the settings first" } as const
    return [
      { name: "settings", state: "failed", message, fix },
      { name: "database", ...skipped },
      { name: "github", ...skipped },
      { name: "pipedrive", ...skipped }
    ] satisfies ReadonlyArray<Check>
  }
  const unused = core.unusedSettings(read.value).map(({ detail, name }) => `${name} ${detail}`)
  const languages = core
    .unknownLanguages(read.value.files.languages)
    .map((language) => `GITPIP_LANGUAGES ${core.describeUnknown(language)}`)
  const message = ["all are valid", ...unused, ...languages, ...network(read.value)].join("\n")
  const settings: Check = { name: "settings", state: "ok", message, fix: null }
  const { url } = read.value
  // The server checks the rest with its own settings.
  const checks = Option.isSome(url)
    ? [checked("server", server(url.value))]
    : [checked("database", database), checked("github", github), checked("pipedrive", pipedrive)]
  const found = yield* Effect.all(checks, { concurrency: "unbounded" }).pipe(
    Effect.provide(layerSettings),
    Effect.orDie
  )
  return [settings, ...found]
})

/** The proxies and authorities between this machine and the services, without passwords. */
const network = ({ authorities, proxies }: core.Settings["Service"]): ReadonlyArray<string> => {
  const used = [
    ["https", proxies.https],
    ["http", proxies.http]
  ] as const
  const through = used.flatMap(([scheme, proxy]) =>
    Option.toArray(proxy).map(
      ({ origin, variable }) => `${scheme}:// addresses are asked through the proxy ${origin} of ${variable}`
    )
  )
  return [
    ...through,
    ...(through.length > 0 && proxies.except.length > 0
      ? [`without a proxy, by NO_PROXY: ${proxies.except.join(", ")}`]
      : []),
    ...Option.toArray(authorities).map((file) => `the authorities of NODE_EXTRA_CA_CERTS are trusted: ${file}`)
  ]
}

type Finding =
  | { readonly state: "ok"; readonly message: string; readonly fix: null }
  | { readonly state: "failed" | "off"; readonly message: string; readonly fix: string }

const ok = (message: string): Finding => ({ state: "ok", message, fix: null })

const failed = (what: Parameters<typeof fixOf>[0], cause: Cause.Cause<unknown>) =>
  Effect.map(hide, (hide) => ({
    state: "failed" as const,
    message: failureOf(cause, hide).message,
    fix: fixOf(what, Cause.squash(cause))
  }))

const checked = <E, R>(name: Check["name"], check: Effect.Effect<Finding, E, R>): Effect.Effect<Check, never, R> =>
  check.pipe(
    Effect.catchCause((cause: Cause.Cause<E>) =>
      Cause.hasInterruptsOnly(cause) ? Effect.interrupt : (failed(name, cause) as Effect.Effect<Finding>)
    ),
    Effect.map((finding) => ({ name, ...finding }))
  )

const server = Effect.fnUntraced(function* (url: string) {
  const { apiKey } = yield* core.Settings
  const { check } = yield* Effect.promise(() => import("./remote/Remote.ts"))
  yield* check({ url, key: apiKey })
  return ok(`${url} answers, ${Option.isSome(apiKey) ? "accepts the key " : ""}and gets its work done`)
})

/** Choices that do not count under the settings, with the number of users who have one. */
const unusedChoices = Effect.gen(function* () {
  const settings = yield* core.Settings
  const why = (chosen: core.Choices) => core.unusedChoices(settings, chosen)
  if (why({ deal: true, person: true }).length === 0) return []
  const { deals, persons } = yield* Effect.flatMap(core.Store, ({ users }) => users.choices)
  const counted = [
    [deals, why({ deal: deals > 0, person: false })],
    [persons, why({ deal: false, person: persons > 0 })]
  ] as const
  return counted.flatMap(([users, reasons]) => reasons.map((reason) => `${reason} (${count(users, "user")})`))
})

/** What Gitpip created twice and could not delete: a person can. */
const undeleted = Effect.gen(function* () {
  const [first, ...more] = yield* Effect.flatMap(core.Store, ({ publications }) => publications.undeleted)
  if (first === undefined) return []
  const items = count(more.length + 1, "item")
  return [
    `Pipedrive has ${items} that Gitpip created twice and could not delete, such as ${first.remoteId}: ${first.errorMessage}. Delete what is there twice in Pipedrive, or let the token's user delete it; Gitpip tries again within a day`
  ]
})

const database = Effect.gen(function* () {
  const { dataDir, postgres } = yield* core.Settings
  const answers = Option.isSome(postgres)
    ? "the PostgreSQL server answers and is migrated"
    : `embedded in ${dataDir}, opens and is migrated`
  return yield* Effect.flatMap(core.Store, ({ requireWritable }) => requireWritable).pipe(
    Effect.andThen(Effect.all([unusedChoices, undeleted])),
    Effect.provide(Layer.provide(core.Store.layer, core.Database.layer)),
    Effect.map((notes) => ok([answers, ...notes.flat()].join("\n"))),
    Effect.catch(
      (error: core.DatabaseError): Effect.Effect<Finding, core.DatabaseError | ServerError, core.Settings> =>
        error.server !== undefined
          ? Effect.as(
              server(error.server),
              ok(`embedded in ${dataDir}; the server at ${error.server} has it, and answers`)
            )
          : Option.isSome(postgres)
            ? Effect.fail(error)
            : failed("embedded", Cause.fail(error))
    )
  )
})

const github = Effect.gen(function* () {
  const { githubApiUrl, githubToken } = yield* core.Settings
  const { check, checkLists } = yield* core.Github
  yield* check
  yield* checkLists
  return ok(
    Option.isSome(githubToken)
      ? `${githubApiUrl} accepts the token`
      : `${githubApiUrl} answers, without GITHUB_TOKEN only 60 requests an hour`
  )
}).pipe(Effect.provide(core.Github.layer.pipe(Layer.provide(core.layerTransport))))

const pipedrive = Effect.gen(function* () {
  const settings = yield* core.Settings
  if (Option.isNone(settings.pipedrive)) {
    return {
      state: "off",
      message: "nothing is published",
      fix: "Set PIPEDRIVE_TOKEN and PIPEDRIVE_ORG to publish; files are found and shown without them"
    } satisfies Finding
  }
  const { origin } = settings.pipedrive.value
  const faults = yield* Effect.flatMap(core.Pipedrive, (pipedrive) => core.checkPlacement(pipedrive, settings)).pipe(
    Effect.provide(core.Pipedrive.layer(settings.pipedrive.value).pipe(Layer.provide(core.layerTransport)))
  )
  if (faults.length > 0) {
    return {
      state: "failed",
      message: [`${origin} accepts the token and does not have what the settings name`, ...faults].join("\n"),
      fix: faults.some((fault) => /^GITPIP_PERSON_FIELD: Pipedrive has no text field/.test(fault))
        ? "Set each to one of the choices, or create it in Pipedrive. `gitpip doctor --fix` creates the field of persons. Until then nothing is published"
        : "Set each to one of the choices, or create it in Pipedrive. Until then nothing is published"
    } satisfies Finding
  }
  return ok(
    settings.publishAs === "activity"
      ? `${origin} accepts the token and knows the activity type \`${settings.activity.type}\``
      : `${origin} accepts the token`
  )
})
