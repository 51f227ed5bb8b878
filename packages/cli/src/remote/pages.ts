import { pageLimit } from "@gitpip/http"
import { Effect } from "effect"

/** Up to `limit` rows before a row, newest first, in as many of the server's pages as that takes. */
export const readPages = Effect.fnUntraced(function* <A extends { readonly id: number }, E, R>(
  { before, limit }: { readonly before: number; readonly limit: number },
  read: (page: {
    readonly after: number
    readonly limit: number
  }) => Effect.Effect<{ readonly body: ReadonlyArray<A> }, E, R>
) {
  const rows: Array<A> = []
  for (let after = before; rows.length < limit; ) {
    const { body } = yield* read({ after, limit: Math.min(limit - rows.length, pageLimit) })
    rows.push(...body)
    const last = body.at(-1)
    if (last === undefined || body.length < Math.min(limit, pageLimit)) break
    after = last.id
  }
  return rows
})
