/** How `latest` and `history` show files. */
import type { GistFile } from "@gitpip/core"
import { time } from "../Text.ts"

export const header = ["ID", "FOUND", "FILE", "STATE", "PAGE"]

export const row = (file: GistFile): ReadonlyArray<string> => [
  String(file.id),
  time(file.foundAt),
  file.filename,
  file.publicationState === null ? "not published" : `${file.publicationState} (${file.publicationId})`,
  file.htmlUrl
]
