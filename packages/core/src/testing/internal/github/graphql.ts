/**
 * What the GitHub fake answers to GraphQL: token, points, and every form of refusal that was seen. Refusals come with
 * `200` unless they concern the token. https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
 */

import type { FakeRequest } from "../../FakeService.ts"
import type { GraphqlEngine } from "../../Graphql.ts"
import { htmlReply, jsonReply, type Reply } from "../reply.ts"
import { limitHeaders, type PrimaryFacts, type PrimaryLimit, secondaryLimitReached } from "./limits.ts"
import { refusal } from "./refusals.ts"
import type { GithubRoute } from "./routes.ts"
import type { GithubState } from "./state.ts"

/** A fault of the query API alone. */
export type GraphqlFault =
  /** The hour's points are spent. The second spelling was seen in 2026 (https://github.com/yanyongyu/githubkit/issues/271). */
  | { readonly kind: "points-spent"; readonly resetInSeconds: number; readonly type?: "RATE_LIMITED" | "RATE_LIMIT" }
  /**
   * A query for more users than this fails. `resources`: users beyond are `null` with `RESOURCE_LIMITS_EXCEEDED`.
   * `gateway`: a page (default 502) instead of an answer. `broken`: an error without a type instead of users.
   */
  | {
      readonly kind: "too-many-users"
      readonly users: number
      readonly how: "resources" | "gateway" | "broken"
      readonly status?: 502 | 504
    }
  /** Every gist is `null`, as for a fine-grained token (https://github.com/cli/cli/issues/7803). */
  | { readonly kind: "blank-gists" }

export const isGraphqlFault = (fault: { readonly kind: string }): fault is GraphqlFault =>
  ["points-spent", "too-many-users", "blank-gists"].includes(fault.kind)

type Request = FakeRequest<GithubRoute>

/** The query API: it checks the credential and the limits, then lets the engine execute the query. */
export const makeGraphql = (options: {
  readonly engine: GraphqlEngine
  readonly state: GithubState
  readonly points: PrimaryLimit
  /** Points an hour; absent: any number. */
  readonly limit: number | undefined
  readonly secondary: ((endpoint: string, now: number) => number | undefined) | undefined
}) => {
  const { engine, limit, points, secondary, state } = options

  /** Makes `fault` when it is given and applies to the query. */
  const answer = (request: Request, fault?: GraphqlFault): Reply => {
    const { authorization } = request.headers
    if (authorization === undefined) return refusal(401, "This endpoint requires you to be authenticated.")
    if (request.method !== "POST") return refusal(404, "Not Found")
    const before = limit === undefined ? undefined : points.read(authorization, limit, request.at)
    const wait = secondary?.("/graphql", request.at)
    if (wait !== undefined) return secondaryLimitReached(403, wait, before)
    if (fault?.kind === "points-spent") {
      return spent(
        { limit: 5000, remaining: 0, used: 5000, reset: Math.floor(request.at / 1000) + fault.resetInSeconds },
        fault.type
      )
    }
    if (before?.remaining === 0) return spent(before)
    const { query, variables } = (request.body ?? {}) as { readonly query?: unknown; readonly variables?: unknown }
    if (typeof query !== "string") return refusal(400, "A query attribute must be specified and must be a string.")

    const tooMany = fault?.kind === "too-many-users" ? fault : undefined
    const { body, cost } = engine(
      { query, variables: (variables ?? {}) as Readonly<Record<string, unknown>> },
      {
        user: (login) => state.byLogin(login),
        gist: (id) => state.gist(id),
        limit: before,
        users: tooMany?.users ?? Number.POSITIVE_INFINITY,
        blank: fault?.kind === "blank-gists"
      }
    )
    points.charge(authorization, cost)
    const headers = limit === undefined ? {} : limitHeaders(points.read(authorization, limit, request.at), "graphql")
    if (tooMany !== undefined && tooMany.how !== "resources" && isStopped(body)) {
      return tooMany.how === "gateway" ? htmlReply(tooMany.status ?? 502) : jsonReply(200, broken, headers)
    }
    return jsonReply(200, body, headers)
  }
  return answer
}

/** Whether the answer leaves users out because resources ran out. */
const isStopped = ({ errors }: Readonly<Record<string, unknown>>): boolean =>
  JSON.stringify(errors ?? []).includes('"RESOURCE_LIMITS_EXCEEDED"')

const spent = (facts: PrimaryFacts, type: "RATE_LIMITED" | "RATE_LIMIT" = "RATE_LIMITED"): Reply =>
  jsonReply(
    200,
    {
      errors: [
        {
          type,
          ...(type === "RATE_LIMIT" ? { code: "graphql_rate_limit" } : {}),
          message: "API rate limit already exceeded for user ID 1."
        }
      ]
    },
    limitHeaders(facts, "graphql")
  )

const broken = {
  data: null,
  errors: [
    {
      message:
        "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug. Please include `0000:0000:0000` when reporting this issue."
    }
  ]
}
