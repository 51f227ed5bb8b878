/** What a tracked user has made public about themselves at GitHub. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"

const text = (description: string) => field(Schema.NullOr(Schema.String), `${description}; \`null\` when not public`)

/** A user's public profile at GitHub, as it was last read. Texts are the user's own words, cut and on one line. */
export const Profile = Schema.Struct({
  name: text("The name, at most 200 characters"),
  email: text("The e-mail address that GitHub shows to callers with a token, at most 320 characters"),
  company: text("The company, at most 200 characters"),
  location: text("The place, at most 200 characters"),
  website: text("The address of a page, as the user typed it, at most 500 characters"),
  bio: text("What the user says about themselves, at most 500 characters"),
  accountCreatedAt: field(Schema.NullOr(Instant), "When the account was created at GitHub")
}).pipe(
  Schema.encodeKeys({ accountCreatedAt: "account_created_at" }),
  named("Profile", "A user's public profile at GitHub")
)
/** What a user has made public at GitHub. */
export interface Profile extends Schema.Schema.Type<typeof Profile> {}
