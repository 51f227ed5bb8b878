/** How `latest` and `history` show files. */
import type { GistFile } from "@gitpip/core"
import type { Meaning } from "../Screen.ts"
import type { Row } from "../Table.ts"
import { time } from "../Text.ts"

export const header = ["ID", "FOUND", "FILE", "STATE", "PAGE"]

export const row = (file: GistFile): Row => [
  String(file.id),
  { text: time(file.foundAt), meaning: "aside" },
  file.filename,
  file.publicationState === null
    ? { text: "not published", meaning: "aside" }
    : {
        text: `${file.publicationState} (${file.publicationId})`,
        meaning: stateMeanings[file.publicationState]
      },
  file.htmlUrl
]

/** What a publication's state means to whoever looks. */
export const stateMeanings: Readonly<Record<string, Meaning>> = {
  pending: "busy",
  sending: "busy",
  published: "good",
  failed: "bad",
  gone: "aside"
}
