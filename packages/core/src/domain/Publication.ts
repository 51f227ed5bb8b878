/** The outbox row of a file: whether and when the file reached Pipedrive, and under which remote id. */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { Username } from "./User.ts"

/** The id of a publication: a whole number from 1. */
export const PublicationId = Schema.Int.pipe(Schema.brand("PublicationId"))
/** A publication's number, branded: `PublicationId.make(7)`. */
export type PublicationId = typeof PublicationId.Type

/**
 * - `pending`: waits until it is due and claimed
 * - `sending`: leased by a publisher
 * - `published`: in Pipedrive, under `remote_id`
 * - `failed`: refused for good, or attempted too often; can be retried by hand
 * - `gone`: the gist or file was deleted, or became secret, before it was published
 * - `skipped`: a rule or a person left the file out; can be published by hand
 */
export const PublicationState = Schema.Literals(["pending", "sending", "published", "failed", "gone", "skipped"])
/** The state in which a publication is stored and shown. */
export type PublicationState = typeof PublicationState.Type

/** The reason of a file that a rule left out. */
export const skippedByRule = "SkippedByRule"

/** A file on its way to Pipedrive, and where it is on that way. */
export const Publication = Schema.Struct({
  id: field(PublicationId, "The publication's number"),
  state: field(
    PublicationState,
    "`pending`: waits until it is due; `sending`: a server works on it; `published`; `failed`: refused for good, or attempted too often, and can be retried; `gone`: the gist or file was deleted, or became secret, before it was published; `skipped`: a rule or a person left the file out, and it can be published by hand"
  ),
  owner: field(Username, "The user's GitHub username"),
  filename: field(Schema.String, "The file's name within the gist"),
  gistId: field(Schema.String, "GitHub's id of the gist"),
  htmlUrl: field(Schema.String, "The file's page on GitHub"),
  fileId: field(Schema.Int, "The file's number"),
  attempts: field(Schema.Int, "Attempts so far"),
  dueAt: field(Instant, "When the next attempt is due, at the earliest"),
  target: field(
    Schema.NullOr(Schema.String),
    "Pipedrive's number of the deal that the activity hangs on; empty when the file is a deal itself, and `person:45` when it is a lead of that person"
  ),
  remoteId: field(
    Schema.NullOr(Schema.String),
    "Pipedrive's number of the activity, or of the deal when each file becomes one, or the lead's UUID (`deal:12` when somebody had made a deal of the lead before Gitpip knew its id); `null` until it is published"
  ),
  errorReason: field(
    Schema.NullOr(Schema.String),
    "Why the last attempt did not succeed, or the file was skipped, as one word"
  ),
  errorMessage: field(Schema.NullOr(Schema.String), "The same as a sentence"),
  createdAt: field(Instant, "When the file was found"),
  publishedAt: field(Schema.NullOr(Instant), "When it was recorded as published; `null` until then")
}).pipe(
  Schema.encodeKeys({
    gistId: "gist_id",
    htmlUrl: "html_url",
    fileId: "file_id",
    dueAt: "due_at",
    remoteId: "remote_id",
    errorReason: "error_reason",
    errorMessage: "error_message",
    createdAt: "created_at",
    publishedAt: "published_at"
  }),
  named("Publication", "Whether, when and as what a file reached Pipedrive")
)
/**
 * A publication as programs get it: instants are `DateTime.Utc`, and nothing is known of Pipedrive's side while
 * `remoteId` is `null`.
 */
export interface Publication extends Schema.Schema.Type<typeof Publication> {}

/** One attempt to publish a file. */
export const Attempt = Schema.Struct({
  at: field(Instant, "When the outcome was recorded"),
  outcome: field(
    Schema.String,
    "`published`, `adopted` (found in Pipedrive after a lost answer), `duplicate` (another server had published it), or the reason of the failure"
  ),
  message: field(Schema.NullOr(Schema.String), "The reason as a sentence")
}).pipe(named("Attempt", "One attempt to publish a file"))
/** The outcome of one attempt, with the instant at which the outcome was recorded. */
export interface Attempt extends Schema.Schema.Type<typeof Attempt> {}

/** A publication with its attempts, oldest first. */
export const PublicationDetails = Schema.Struct({
  publication: Publication,
  attempts: field(Schema.Array(Attempt), "Oldest first, at most the last 100")
}).pipe(named("PublicationDetails", "One publication with its attempts"))
/** A publication and at most its last 100 attempts. */
export interface PublicationDetails extends Schema.Schema.Type<typeof PublicationDetails> {}
