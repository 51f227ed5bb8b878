/** Descriptions of schemas in their JSON form, for the API's document and OpenAPI. */
import { Schema } from "effect"

/** Describes a field: its content, its unit, and when it is `null`. */
export const field = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.pipe(Schema.annotateEncoded<S>({ description }))

/** Names and describes a record, as the API shows it. */
export const named =
  (identifier: string, description: string) =>
  <S extends Schema.Top>(schema: S): S["Rebuild"] =>
    schema.pipe(Schema.annotateEncoded<S>({ identifier, description }))

/** An instant in UTC; as JSON in the form of RFC 3339. */
export const Instant = Schema.DateTimeUtcFromString.pipe(Schema.annotateEncoded({ format: "date-time" }))
