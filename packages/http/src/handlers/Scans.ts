import { Gitpip } from "@gitpip/core"
import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"
import { before, paged } from "../Pages.ts"

export const layerScans = HttpApiBuilder.group(
  Api,
  "scans",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip
    return handlers.handleAll({
      request: ({ query }) =>
        Effect.map(orProblem(gitpip.requestScan(query.username)), (scan) =>
          HttpApiSchema.withHeaders({ body: scan, headers: { location: `/scans/${scan.id}` } })
        ),
      list: ({ query }) => paged(query, (limit) => orProblem(gitpip.scans({ before: before(query), limit }))),
      get: ({ params }) => orProblem(gitpip.scanDetails(params.id))
    })
  })
)
