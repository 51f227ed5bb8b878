/** The calls about tracked users, answered by a running server. */
import { TargetNotFound, UserBusy, UserConflict } from "@gitpip/core"
import { ruleQuery } from "@gitpip/http"
import { Effect } from "effect"
import { type Calls, ServerError } from "../Backend.ts"
import type { Connection } from "./connection.ts"
import { notTracked, reasonOf } from "./serverErrors.ts"

export const userCalls = ({
  client: { users },
  orServerError
}: Connection): Pick<Calls, "track" | "checkNames" | "preview" | "untrack" | "user" | "forget" | "users"> => ({
  track: (username, { deal, id, person, rules } = {}) => {
    const query = {
      ...(deal === undefined ? {} : { deal }),
      ...(person === undefined ? {} : { person }),
      ...ruleQuery(rules)
    }
    return orServerError(
      id === undefined
        ? users.trackNext({ params: { username }, query, responseMode: "decoded-and-response" })
        : users.track({ params: { username, id }, query, responseMode: "decoded-and-response" }),
      {
        UserConflictProblem: (problem) => new UserConflict({ message: reasonOf(problem) }),
        TargetNotFoundProblem: (problem) => new TargetNotFound({ message: reasonOf(problem) })
      }
    ).pipe(
      Effect.map(([{ body, headers }, { status }]) => ({
        user: body,
        created: status === 201,
        unused: headers["gitpip-unused"]?.split("; ") ?? []
      }))
    )
  },
  checkNames: (names, { github } = {}) =>
    orServerError(users.names({ query: { names, ...(github === "skipped" ? { github: "false" } : {}) } }), {}),
  preview: (username, { contact = false, ...rules } = {}) =>
    orServerError(
      users.preview({ params: { username }, query: { ...ruleQuery(rules), ...(contact ? { contact: "true" } : {}) } }),
      {
        AccountNotFoundProblem: (problem) => new ServerError({ message: reasonOf(problem) }),
        GithubProblem: (problem) => new ServerError({ message: reasonOf(problem) })
      }
    ),
  untrack: (username) => orServerError(users.untrack({ params: { username } }), notTracked(username)),
  user: (username) => orServerError(users.get({ params: { username } }), notTracked(username)),
  forget: (username) =>
    orServerError(users.forget({ params: { username } }), {
      ...notTracked(username),
      UserBusyProblem: () => new UserBusy({ username })
    }),
  users: ({ state, ...page }) =>
    Effect.map(
      orServerError(users.list({ query: state === undefined ? page : { ...page, state } }), {}),
      ({ body }) => body
    )
})
