/** `gitpip serve`: the server of `@gitpip/http` with all of its services, until it is stopped. */
import { layerListener, layerServing, layerTelemetry, mayListen } from "@gitpip/http"
import { Cause, ConfigProvider, Effect, Exit, Layer } from "effect"
import { failureOf } from "./Failure.ts"
import { hide, Version } from "./Host.ts"
import * as Logging from "./Logging.ts"
import { core, unknown } from "./Session.ts"

interface Options {
  readonly json: boolean
  /** In place of GITPIP_HOST. */
  readonly host: string | undefined
  /** In place of GITPIP_PORT. */
  readonly port: number | undefined
}

export const serve = (options: Options) =>
  Layer.launch(
    // A server that must not listen opens no database and logs no line.
    Layer.unwrap(Effect.as(mayListen, served)).pipe(
      Layer.provide(Layer.provideMerge(layerTelemetry, layerLogs(options))),
      Layer.provide(core.Settings.layer),
      Layer.provide(layerFlags(options))
    )
  )

const served = Layer.suspend(() =>
  layerServing.pipe(
    Layer.provide(core.Worker.layer),
    Layer.provide(core.Gitpip.layer),
    Layer.provide(layerListener),
    // Built first and closed last: the first line comes before the database is opened.
    Layer.provide(layerLines)
  )
)

/** Settings of the command line come before those of the environment. */
const layerFlags = ({ host, port }: Options): Layer.Layer<never> =>
  ConfigProvider.layerAdd(
    ConfigProvider.fromUnknown({
      ...(host === undefined ? {} : { GITPIP_HOST: host }),
      ...(port === undefined ? {} : { GITPIP_PORT: String(port) })
    }),
    { asPrimary: true }
  )

/** The lines of the server's start and of its end. */
const layerLines = Layer.effectDiscard(
  Effect.gen(function* () {
    const [settings, version] = [yield* core.Settings, yield* Version]
    const database = core.Database.describe(settings)
    yield* Effect.addFinalizer((exit) =>
      Effect.andThen(logFailure(exit), core.Telemetry.log("Info", "server.stopped", {}))
    )
    yield* core.Telemetry.log("Info", "server.starting", { version, database })
    yield* logUnknown
    for (const { detail, name } of core.unusedSettings(settings)) {
      yield* core.Telemetry.log("Warn", "setting.unused", { setting: name, detail })
    }
    for (const language of core.unknownLanguages(settings.files.languages)) {
      yield* core.Telemetry.log("Warn", "setting.language_unknown", {
        setting: "GITPIP_LANGUAGES",
        detail: core.describeUnknown(language)
      })
    }
  })
)

/** The log of a server that nobody watches says why the server ended. */
const logFailure = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)
    ? Effect.void
    : Effect.flatMap(hide, (hide) =>
        core.Telemetry.log("Error", "server.failed", { detail: failureOf(exit.cause, hide).message })
      )

const logUnknown = Effect.flatMap(unknown, (found) =>
  Effect.forEach(
    found,
    ({ detail, name }) => core.Telemetry.log("Warn", "setting.unknown", { setting: name, detail }),
    { discard: true }
  )
)

const layerLogs = (options: { readonly json: boolean }): Layer.Layer<never, never, core.Settings> =>
  Layer.unwrap(
    Effect.map(core.Settings, ({ googleProject, logFormat, logLevel }) =>
      Logging.layer({ format: options.json ? "json" : logFormat, level: logLevel, stream: "stdout", googleProject })
    )
  )
