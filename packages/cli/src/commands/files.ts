/** The table of files that `latest` and `history` show. */
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

/** More numbers of one reason would fill the screen. */
const maxNumbers = 5

/** Why files are not published, each reason once with its publications. */
export const reasons = (files: ReadonlyArray<GistFile>): ReadonlyArray<Row> => {
  const waiting = files.filter(
    ({ publicationMessage, publicationState }) => publicationMessage !== null && publicationState !== "published"
  )
  return [...Map.groupBy(waiting, ({ publicationMessage }) => publicationMessage ?? "")].map(([message, of]) => {
    const numbers = of.map(({ publicationId }) => publicationId)
    const more = numbers.length - maxNumbers
    return [`${numbers.slice(0, maxNumbers).join(", ")}${more > 0 ? ` and ${more} more` : ""}`, message]
  })
}

/** The colour of each state of a publication. */
export const stateMeanings: Readonly<Record<string, Meaning>> = {
  pending: "busy",
  sending: "busy",
  published: "good",
  failed: "bad",
  gone: "aside",
  skipped: "aside"
}
