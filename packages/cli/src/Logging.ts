/**
 * Loggers of commands and of the server. A command logs warnings to stderr, since stdout has the result; the server logs
 * to stdout. Control characters are escaped in every line, because messages of other services are in it.
 */
import { jsonLines, Settings } from "@gitpip/core"
import { plain } from "@gitpip/core/text"
import { Config, Effect, Layer, Logger, type LogLevel, type Option, References } from "effect"
import { Host } from "./Host.ts"
import { hiding } from "./Secrets.ts"

/** For commands: `Warn` unless `GITPIP_LOG_LEVEL` says otherwise. */
export const layerCommand: Layer.Layer<never, never, Settings> = Layer.unwrap(
  Effect.gen(function* () {
    const { googleProject, logFormat, logLevel } = yield* Settings
    // `Settings` does not say whether its level was set or is the default.
    const chosen = yield* Config.String("GITPIP_LOG_LEVEL").pipe(Config.withDefault(""), Effect.orDie)
    return layer({ format: logFormat, level: chosen === "" ? "Warn" : logLevel, stream: "stderr", googleProject })
  })
)

/** Logs as lines of the format on the stream. */
export const layer = (options: {
  readonly format: "pretty" | "json" | "logfmt"
  readonly level: LogLevel.LogLevel
  readonly stream: "stdout" | "stderr"
  readonly googleProject: Option.Option<string>
}): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.map(Host, (host) => {
      const stream = host[options.stream]
      const hide = hiding(host.env)
      // Erases a progress line on the same row.
      const clear = stream.isTTY ? "\r\u001b[K" : ""
      const format = options.format === "json" ? jsonLines(options.googleProject) : formats[options.format]
      const write = Logger.map(format, (line) => void stream.write(`${clear}${hide(line)}\n`))
      return Layer.mergeAll(Logger.layer([write]), Layer.succeed(References.MinimumLogLevel, options.level))
    })
  )

/** `22:14:03 WARN  message key=value …`, and below it, indented, what a failure came from. */
const lines: Logger.Logger<unknown, string> = Logger.make((options) => {
  const { annotations, cause, message } = Logger.formatStructured.log(options)
  const said = Array.isArray(message) ? message : [message]
  const details = Object.entries(annotations).map(([key, value]) => `${key}=${show(value)}`)
  const line = [
    options.date.toISOString().slice(11, 19),
    options.logLevel.toUpperCase().padEnd(5),
    ...said.map(show),
    ...details
  ].join(" ")
  const trace = [...said.flatMap(frames), ...(cause === undefined ? [] : cause.split("\n"))]
  // Hazard: text of strangers must never begin a line, or it could forge one. Only these lines are broken.
  return [plain(line), ...trace.map((part) => `    ${plain(part)}`)].join("\n")
})

const formats = {
  pretty: lines,
  logfmt: Logger.map(Logger.formatLogFmt, plain)
}

const show = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Error ? String(value) : (JSON.stringify(value) ?? String(value))

/** The frames of an error's stack; the message is in the line already. */
const frames = (value: unknown): ReadonlyArray<string> =>
  value instanceof Error ? (value.stack?.match(/^ +at .+$/gm) ?? []) : []
