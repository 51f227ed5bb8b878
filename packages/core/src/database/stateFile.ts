/**
 * The form of a file that holds all of Gitpip's state: one JSON document a line.
 *
 *     {"gitpip":"state","version":1,"schema":8,"exported_at":"…"}
 *     {"table":"users","columns":["key","id",…]}
 *     {"row":{"key":1,"id":7,…}}
 *     {"table":"scans","columns":[…]}
 *     …
 *     {"end":true,"rows":{"users":1,"scans":12,…}}        shows that the file was not cut off
 *
 * Values are as PostgreSQL writes them as JSON; instants keep their microseconds. `docs/state-file.md` says the same to people.
 */
import { Option, Schema } from "effect"

/** A program refuses files of a newer version than its own. */
export const version = 1

/** Files with an older schema have other names of tables and columns. */
export const oldestSchema = 8

export const Head = Schema.Struct({
  gitpip: Schema.Literal("state"),
  version: Schema.Int,
  schema: Schema.Int,
  exported_at: Schema.String
})
export const Opening = Schema.Struct({ table: Schema.String, columns: Schema.Array(Schema.String) })
const End = Schema.Struct({ end: Schema.Literal(true), rows: Schema.Record(Schema.String, Schema.Int) })

/** The number of rows of each table. */
export type RowCounts = typeof End.Type.rows

/** The file cannot be imported. The message says why and what to do. */
export class StateError extends Schema.TaggedError<StateError>()("StateError", { message: Schema.String }) {}

export type Line =
  | { readonly _tag: "Head"; readonly head: typeof Head.Type }
  | { readonly _tag: "Opening"; readonly opening: typeof Opening.Type }
  | { readonly _tag: "Row"; readonly row: string }
  | { readonly _tag: "End"; readonly end: typeof End.Type }

/** Rows begin so, and are recognized without being read. */
export const rowBegin = '{"row":'

/** The meaning of a line; `undefined` when it has none. A row stays text, because PostgreSQL reads it. */
export const parse = (line: string): Line | undefined => {
  if (line.startsWith(rowBegin) && line.endsWith("}")) return { _tag: "Row", row: line.slice(rowBegin.length, -1) }
  const value = Option.getOrUndefined(decodeJson(line))
  const head = Option.getOrUndefined(decodeHead(value))
  if (head !== undefined) return { _tag: "Head", head }
  const opening = Option.getOrUndefined(decodeOpening(value))
  if (opening !== undefined) return { _tag: "Opening", opening }
  const end = Option.getOrUndefined(decodeEnd(value))
  return end === undefined ? undefined : { _tag: "End", end }
}

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))
const decodeHead = Schema.decodeUnknownOption(Head)
const decodeOpening = Schema.decodeUnknownOption(Opening)
const decodeEnd = Schema.decodeUnknownOption(End)
