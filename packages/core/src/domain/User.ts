/**
 * A tracked GitHub user: the names and numbers that identify one, and what Gitpip knows about the last look at it.
 *
 * One schema serves three borders. Its encoded side is what a row of the database, an answer of the HTTP API and a line
 * of `--json` hold; its type is what programs work with.
 */
import { Schema } from "effect"

/**
 * A GitHub login as people type it: 1 to 39 letters, digits, dashes or underscores. Compared without case, shown as
 * GitHub writes it. The check is deliberately wider than GitHub's present rule, which odd old accounts may break:
 * https://docs.github.com/en/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication
 */
export const Username = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_-]{1,39}$/, {
    message: "a GitHub username has 1 to 39 letters, digits, dashes or underscores"
  })
).pipe(Schema.brand("Username"))
export type Username = typeof Username.Type

/** The caller's own unique number for a user, 1 to 2^53 - 1. Not GitHub's number for the account. */
export const UserId = Schema.Int.check(
  Schema.isBetween(
    { minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    { message: "an id is a whole number from 1 to 9007199254740991" }
  )
).pipe(Schema.brand("UserId"))
export type UserId = typeof UserId.Type

/** The surrogate key of a user's row. Internal: never shown, so that renumbering a user costs nothing. */
export const UserKey = Schema.Int.pipe(Schema.brand("UserKey"))
export type UserKey = typeof UserKey.Type

/**
 * - `new`: tracked, not looked at yet
 * - `ok`: the last look got an answer
 * - `failing`: the last look failed for a reason of this account; `retryAt` says when the next one is due
 */
export const UserState = Schema.Literals(["new", "ok", "failing"])
export type UserState = typeof UserState.Type

/** A tracked user, as lists show it. Timestamps are UTC. */
export const User = Schema.Struct({
  login: Username,
  id: UserId,
  githubId: Schema.NullOr(Schema.Int),
  state: UserState,
  trackedAt: Schema.DateTimeUtcFromString,
  scannedAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  failures: Schema.Int,
  retryAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  errorReason: Schema.NullOr(Schema.String),
  errorMessage: Schema.NullOr(Schema.String)
}).pipe(
  Schema.encodeKeys({
    githubId: "github_id",
    trackedAt: "tracked_at",
    scannedAt: "scanned_at",
    retryAt: "retry_at",
    errorReason: "error_reason",
    errorMessage: "error_message"
  })
)
export type User = typeof User.Type

/** How many files a user has, and where their publications stand. */
export const UserCounts = Schema.Struct({
  files: Schema.Int,
  pending: Schema.Int,
  sending: Schema.Int,
  published: Schema.Int,
  failed: Schema.Int,
  gone: Schema.Int
})
export type UserCounts = typeof UserCounts.Type

/** One user with its deal in Pipedrive (`null` until one is needed) and counts. */
export const UserDetails = Schema.Struct({
  user: User,
  dealId: Schema.NullOr(Schema.Int),
  counts: UserCounts
}).pipe(Schema.encodeKeys({ dealId: "deal_id" }))
export type UserDetails = typeof UserDetails.Type
