/** What `doctor` looks at: each thing that Gitpip needs, by itself, so that one fault does not hide the next. */
import { Cause, Effect, Exit, Layer, Option, Schema } from "effect"
import { tell } from "./Failure.ts"
import { core, layerSettings } from "./Session.ts"

export const Check = Schema.Struct({
  name: Schema.Literals(["settings", "database", "github", "pipedrive"]),
  /** `off`: not set up, which is a choice. `skipped`: cannot be looked at before something else is mended. */
  state: Schema.Literals(["ok", "failed", "off", "skipped"]),
  /** What was found, and how to mend what is wrong. */
  message: Schema.String
})
export type Check = typeof Check.Type

export const checkAll: Effect.Effect<ReadonlyArray<Check>> = Effect.gen(function* () {
  const settings = yield* Effect.exit(Effect.provide(Effect.asVoid(core.Settings), layerSettings))
  if (Exit.isFailure(settings)) {
    const why = "cannot be checked before the settings are mended"
    return [
      { name: "settings", state: "failed", message: tell(settings.cause).text },
      { name: "database", state: "skipped", message: why },
      { name: "github", state: "skipped", message: why },
      { name: "pipedrive", state: "skipped", message: why }
    ] satisfies ReadonlyArray<Check>
  }
  const rest = yield* Effect.all(
    [checked("database", database), checked("github", github), checked("pipedrive", pipedrive)],
    {
      concurrency: "unbounded"
    }
  ).pipe(Effect.provide(layerSettings), Effect.orDie)
  return [{ name: "settings", state: "ok", message: "all can be used" }, ...rest]
})

type Finding = Omit<Check, "name">

const checked = <E, R>(name: Check["name"], check: Effect.Effect<Finding, E, R>): Effect.Effect<Check, never, R> =>
  check.pipe(
    Effect.catchCause((cause: Cause.Cause<E>) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.succeed<Finding>({ state: "failed", message: tell(cause).text.replace(/\n.*gitpip doctor.*$/s, "") })
    ),
    Effect.map((finding) => ({ name, ...finding }))
  )

const database = Effect.gen(function* () {
  const settings = yield* core.Settings
  const gitpip = core.Database.layer
  yield* Effect.provide(Effect.void, gitpip)
  return {
    state: "ok",
    message: Option.isSome(settings.postgres)
      ? "the PostgreSQL server answers and is migrated"
      : `embedded in ${settings.dataDir}, opens and is migrated`
  } satisfies Finding
})

const github = Effect.gen(function* () {
  const settings = yield* core.Settings
  yield* Effect.flatMap(core.Github, ({ check }) => check)
  return {
    state: "ok",
    message: Option.isSome(settings.githubToken)
      ? `${settings.githubApiUrl} accepts the token`
      : `${settings.githubApiUrl} answers, without GITHUB_TOKEN only 60 requests an hour`
  } satisfies Finding
}).pipe(Effect.provide(core.Github.layer.pipe(Layer.provide(core.layerTransport))))

const pipedrive = Effect.gen(function* () {
  const settings = yield* core.Settings
  if (Option.isNone(settings.pipedrive)) {
    return { state: "off", message: "nothing is published: set PIPEDRIVE_TOKEN and PIPEDRIVE_ORG" } satisfies Finding
  }
  const { origin } = settings.pipedrive.value
  const types = yield* Effect.flatMap(core.Pipedrive, ({ activityTypes }) => activityTypes).pipe(
    Effect.provide(core.Pipedrive.layer(settings.pipedrive.value).pipe(Layer.provide(core.layerTransport)))
  )
  if (settings.publishAs === "activity" && !types.includes(settings.activityType)) {
    return {
      state: "failed",
      message: `${origin} accepts the token and has no activity type \`${settings.activityType}\`. Set GITPIP_ACTIVITY_TYPE to one of: ${types.join(", ")}`
    } satisfies Finding
  }
  return {
    state: "ok",
    message: `${origin} accepts the token and knows the activity type \`${settings.activityType}\``
  } satisfies Finding
})
