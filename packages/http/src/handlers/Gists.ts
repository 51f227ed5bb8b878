import { defaultVisitor, Gitpip } from "@gitpip/core"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"
import { fileJson } from "../Json.ts"
import { before, paged, pagedAs } from "../Pages.ts"

export const layerGists = HttpApiBuilder.group(
  Api,
  "gists",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip
    return handlers.handleAll({
      latest: ({ params, query }) =>
        Effect.map(orProblem(gitpip.latest(params.username, query.visitor)), ({ files, id }) =>
          HttpServerResponse.jsonUnsafe(
            files.map(fileJson),
            id === null ? {} : { headers: { "gitpip-visit": String(id) } }
          )
        ),
      news: ({ query }) =>
        paged(query, (limit) =>
          orProblem(gitpip.news(query.visitor ?? defaultVisitor, { after: query.after ?? 0, limit }))
        ),
      visits: ({ params, query }) =>
        paged(query, (limit) =>
          orProblem(gitpip.visits(params.username, query.visitor ?? defaultVisitor, { before: before(query), limit }))
        ),
      visit: ({ params }) => orProblem(gitpip.visit(params.username, params.visit)),
      history: ({ params, query }) =>
        pagedAs(fileJson, query, (limit) =>
          orProblem(gitpip.history(params.username, { before: before(query), limit }))
        ),
      preview: ({ params }) => orProblem(gitpip.filePreview(params.id))
    })
  })
)
