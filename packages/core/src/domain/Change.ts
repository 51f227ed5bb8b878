/** Changes, as subscribers get them. A change is a hint to read again: only the database is certain. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { PublicationState } from "./Publication.ts"
import { Scan } from "./Scan.ts"
import { Username } from "./User.ts"

/** A hint that something has changed and should be read again. */
export const Change = Schema.Union([
  Schema.Struct({
    type: field(Schema.Literal("listening"), "The first change: every change after the next reading is reported")
  }),
  Schema.Struct({
    type: field(Schema.Literal("user"), "A user was tracked or untracked"),
    login: field(Schema.String, "The user's GitHub username")
  }),
  Schema.Struct({
    type: field(Schema.Literal("files"), "Files of a user were found"),
    login: field(Username, "The user's GitHub username"),
    files: field(Schema.Int, "Number of files")
  }),
  Schema.Struct({ type: field(Schema.Literal("scan"), "A scan was queued, went on, or ended"), scan: Scan }),
  Schema.Struct({
    type: field(Schema.Literal("publication"), "A publication was attempted, or is to be retried"),
    id: field(Schema.Int, "The publication's number"),
    login: field(Username, "The user's GitHub username"),
    state: field(PublicationState, "The publication's state now")
  })
]).pipe(named("Change", "A change: a hint to read again"))
/** One change, distinguished by `type`. `scan` carries the scan; the other types name what to read again. */
export type Change = typeof Change.Type
