/** The accounts of a source, page by page. */
import { Schema } from "effect"
import { field, named } from "./described.ts"
import { Source } from "./Source.ts"
import { Username } from "./User.ts"

/**
 * - `new`: not tracked. In the answer of a call that tracks: tracked now
 * - `tracked`: tracked already
 * - `untracked`: tracked once, until somebody untracked the user. No list tracks such a user again
 * - `forgotten`: erased by `forget`. No list tracks such a user again
 * - `organization`: an organization has this name, and no user, so nobody is tracked
 * - `unknown`: GitHub has no such user, so nobody is tracked
 */
export const ContactState = Schema.Literals(["new", "tracked", "untracked", "forgotten", "organization", "unknown"])
/** What is known of a contact. */
export type ContactState = typeof ContactState.Type

/** An account in a source. */
export const Contact = Schema.Struct({
  login: field(Username, "The GitHub username"),
  personId: field(Schema.NullOr(Schema.Int), "Pipedrive's number of the person; `null` for a list at GitHub"),
  state: field(
    ContactState,
    "`new`: not tracked, or tracked by this call; `tracked`: tracked already; `untracked` or `forgotten`: no list tracks this user again; `organization`: an organization has this name, and no user; `unknown`: GitHub has no such user"
  )
}).pipe(Schema.encodeKeys({ personId: "person_id" }), named("Contact", "An account in a source"))
/** An account in a source, with what is known of it. */
export interface Contact extends Schema.Schema.Type<typeof Contact> {}

/** What tracking the new contacts of a page costs at first. */
export const FirstCost = Schema.Struct({
  githubRequests: field(
    Schema.Int,
    "Requests to GitHub at first: of checks, one for each profile, and one for each gist with files to publish. At least that many when `gists` is `null`"
  ),
  gists: field(
    Schema.NullOr(Schema.Int),
    "Public gists of the new contacts; `null` when GitHub was not asked, or did not answer for one of them"
  ),
  files: field(
    Schema.NullOr(Schema.Int),
    "Files of these gists that are published at first, under the present settings and rules. GitHub shows the 10 gists changed last of each contact, and 11 files of a gist at most: further gists are taken to be like these. Without queries, one file for each gist; `null` when `gists` is"
  ),
  tokens: field(Schema.NullOr(Schema.Int), "Pipedrive tokens for publishing these files; `null` when `gists` is")
}).pipe(
  Schema.encodeKeys({ githubRequests: "github_requests" }),
  named("FirstCost", "What tracking the new contacts costs at first")
)
/** Requests to GitHub and tokens of Pipedrive. */
export interface FirstCost extends Schema.Schema.Type<typeof FirstCost> {}

/** A page of a source. */
export const ContactPage = Schema.Struct({
  source: Source,
  contacts: Schema.Array(Contact),
  leftOut: field(Schema.Int, "Organizations and bots, which are left out"),
  invalid: field(
    Schema.Array(
      Schema.Struct({ personId: Schema.Int, text: Schema.String }).pipe(Schema.encodeKeys({ personId: "person_id" }))
    ),
    "Persons whose field holds no GitHub username"
  ),
  next: field(Schema.NullOr(Schema.String), "Where the next page begins; `null` on the last one"),
  isCut: field(Schema.Boolean, "Whether the source is longer than what GitHub shows of it"),
  githubRequests: field(Schema.Int, "Requests to GitHub that this page has cost"),
  tokens: field(Schema.Int, "Pipedrive tokens that this page has cost"),
  first: field(Schema.NullOr(FirstCost), "What tracking the new contacts costs at first; `null` when they are tracked")
}).pipe(
  Schema.encodeKeys({ leftOut: "left_out", isCut: "is_cut", githubRequests: "github_requests" }),
  named("ContactPage", "A page of a source")
)
/** Some contacts of a source, and where the next page begins. */
export interface ContactPage extends Schema.Schema.Type<typeof ContactPage> {}
