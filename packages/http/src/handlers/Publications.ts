import { Gitpip } from "@gitpip/core"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"
import { before, paged } from "../Pages.ts"

export const layerPublications = HttpApiBuilder.group(
  Api,
  "publications",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip
    return handlers.handleAll({
      list: ({ query }) =>
        paged(query, (limit) => orProblem(gitpip.publications({ before: before(query), limit, state: query.state }))),
      get: ({ params }) => orProblem(gitpip.publication(params.id)),
      retryAll: () => Effect.map(orProblem(gitpip.retryFailed), (retried) => ({ retried })),
      retry: ({ params }) => orProblem(gitpip.retry(params.id)),
      skip: ({ params }) => orProblem(gitpip.skip(params.id))
    })
  })
)
