import { Gitpip } from "@gitpip/core"
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"

export const layerContacts = HttpApiBuilder.group(
  Api,
  "contacts",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip
    return handlers.handleAll({
      list: ({ query }) => orProblem(gitpip.contacts(query.source, query.next)),
      track: ({ query }) => orProblem(gitpip.trackContacts(query.source))
    })
  })
)
