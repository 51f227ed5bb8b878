/** The outbox row of a file: whether, when and as what it reached Pipedrive. */
import { Schema } from "effect"
import { Username } from "./User.ts"

export const PublicationId = Schema.Int.pipe(Schema.brand("PublicationId"))
export type PublicationId = typeof PublicationId.Type

/**
 * - `pending`: waits for its turn
 * - `sending`: leased by a publisher
 * - `published`: in Pipedrive, under `receipt`
 * - `failed`: refused for a reason that waiting does not cure; can be retried by hand
 * - `gone`: the gist or file was deleted before it could be read
 */
export const PublicationState = Schema.Literals(["pending", "sending", "published", "failed", "gone"])
export type PublicationState = typeof PublicationState.Type

export const Publication = Schema.Struct({
  id: PublicationId,
  state: PublicationState,
  owner: Username,
  filename: Schema.String,
  gistId: Schema.String,
  htmlUrl: Schema.String,
  fileId: Schema.Int,
  attempts: Schema.Int,
  dueAt: Schema.DateTimeUtcFromString,
  /** What it hangs on: the deal's id. */
  target: Schema.NullOr(Schema.String),
  /** What Pipedrive calls it: the activity's id (or the deal's, when one deal is made per file). */
  receipt: Schema.NullOr(Schema.String),
  errorReason: Schema.NullOr(Schema.String),
  errorMessage: Schema.NullOr(Schema.String),
  createdAt: Schema.DateTimeUtcFromString,
  publishedAt: Schema.NullOr(Schema.DateTimeUtcFromString)
}).pipe(
  Schema.encodeKeys({
    gistId: "gist_id",
    htmlUrl: "html_url",
    fileId: "file_id",
    dueAt: "due_at",
    errorReason: "error_reason",
    errorMessage: "error_message",
    createdAt: "created_at",
    publishedAt: "published_at"
  })
)
export type Publication = typeof Publication.Type

/** One try at publishing a file. */
export const Attempt = Schema.Struct({
  at: Schema.DateTimeUtcFromString,
  /** `published`, `adopted` (found in Pipedrive after a lost answer), or the reason why not. */
  outcome: Schema.String,
  message: Schema.NullOr(Schema.String)
})
export type Attempt = typeof Attempt.Type

export const PublicationDetails = Schema.Struct({
  publication: Publication,
  /** Oldest first, at most the last 100. */
  attempts: Schema.Array(Attempt)
})
export type PublicationDetails = typeof PublicationDetails.Type
