import { Gitpip, type TrackOptions, type User, type Username } from "@gitpip/core"
import { Effect, Option, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../Api.ts"
import { orProblem, toProblem } from "../ErrorProblems.ts"
import { userJson } from "../Json.ts"
import { pagedAs } from "../Pages.ts"
import { AccountNotFoundProblem, UserNotTrackedProblem } from "../Problems.ts"
import { pageLimit, rulesOf } from "../parameters.ts"
import { remarksOf } from "../tracking.ts"

const toText = (users: ReadonlyArray<User>): string => JSON.stringify(users.map(userJson))

export const layerUsers = HttpApiBuilder.group(
  Api,
  "users",
  Effect.fnUntraced(function* (handlers) {
    const gitpip = yield* Gitpip

    /** A page, and one row more, which shows whether there is a next page. */
    const read = (after: number) => orProblem(gitpip.users({ after, limit: pageLimit + 1 }))

    /**
     * All users as one array, with one page in memory at a time. The first page is read before the answer begins, so that
     * a database that is down gives a `503` and not a broken array.
     */
    const allUsers = Effect.gen(function* () {
      const first = yield* read(0)
      const contentType = "application/json"
      if (first.length <= pageLimit) return HttpServerResponse.text(toText(first), { contentType })
      const parts = Stream.paginate(
        { found: first, opening: "[" },
        Effect.fnUntraced(function* ({ found, opening }) {
          const users = found.slice(0, pageLimit)
          const last = users.at(-1)
          const text = `${opening}${toText(users).slice(1, -1)}`
          return found.length <= pageLimit || last === undefined
            ? ([[`${text}]`], Option.none()] as const)
            : ([[text], Option.some({ found: yield* read(last.id), opening: "," })] as const)
        })
      )
      return HttpServerResponse.stream(Stream.encodeText(parts), { contentType })
    })

    const track = Effect.fnUntraced(function* (
      username: Username,
      query: Parameters<typeof rulesOf>[0] & Pick<TrackOptions, "id" | "deal" | "person">
    ) {
      const { deal, id, person } = query
      const { created, unused, user } = yield* orProblem(
        gitpip.track(username, { deal, id, person, rules: rulesOf(query) })
      )
      const remarks = remarksOf({ unused, languages: query.languages })
      if (!created) return HttpServerResponse.jsonUnsafe(userJson(user), { status: 200, headers: remarks })
      // The user is tracked, whatever becomes of the check.
      const checks = yield* Effect.orElseSucceed(gitpip.checkNames([username]), () => [])
      const headers = { ...remarks, "gitpip-name": checks[0]?.state ?? "unchecked" }
      return HttpServerResponse.jsonUnsafe(userJson(user), { status: 201, headers })
    })

    return handlers.handleAll({
      track: ({ params, query }) => track(params.username, { id: params.id, ...query }),
      trackNext: ({ params, query }) => track(params.username, query),
      names: ({ query }) =>
        orProblem(gitpip.checkNames(query.names ?? [], { github: query.github === "false" ? "skipped" : "asked" })),
      preview: ({ params, query }) =>
        gitpip.preview(params.username, { ...rulesOf(query), contact: query.contact === "true" }).pipe(
          // Proxies and clients retry a 502.
          Effect.catchTag("GithubError", (error) =>
            Effect.fail(
              error.reason._tag === "UserNotFound"
                ? new AccountNotFoundProblem({ detail: error.message })
                : toProblem(error)
            )
          ),
          Effect.catchTag("DatabaseError", (error) => orProblem(Effect.fail(error)))
        ),
      list: ({ query }) =>
        query.limit === undefined && query.after === undefined && query.state === undefined
          ? allUsers
          : pagedAs(userJson, query, (limit) =>
              orProblem(gitpip.users({ after: query.after ?? 0, limit, state: query.state }))
            ),
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
