/** The forms that rules on files have as texts: in settings, in flags and columns, in queries, and in the database. */
import { Schema, SchemaTransformation } from "effect"
import { isPattern } from "./FileRules.ts"

/** A name as people write it, without the space around it. */
export const Name = Schema.Trim.check(
  Schema.makeFilter((name) => {
    if (name === "") return "must not be blank"
    return name.length <= 255 ? undefined : "must have at most 255 characters"
  })
)

/** Names with commas between. */
export const Names = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Array(Name),
    SchemaTransformation.transform({
      decode: (text): ReadonlyArray<string> => text.split(","),
      encode: (names) => names.join(",")
    })
  )
)

/** Patterns of file names with commas between; a comma within braces belongs to the pattern. */
export const Patterns = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Array(
      Schema.Trim.check(
        Schema.makeFilter((pattern) =>
          isPattern(pattern) ? undefined : "must be patterns of file names with commas between: `*.md, *.{py,rb}`"
        )
      )
    ),
    SchemaTransformation.transform({
      decode: (text): ReadonlyArray<string> => text.split(/,(?![^{]*\})/),
      encode: (patterns) => patterns.join(",")
    })
  )
)

const sizeUnits: Readonly<Record<string, number>> = { b: 1, kb: 1_000, mb: 1_000_000 }

/** Bytes; infinite for the word `none`. */
export const FileSize = Schema.Trim.check(Schema.isPattern(/^(none|\d{1,9} ?(B|KB|MB))$/i)).pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transform({
      decode: (text) => {
        const [, number, unit = ""] = /^(\d+) ?(\w+)$/.exec(text) ?? []
        return number === undefined ? Number.POSITIVE_INFINITY : Number(number) * (sizeUnits[unit.toLowerCase()] ?? 1)
      },
      encode: (bytes) => (bytes === Number.POSITIVE_INFINITY ? "none" : `${bytes} B`)
    })
  )
)

/** Whether gists that were forked from others are published. */
export const Forks = Schema.Literals(["publish", "skip"])
