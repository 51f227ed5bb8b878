/** What became of a user that is forgotten: what was erased here, and what stands in Pipedrive. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { Username } from "./User.ts"

/** What Gitpip erased about a user, and what Gitpip knows of that stands in Pipedrive. */
export const Forgotten = Schema.Struct({
  login: field(Username, "The name that the user had"),
  files: field(Schema.Int, "How many of the user's files were erased here"),
  hashes: field(
    Schema.Int,
    "How many keyed hashes stay, so that no published file is published again when the user is tracked again"
  ),
  activities: field(Schema.Array(Schema.Int), "Pipedrive's numbers of the activities that stand there"),
  deals: field(Schema.Array(Schema.Int), "Pipedrive's numbers of the deals that stand there"),
  persons: field(
    Schema.Array(Schema.Int),
    "Pipedrive's numbers of the persons there that Gitpip found or created for the user"
  ),
  unconfirmed: field(
    Schema.Array(Schema.String),
    "Addresses of files that may stand in Pipedrive: a request was sent, and its answer did not arrive"
  )
}).pipe(named("Forgotten", "What was erased about a user, and what stands in Pipedrive"))
/** What was erased about a user, and what stands in Pipedrive. */
export interface Forgotten extends Schema.Schema.Type<typeof Forgotten> {}
