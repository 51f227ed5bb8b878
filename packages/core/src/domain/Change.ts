/** What has changed, for whoever watches. Only ever a hint to read anew: what is stored is what counts. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { PublicationState } from "./Publication.ts"
import { Scan } from "./Scan.ts"
import { Username } from "./User.ts"

export const Change = Schema.Union([
  Schema.Struct({
    type: field(Schema.Literal("listening"), "The first one: what is read from now on misses nothing that is not told")
  }),
  Schema.Struct({
    type: field(Schema.Literal("user"), "Somebody is tracked, or no longer"),
    login: field(Schema.String, "The user's GitHub username")
  }),
  Schema.Struct({
    type: field(Schema.Literal("files"), "Files of a user were found"),
    login: field(Username, "The user's GitHub username"),
    files: field(Schema.Int, "How many")
  }),
  Schema.Struct({ type: field(Schema.Literal("scan"), "A scan was asked for, goes on, or has ended"), scan: Scan }),
  Schema.Struct({
    type: field(Schema.Literal("publication"), "A publication was tried, or is to be tried again"),
    id: field(Schema.Int, "The publication's number"),
    login: field(Username, "The user's GitHub username"),
    state: field(PublicationState, "Where it stands now")
  })
]).pipe(named("Change", "Something that has changed: a hint to read anew"))
export type Change = typeof Change.Type
