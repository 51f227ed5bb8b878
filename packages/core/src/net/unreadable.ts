/** Answers that have not the form that is read: the field is reported, and what stands there is not, since it can be anything. */
import { Context, Effect, type Schema, SchemaIssue } from "effect"
import { sentence } from "../domain/Text.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** The first field that is missing or of another kind, such as `data.0.id`; numbers are places in lists. */
export const fieldOf = ({ issue }: Schema.SchemaError): string => {
  const [first] = issuesOf(issue).issues
  const path = (first?.path ?? []).map((key) => String(typeof key === "object" ? key.key : key))
  return path.length === 0 ? "the whole answer" : sentence(path.join("."), 200)
}

/** What was reported already: a service that changes its answers changes them for every request. */
export class ReportedFields extends Context.Reference<Set<string>>("gitpip/net/ReportedFields", {
  defaultValue: () => new Set()
}) {}

/** File names can be among the fields, so there are many. */
const capacity = 100

/** Logs a field of a service's answers that cannot be read, once. Places in lists do not make it another one. */
export const reportField = Effect.fnUntraced(function* (service: "GitHub" | "Pipedrive", field: string) {
  const reported = yield* ReportedFields
  const key = `${service} ${field.replace(/\b\d+\b/g, "0")}`
  if (reported.has(key) || reported.size >= capacity) return
  reported.add(key)
  yield* Telemetry.log("Warn", "answer.unreadable", { detail: `${service}'s answer cannot be read at ${field}` })
})
