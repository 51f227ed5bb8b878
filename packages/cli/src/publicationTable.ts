/** The table of publications that `retry` and `skip` show. */
import type { Publication } from "@gitpip/core"
import { stateMeanings } from "./commands/files.ts"
import type { Row } from "./Table.ts"

export const listing = {
  header: ["ID", "STATE", "USER", "FILE", "REASON"],
  row: (publication: Publication): Row => [
    String(publication.id),
    { text: publication.state, meaning: stateMeanings[publication.state] },
    publication.owner,
    publication.filename,
    publication.errorMessage ?? ""
  ]
}
