/** The calls about a user's new files, visits and history, answered by a running server. */
import { defaultVisitor, TooManyVisitors, VisitNotFound } from "@gitpip/core"
import { DateTime, Effect } from "effect"
import { type Calls, ServerError } from "../Backend.ts"
import type { Connection } from "./connection.ts"
import { readPages } from "./pages.ts"
import { notTracked } from "./serverErrors.ts"

export const visitCalls = ({
  client: { gists },
  orServerError
}: Connection): Pick<Calls, "latest" | "visits" | "visit" | "history"> => ({
  latest: Effect.fnUntraced(function* (username, visitor = defaultVisitor) {
    const params = { username }
    const { body, headers } = yield* orServerError(gists.latest({ params, query: { visitor } }), {
      ...notTracked(username),
      TooManyVisitorsProblem: () => new TooManyVisitors({ username })
    })
    const id = headers["gitpip-visit"]
    if (id === undefined) return { id: null, visitor, visitedAt: yield* DateTime.now, files: body }
    // Rows come newest first, so the page after the next id begins with this visit.
    const cursor = id + 1
    const query = { visitor, after: cursor, limit: 1 }
    const records = yield* orServerError(gists.visits({ params, query }), notTracked(username))
    const record = records.body[0]
    if (record === undefined)
      return yield* new ServerError({ message: `The server no longer knows visit ${id}. Run the command again` })
    return { ...record, files: body }
  }),
  visits: (username, visitor, page) =>
    readPages(page, (query) =>
      orServerError(gists.visits({ params: { username }, query: { ...query, visitor } }), notTracked(username))
    ),
  visit: (username, visit) =>
    orServerError(gists.visit({ params: { username, visit } }), {
      ...notTracked(username),
      VisitNotFoundProblem: () => new VisitNotFound({ visit })
    }),
  history: (username, page) =>
    readPages(page, (query) => orServerError(gists.history({ params: { username }, query }), notTracked(username)))
})
