/**
 * Log lines as JSON, with the fields that Google Cloud Logging reads beside those of Effect.
 *
 * Fields: https://cloud.google.com/logging/docs/structured-logging#special-payload-fields
 */
import { Context, Formatter, Logger, type LogLevel, Option, Tracer } from "effect"
import { plainJson } from "../domain/Text.ts"

/** The severities: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#logseverity */
const severities: Readonly<Record<LogLevel.LogLevel, string>> = {
  All: "DEFAULT",
  None: "DEFAULT",
  Trace: "DEBUG",
  Debug: "DEBUG",
  Info: "INFO",
  Warn: "WARNING",
  Error: "ERROR",
  Fatal: "CRITICAL"
}

/**
 * One line of JSON for each entry: `severity` always, and the keys of the trace when the project that stores traces is
 * known. Control characters are escaped.
 */
export const jsonLines = (googleProject: Option.Option<string>): Logger.Logger<unknown, string> =>
  Logger.make((options) => {
    const span = Context.getOption(options.fiber.context, Tracer.ParentSpan)
    return plainJson(
      Formatter.formatJson({
        severity: severities[options.logLevel],
        ...Logger.formatStructured.log(options),
        ...Option.match(Option.all([googleProject, span]), { onNone: () => ({}), onSome: traceKeys })
      })
    )
  })

/** A trace is named within its project: https://cloud.google.com/trace/docs/trace-log-integration */
const traceKeys = ([project, { sampled, spanId, traceId }]: readonly [string, Tracer.AnySpan]) => ({
  "logging.googleapis.com/trace": `projects/${project}/traces/${traceId}`,
  "logging.googleapis.com/spanId": spanId,
  "logging.googleapis.com/trace_sampled": sampled
})
