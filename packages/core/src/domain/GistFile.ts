/**
 * One file of one gist, identified by gist id and file name: the unit that is seen, published and shown.
 */
import { Schema } from "effect"
import { field, Instant, named } from "./described.ts"
import { PublicationState } from "./Publication.ts"
import { Username } from "./User.ts"

/** The surrogate key of a file. One user's files have growing keys, in the order in which they were added. */
export const FileId = Schema.Int.pipe(Schema.brand("FileId"))
/** A file's number, branded: `FileId.make(7)`. */
export type FileId = typeof FileId.Type

/** A file as GitHub's list of a user's gists shows it, in storable form and without content. */
export interface ListedFile {
  readonly gistId: string
  readonly filename: string
  /** The file's page, unique to the file. It doubles as the marker by which lookups find the file's activity. */
  readonly htmlUrl: string
  readonly rawUrl: string | null
  readonly description: string | null
  readonly language: string | null
  readonly type: string | null
  /** Bytes. */
  readonly size: number
  /** RFC 3339, whole seconds, UTC. */
  readonly createdAt: string
  readonly updatedAt: string
  /** Whether the gist was forked from another. Missing where GitHub does not say so, as in its lists. */
  readonly isFork?: boolean | undefined
}

/** A text that differs for every file. */
export const fileIdentity = (gistId: string, filename: string): string => `${gistId}\0${filename}`

/**
 * The address of one file within its gist's page. The query names the file exactly, where GitHub's own anchor folds
 * names that differ only in punctuation; the anchor is what scrolls a browser to it. Pure ASCII without `&`, quotes or
 * brackets, so it survives every HTML cleaning unchanged, and `#` ends the name, so no marker is the beginning of
 * another one.
 */
export const fileUrl = (gistUrl: string, filename: string): string => {
  const name = encodeURIComponent(filename).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  )
  const anchor = filename
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .slice(0, 100)
  return `${gistUrl}?file=${name}#file-${anchor}`
}

/** A file that a scan found, as histories and visits show it. */
export const GistFile = Schema.Struct({
  id: field(FileId, "The file's number; grows in the order in which a user's files were found"),
  owner: field(Username, "The user's GitHub username"),
  filename: field(Schema.String, "The file's name within the gist"),
  gistId: field(Schema.String, "GitHub's id of the gist"),
  htmlUrl: field(Schema.String, "The file's page on GitHub"),
  rawUrl: field(Schema.NullOr(Schema.String), "Where its content can be read; `null` when GitHub gave no address"),
  description: field(Schema.NullOr(Schema.String), "The gist's description"),
  language: field(Schema.NullOr(Schema.String), "The file's language, as GitHub detects it"),
  type: field(Schema.NullOr(Schema.String), "The file's media type"),
  size: field(Schema.Int, "Bytes"),
  createdAt: field(Instant, "When the gist was made"),
  updatedAt: field(Instant, "When the gist was last changed before the file was found"),
  foundAt: field(Instant, "When a scan found the file"),
  scanId: field(Schema.Int, "The scan that found it"),
  publicationId: field(
    Schema.NullOr(Schema.Int),
    "Its publication; `null` when it is not to be published, being older than the tracking"
  ),
  publicationState: field(Schema.NullOr(PublicationState), "The state of its publication"),
  publicationMessage: field(
    Schema.NullOr(Schema.String),
    "Why it is not published yet, or was left out; `null` when nothing went wrong"
  ),
  publicationTarget: field(
    Schema.NullOr(Schema.String),
    "Pipedrive's number of the deal that the activity hangs on; empty when the file is a deal itself, and `person:45` when it is a lead of that person"
  ),
  publicationRemoteId: field(
    Schema.NullOr(Schema.String),
    "Pipedrive's number of the activity, or of the deal when each file becomes one, or the lead's UUID (`deal:12` when somebody had made a deal of the lead before Gitpip knew its id); `null` until it is published"
  )
}).pipe(
  Schema.encodeKeys({
    gistId: "gist_id",
    htmlUrl: "html_url",
    rawUrl: "raw_url",
    createdAt: "created_at",
    updatedAt: "updated_at",
    foundAt: "found_at",
    scanId: "scan_id",
    publicationId: "publication_id",
    publicationState: "publication_state",
    publicationMessage: "publication_message",
    publicationTarget: "publication_target",
    publicationRemoteId: "publication_remote_id"
  }),
  named("GistFile", "A file of a gist that a scan found")
)
/** A found file as programs get it: instants are `DateTime.Utc`, sizes are bytes. */
export interface GistFile extends Schema.Schema.Type<typeof GistFile> {}

/** The beginning of a file's content, as it is on GitHub now. */
export const FilePreview = Schema.Struct({
  text: field(Schema.NullOr(Schema.String), "The text; `null` when the file is no text"),
  partial: field(Schema.Boolean, "Whether `text` is only the beginning")
}).pipe(named("FilePreview", "The beginning of a file's content, as it is on GitHub now"))
/** The beginning of a file's text, or `null` for a file that is no text. */
export interface FilePreview extends Schema.Schema.Type<typeof FilePreview> {}

/** A file's content, as it was read for publishing. */
export type Content =
  | {
      readonly _tag: "Text"
      readonly text: string
      /** Whether `text` is only the beginning of the file. */
      readonly partial: boolean
    }
  | { readonly _tag: "Binary" }
  /** The content is left out. The note says `why`, in a sentence. */
  | { readonly _tag: "Omitted"; readonly why: string }

/** Takes the place of a content that Pipedrive refused. */
export const contentRefused: Content = { _tag: "Omitted", why: "Pipedrive did not accept it" }
