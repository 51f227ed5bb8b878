/**
 * Where logs go. A command logs warnings, and those to stderr, since its stdout is its result. The server logs to stdout.
 * Every line is made harmless: messages of other services are in it.
 */

import { Settings } from "@gitpip/core"
import { Config, Effect, Layer, Logger, type LogLevel, References } from "effect"
import { plain } from "./Text.ts"

/** For commands: `Warn` unless `GITPIP_LOG_LEVEL` says otherwise. */
export const layerCommand: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.gen(function* () {
    const { logFormat, logLevel } = yield* Settings
    // `Settings` cannot tell its default from a wish.
    const wished = yield* Config.String("GITPIP_LOG_LEVEL").pipe(Config.withDefault(""), Effect.orDie)
    return layer({ format: logFormat, level: wished === "" ? "Warn" : logLevel, stream: process.stderr })
  })
)

/** Logs as lines of the format on the stream. */
export const layer = (options: {
  readonly format: "pretty" | "json" | "logfmt"
  readonly level: LogLevel.LogLevel
  readonly stream: NodeJS.WriteStream
}): Layer.Layer<never> => {
  const { stream } = options
  // A progress line may stand where the log line is to go.
  const clear = stream.isTTY ? "\r\u001b[K" : ""
  const format =
    options.format === "json" ? Logger.formatJson : options.format === "logfmt" ? Logger.formatLogFmt : lines
  const write = Logger.map(format, (line) => void stream.write(`${clear}${plain(line)}\n`))
  return Layer.mergeAll(Logger.layer([write]), Layer.succeed(References.MinimumLogLevel, options.level))
}

/** `22:14:03 WARN message key=value …` */
const lines: Logger.Logger<unknown, string> = Logger.make((options) => {
  const { annotations, message } = Logger.formatStructured.log(options)
  const said = Array.isArray(message) ? message : [message]
  const details = Object.entries(annotations).map(([key, value]) => `${key}=${show(value)}`)
  return [
    options.date.toISOString().slice(11, 19),
    options.logLevel.toUpperCase().padEnd(5),
    ...said.map(show),
    ...details
  ].join(" ")
})

const show = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? String(value)))
