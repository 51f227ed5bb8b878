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

/** A table, and the key by which its rows are read page by page. Unlike an offset, a key costs the same on every page. */
export interface Table {
  readonly name: string
  readonly key: readonly [string, ...ReadonlyArray<string>]
  /** Whether the key is drawn from a sequence. */
  readonly identity: boolean
}

/** Tables whose rows hold for seconds, and would mean nothing in another database. */
export const passing: ReadonlyArray<string> = ["quotas"]

/** All other tables, each behind those that it refers to. A test compares them with the database's own. */
export const tables: ReadonlyArray<Table> = [
  { name: "users", key: ["key"], identity: true },
  { name: "scans", key: ["key"], identity: true },
  { name: "scan_failures", key: ["scan_key", "user_key"], identity: false },
  { name: "gist_files", key: ["key"], identity: true },
  { name: "visits", key: ["key"], identity: true },
  { name: "publications", key: ["key"], identity: true },
  { name: "attempts", key: ["key"], identity: true },
  { name: "duplicates", key: ["remote_id"], identity: false },
  { name: "deals", key: ["user_key"], identity: false },
  { name: "listings", key: ["user_key"], identity: false },
  { name: "limits", key: ["limit_key"], identity: false },
  { name: "feed_positions", key: ["origin"], identity: false }
]

export type Line =
  | { readonly _tag: "Head"; readonly head: typeof Head.Type }
  | { readonly _tag: "Opening"; readonly opening: typeof Opening.Type }
  | { readonly _tag: "Row"; readonly row: string }
  | { readonly _tag: "End"; readonly end: typeof End.Type }

/** Rows begin so, and are recognized without being read. */
export const rowBegin = '{"row":'

/** What a line is; `undefined` when it is none. A row stays text, because PostgreSQL reads it. */
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
