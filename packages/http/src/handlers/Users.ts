import { Gitpip, type User, type UserId, type Username } from "@gitpip/core"
import { Effect, Option, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem } from "../ErrorProblems.ts"
import { userJson } from "../Json.ts"
import { paged } from "../Pages.ts"
import { UserNotTrackedProblem } from "../Problems.ts"
import { pageLimit } from "../parameters.ts"

const toText = (users: ReadonlyArray<User>): string => JSON.stringify(users.map(userJson))

export const layerUsers = HttpApiBuilder.group(
  Api,
  "users",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip

    const read = (after: number) => orProblem(gitpip.users({ after, limit: pageLimit }))

    /**
     * All users as one array, with one page in memory at a time. The first page is read before the answer begins, so that
     * a database that is down gives a `503` and not a broken array.
     */
    const allUsers = Effect.gen(function* () {
      const first = yield* read(0)
      const contentType = "application/json"
      if (first.length < pageLimit) return HttpServerResponse.text(toText(first), { contentType })
      const parts = Stream.paginate(
        { users: first, opening: "[" },
        Effect.fnUntraced(function* ({ users, opening }) {
          const last = users.at(-1)
          const next = last === undefined || users.length < pageLimit ? [] : yield* read(last.id)
          const text = `${opening}${toText(users).slice(1, -1)}`
          return next.length === 0
            ? ([[`${text}]`], Option.none()] as const)
            : ([[text], Option.some({ users: next, opening: "," })] as const)
        })
      )
      return HttpServerResponse.stream(Stream.encodeText(parts), { contentType })
    })

    const track = Effect.fnUntraced(function* (
      username: Username,
      wanted: { readonly id?: UserId; readonly deal?: number; readonly person?: number }
    ) {
      const { created, user } = yield* orProblem(gitpip.track(username, wanted))
      return HttpServerResponse.jsonUnsafe(userJson(user), { status: created ? 201 : 200 })
    })

    return handlers.handleAll({
      track: ({ params, query }) => track(params.username, { id: params.id, ...query }),
      trackNext: ({ params, query }) => track(params.username, query),
      preview: ({ params }) => orProblem(gitpip.preview(params.username)),
      list: ({ query }) =>
        query.limit === undefined && query.after === undefined && query.state === undefined
          ? allUsers
          : paged(query, (limit) => orProblem(gitpip.users({ after: query.after ?? 0, limit, state: query.state }))),
      get: ({ params }) => orProblem(gitpip.user(params.username)),
      forget: ({ params }) =>
        orProblem(gitpip.forget(params.username)).pipe(
          Effect.catchTag("UserNotTrackedProblem", () =>
            Effect.fail(new UserNotTrackedProblem({ detail: `Nothing is stored about ${params.username}` }))
          )
        ),
      untrack: ({ params }) =>
        orProblem(gitpip.untrack(params.username)).pipe(
          // The problem of other calls ends with how to track the user.
          Effect.catchTag("UserNotTrackedProblem", () =>
            Effect.fail(new UserNotTrackedProblem({ detail: `${params.username} is not tracked` }))
          )
        )
    })
  })
)
