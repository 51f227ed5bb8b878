import { pageLimit } from "@gitpip/http"
import { Effect } from "effect"

/** Up to `limit` rows before a row, newest first, in as many of the server's pages as that takes. */
export const readPages = Effect.fnUntraced(function* <A extends { readonly id: number }, E, R>(
  { before, limit }: { readonly before: number; readonly limit: number },
  read: (page: {
    /** The id of the last row of the page before. */
    readonly after: number
    readonly limit: number
  }) => Effect.Effect<{ readonly body: ReadonlyArray<A> }, E, R>
) {
  const rows: Array<A> = []
  // The server counts pages from the newest row on, so the rows that come after a cursor have smaller ids.
  let cursor = before
  while (rows.length < limit) {
    const { body } = yield* read({ after: cursor, limit: Math.min(limit - rows.length, pageLimit) })
    rows.push(...body)
    const last = body.at(-1)
    if (last === undefined || body.length < Math.min(limit, pageLimit)) break
    cursor = last.id
  }
  return rows
})
