/** `gitpip serve`: the server of `@gitpip/http` with all of its services, until it is stopped. */
import { layerServer, layerTelemetry } from "@gitpip/http"
import { ConfigProvider, Effect, Layer } from "effect"
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
    layerServer.pipe(
      Layer.provide(core.Worker.layer),
      Layer.provide(core.Gitpip.layer),
      // First to be built, so before the database is opened.
      Layer.provide(Layer.effectDiscard(logUnknown)),
      Layer.provide(Layer.provideMerge(layerTelemetry, layerLogs(options))),
      Layer.provide(core.Settings.layer),
      Layer.provide(layerFlags(options))
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

const logUnknown = Effect.flatMap(unknown, (found) =>
  Effect.forEach(
    found,
    ({ detail, name }) => core.Telemetry.log("Warn", "setting.unknown", { setting: name, detail }),
    { discard: true }
  )
)

const layerLogs = (options: { readonly json: boolean }): Layer.Layer<never, never, core.Settings> =>
  Layer.unwrap(
    Effect.map(core.Settings, ({ logFormat, logLevel }) =>
      Logging.layer({ format: options.json ? "json" : logFormat, level: logLevel, stream: "stdout" })
    )
  )
