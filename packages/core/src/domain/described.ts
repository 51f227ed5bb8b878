/** What the JSON form of a schema means, said beside the schema: the API's description and its document show it. */
import { Schema } from "effect"

/** A field with its meaning: what it holds, its unit, and when it is `null`. */
export const field = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.pipe(Schema.annotateEncoded<S>({ description }))

/** A record with the name under which the API describes it, and its meaning. */
export const named =
  (identifier: string, description: string) =>
  <S extends Schema.Top>(schema: S): S["Rebuild"] =>
    schema.pipe(Schema.annotateEncoded<S>({ identifier, description }))

/** An instant in UTC; as JSON in the form of RFC 3339. */
export const Instant = Schema.DateTimeUtcFromString.pipe(Schema.annotateEncoded({ format: "date-time" }))
