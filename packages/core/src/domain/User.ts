/**
 * A tracked GitHub user: names and numbers, and the result of the last check.
 *
 * One schema serves three borders: its encoded side is a row of the database, an answer of the HTTP API and a line of
 * `--json`. Programs work with its type.
 */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { Profile } from "./Profile.ts"
import { UserRules } from "./UserRules.ts"

/**
 * A GitHub login as people type it: 1 to 39 letters, digits, dashes or underscores. Compared without case, shown as
 * GitHub writes it. The check is deliberately wider than GitHub's present rule, which odd old accounts may break:
 * https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
 */
export const Username = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,39}$/u, {
    message: "a GitHub username has 1 to 39 letters, digits, dashes or underscores"
  })
).pipe(Schema.brand("Username"))
/** A checked GitHub login, branded: `Username.make("octocat")` throws when the form is wrong. */
export type Username = typeof Username.Type

const wantedId = { message: "an id is a whole number from 1 to 9007199254740991" }

/** The caller's own unique number for a user, 1 to 2^53 - 1. Not GitHub's number for the account. */
export const UserId = Schema.Number.check(
  Schema.isInt(wantedId),
  Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, wantedId)
).pipe(Schema.brand("UserId"))
/** The caller's number for a user, branded: `UserId.make(7)`. */
export type UserId = typeof UserId.Type

/** The surrogate key of a user's row. Internal: never shown, so that renumbering a user costs nothing. */
export const UserKey = Schema.Int.pipe(Schema.brand("UserKey"))
/** The key of a user's row, branded so that it cannot be taken for a `UserId`. */
export type UserKey = typeof UserKey.Type

/**
 * - `new`: tracked, not checked yet
 * - `ok`: GitHub answered the last check
 * - `failing`: the last check failed for a reason of this account; the next one is due at `retryAt`
 */
export const UserState = Schema.Literals(["new", "ok", "failing"])
/** How the last check of a user ended. */
export type UserState = typeof UserState.Type

/** A tracked user, as lists show it. Timestamps are UTC. */
export const User = Schema.Struct({
  login: field(Username, "The GitHub username, as GitHub writes it"),
  id: field(UserId, "The caller's own number for the user, not GitHub's"),
  githubId: field(Schema.NullOr(Schema.Int), "GitHub's number of the account; `null` until a check has read it"),
  state: field(
    UserState,
    "`new`: not checked yet; `ok`: GitHub answered the last check; `failing`: the last check failed for a reason of this account"
  ),
  trackedAt: field(Instant, "When the user was tracked"),
  checkedAt: field(Schema.NullOr(Instant), "When the user was last checked; `null` before the first check"),
  failures: field(Schema.Int, "How many checks in a row have failed"),
  retryAt: field(Schema.NullOr(Instant), "When a failing user is checked again; else `null`"),
  errorReason: field(
    Schema.NullOr(Schema.String),
    "Why the last check failed, as one word: `UserNotFound`, `Unavailable` …; `null` when it did not fail"
  ),
  errorMessage: field(Schema.NullOr(Schema.String), "The same as a sentence")
}).pipe(
  Schema.encodeKeys({
    githubId: "github_id",
    trackedAt: "tracked_at",
    checkedAt: "checked_at",
    retryAt: "retry_at",
    errorReason: "error_reason",
    errorMessage: "error_message"
  }),
  named("User", "A tracked user")
)
/** A tracked user as programs get it: instants are `DateTime.Utc`, and `null` before the first check. */
export interface User extends Schema.Schema.Type<typeof User> {}

/** A user's files and publications, counted by state. */
export const UserCounts = Schema.Struct({
  files: field(Schema.Int, "Files found so far"),
  pending: field(Schema.Int, "Publications that wait"),
  sending: field(Schema.Int, "Publications that a server works on"),
  published: field(Schema.Int, "Files that are in Pipedrive"),
  failed: field(Schema.Int, "Publications that failed and can be retried"),
  gone: field(Schema.Int, "Files that were deleted, or became secret, before they were published"),
  skipped: field(Schema.Int, "Files that a rule or a person left out")
}).pipe(named("UserCounts", "A user's files and publications, counted by state"))
/** How many of a user's files are in each state. */
export interface UserCounts extends Schema.Schema.Type<typeof UserCounts> {}

/** One user with its public profile, its deal (`null` until one is needed) and person in Pipedrive, and counts. */
export const UserDetails = Schema.Struct({
  user: User,
  profile: field(Schema.NullOr(Profile), "What the user has made public at GitHub; `null` until it was read"),
  dealId: field(
    Schema.NullOr(Schema.Int),
    "Pipedrive's number of the deal that the activities hang on; `null` until one is needed"
  ),
  isDealChosen: field(Schema.Boolean, "Whether a person chose that deal"),
  personId: field(
    Schema.NullOr(Schema.Int),
    "Pipedrive's number of the person who the user is; `null` when none is known"
  ),
  isPersonChosen: field(Schema.Boolean, "Whether a person chose that person"),
  unusedChoices: field(
    Schema.Array(Schema.String),
    "Why the chosen deal or person does not count under the settings; empty when what is chosen counts"
  ),
  rules: UserRules,
  counts: UserCounts
}).pipe(
  Schema.encodeKeys({
    dealId: "deal_id",
    isDealChosen: "is_deal_chosen",
    personId: "person_id",
    isPersonChosen: "is_person_chosen",
    unusedChoices: "unused_choices"
  }),
  named("UserDetails", "One user with profile, deal, person, rules and counts")
)
/** A user with the public profile, the deal and the person in Pipedrive, and the counts of files. */
export interface UserDetails extends Schema.Schema.Type<typeof UserDetails> {}
