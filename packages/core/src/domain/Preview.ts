/** The preview of a user: the files that tracking would publish, as the API shows them. */
import { Schema } from "effect"
import { field, named } from "./described.ts"

const PlannedItem = Schema.Struct({
  id: field(Schema.NullOr(Schema.Int), "Its number in Pipedrive; `null` when it would be created"),
  name: field(Schema.NullOr(Schema.String), "Its name; `null` when Gitpip knows the number alone")
}).pipe(named("PlannedItem", "A person or an organization that a user's first file would name"))

const PlannedContact = Schema.Struct({
  person: field(Schema.NullOr(PlannedItem), "The person; `null` for none"),
  organization: field(Schema.NullOr(PlannedItem), "The organization; `null` for none"),
  message: field(Schema.NullOr(Schema.String), "Why nothing is known, or why a person has to choose"),
  waits: field(Schema.Boolean, "Whether the user's files would wait until somebody does what the message says"),
  tokens: field(Schema.Int, "Pipedrive tokens that the first file costs, at most")
}).pipe(named("PlannedContact", "Whom a user's first file would name"))

/** What tracking a user would publish, and what that would cost. */
export const Preview = Schema.Struct({
  login: field(Schema.String, "The GitHub username, as GitHub writes it"),
  gists: field(Schema.Int, "The user's public gists"),
  files: field(Schema.Int, "Files of these gists"),
  skipped: field(
    Schema.Int,
    "New files that rules leave out, but for those of forks, which GitHub's lists do not show"
  ),
  activities: field(Schema.Int, "Activities that would be created now, under the present settings"),
  deals: field(
    Schema.Int,
    "Deals that would be created now, at most: one for the user, or one for each file with `GITPIP_PUBLISH_AS=deal`. Each counts towards the plan's cap of open deals"
  ),
  leads: field(
    Schema.Int,
    "Leads that would be created now, with `GITPIP_PUBLISH_AS=lead`. Each counts towards the plan's cap of leads and deals"
  ),
  waiting: field(
    Schema.Int,
    "Files that would wait until somebody does what the message of `contact` says, and are not counted among the items above; 0 when Pipedrive was not asked"
  ),
  tokens: field(
    Schema.Int,
    "Pipedrive tokens they cost, at most: 5 for an activity, 25 for finding or creating the user's deal and as much for the person and the organization, or 15 for a deal with its note; 20 for a lead with its note, and 25 each for the person and the organization"
  ),
  searchTokens: field(
    Schema.Int,
    "Of these tokens, those for searching for the user's deal and person. Many users at a time cost less, by the lists of open deals and of persons"
  ),
  days: field(Schema.Finite, "How many days of the smallest plan's budget of 30,000 tokens this is"),
  contact: field(
    Schema.NullOr(PlannedContact),
    "Whom the first file would name; `null` when Pipedrive was not asked, or nothing is published"
  ),
  githubRequests: field(Schema.Int, "Requests to GitHub that this answer has cost")
}).pipe(
  Schema.encodeKeys({ githubRequests: "github_requests", searchTokens: "search_tokens" }),
  named("Preview", "What tracking a user would publish, and cost")
)
/** Counts of what tracking one user would publish, and its cost in Pipedrive tokens and GitHub requests. */
export interface Preview extends Schema.Schema.Type<typeof Preview> {}
