/**
 * One file of one gist, identified by gist id and file name: the unit that is seen, published and shown.
 */
import { Schema } from "effect"
import { Username } from "./User.ts"

/** The surrogate key of a file, growing in the order in which one user's files were added. */
export const FileId = Schema.Int.pipe(Schema.brand("FileId"))
export type FileId = typeof FileId.Type

/** A file as GitHub's list of a user's gists shows it, in storable form and without content. */
export interface ListedFile {
  readonly gistId: string
  readonly filename: string
  /** The file's page, unique to it: doubles as the marker by which its activity is found again. */
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
}

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
  id: FileId,
  owner: Username,
  filename: Schema.String,
  gistId: Schema.String,
  htmlUrl: Schema.String,
  rawUrl: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  language: Schema.NullOr(Schema.String),
  type: Schema.NullOr(Schema.String),
  size: Schema.Int,
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  foundAt: Schema.DateTimeUtcFromString,
  scanId: Schema.Int,
  publicationId: Schema.NullOr(Schema.Int),
  publicationState: Schema.NullOr(Schema.String),
  /** What its publication hangs on, and what Pipedrive calls it: see `Publication`. */
  publicationTarget: Schema.NullOr(Schema.String),
  publicationReceipt: Schema.NullOr(Schema.String)
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
    publicationTarget: "publication_target",
    publicationReceipt: "publication_receipt"
  })
)
export type GistFile = typeof GistFile.Type

/** What is shown of a file's content: its beginning, as it is on GitHub now. */
export const FilePreview = Schema.Struct({
  /** `null`: it is no text. */
  text: Schema.NullOr(Schema.String),
  /** Whether `text` is only the beginning. */
  partial: Schema.Boolean
})
export type FilePreview = typeof FilePreview.Type

/** What was read of a file's content when it came to be published. */
export type Content =
  | {
      readonly _tag: "Text"
      readonly text: string
      /** Whether `text` is only the beginning of the file. */
      readonly partial: boolean
    }
  | { readonly _tag: "Binary" }
