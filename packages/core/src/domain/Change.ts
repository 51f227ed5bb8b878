/** What has changed, for whoever watches. Only ever a hint to read anew: what is stored is what counts. */
import { Schema } from "effect"
import { PublicationState } from "./Publication.ts"
import { Scan } from "./Scan.ts"
import { Username } from "./User.ts"

export const Change = Schema.Union([
  /** The first one: what is read from now on misses nothing that is not told. */
  Schema.Struct({ type: Schema.Literal("listening") }),
  /** Somebody is tracked, or no longer. */
  Schema.Struct({ type: Schema.Literal("user"), login: Schema.String }),
  /** So many files of a user were found. */
  Schema.Struct({ type: Schema.Literal("files"), login: Username, files: Schema.Int }),
  /** A scan was asked for, goes on, or has ended. */
  Schema.Struct({ type: Schema.Literal("scan"), scan: Scan }),
  /** A publication was tried, or is to be tried again. */
  Schema.Struct({ type: Schema.Literal("publication"), id: Schema.Int, login: Username, state: PublicationState })
])
export type Change = typeof Change.Type
