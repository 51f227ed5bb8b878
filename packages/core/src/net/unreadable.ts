/** Responses in an unknown form: the log names the field, and never its value, which can be anything. */
import { Context, Effect, type Schema, SchemaIssue } from "effect"
import { sentence } from "../domain/Text.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** The first field that is missing or of another kind, such as `data.0.id`. Numbers are positions in lists. */
export const fieldOf = ({ issue }: Schema.SchemaError): string => {
  const [first] = issuesOf(issue).issues
  const path = (first?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key))
  return path.length === 0 ? "the whole answer" : sentence(path.join("."), 200)
}

/** Fields that were reported already: a service that changes its responses changes them for every request. */
export class ReportedFields extends Context.Reference<Set<string>>("gitpip/net/ReportedFields", {
  defaultValue: () => new Set()
}) {}

/** Fields reported at most: file names can be among them. */
const capacity = 100

/** Logs a field of a service's responses that cannot be read, once for all positions in a list. */
export const reportField = Effect.fnUntraced(function* (service: "GitHub" | "Pipedrive", field: string) {
  const reported = yield* ReportedFields
  const key = `${service} ${field.replace(/\b\d+\b/g, "0")}`
  if (reported.has(key) || reported.size >= capacity) return
  reported.add(key)
  yield* Telemetry.log("Warn", "answer.unreadable", { detail: `${service}'s answer cannot be read at ${field}` })
})
