/**
 * One query of GitHub's GraphQL API. The API answers 200 for limits and errors as well, so the body is what counts.
 *
 * Guarantees: a query is never redirected, because it carries the token. Fails with `Unavailable` when the same query for
 * less may be answered.
 */
import { Clock, DateTime, Duration, Effect, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import { sentence } from "../domain/Text.ts"
import { type Answer, json } from "../net/exchange.ts"
import { classify, limitEnd } from "./classify.ts"
import { fail, type GithubError, RateLimited, Unavailable } from "./errors.ts"
import type { GithubLimit } from "./limit.ts"
import { apiHeaders } from "./read.ts"
import type { Transport } from "./transport.ts"

/** A query in GitHub's GraphQL, and the bytes that its answer may have. */
export interface Query {
  readonly document: string
  readonly variables: Readonly<Record<string, unknown>>
  readonly maxBytes: number
}

/** What GitHub answers to a query. `data` may be there beside `errors`, and either may be missing. */
export interface QueryAnswer {
  readonly data: unknown
  readonly errors: ReadonlyArray<QueryError>
  /** How long the query took, waits before it not included. */
  readonly seconds: number
}

/** `type` is missing for faults of GitHub's own. `path` begins with the alias of what the error is about. */
export interface QueryError {
  readonly type?: string | undefined
  readonly message: string
  readonly path: ReadonlyArray<unknown>
}

/** GitHub gives a query up after ten seconds. */
const queryTimeout = Duration.seconds(15)

/** Sends queries. An Enterprise Server has them at `/api/graphql`, beside `/api/v3`. */
export const make = (apiUrl: string, transport: Transport, limit: GithubLimit) => {
  const url = /\/api\/v3$/.test(apiUrl) ? apiUrl.replace(/\/v3$/, "/graphql") : `${apiUrl}/graphql`

  return Effect.fnUntraced(function* ({
    document,
    maxBytes,
    variables
  }: Query): Effect.fn.Return<QueryAnswer, GithubError> {
    const request = HttpClientRequest.post(url, { headers: apiHeaders }).pipe(
      transport.authorize,
      HttpClientRequest.bodyText(JSON.stringify({ query: document, variables }), "application/json")
    )
    const { answer, lasted, startedAt } = yield* transport.send(request, {
      throttle: limit.throttle,
      timeout: queryTimeout,
      maxBytes,
      whenFull: "fail",
      onHead: limit.noteHeaders
    })
    const now = yield* Clock.currentTimeMillis
    if (answer.status !== 200) return yield* limit.failWith(classify(answer, { _tag: "Query" }, now), { startedAt })
    const body = answer.cut ? undefined : json(answer)
    if (!Schema.is(WireAnswer)(body) || (body.data == null && body.errors == null)) {
      return yield* fail(new Unavailable({ message: "GitHub's answer to a query cannot be read" }))
    }
    const errors = (body.errors ?? []).map(queryError)
    const limited = errors.find(isLimit)
    if (limited !== undefined) {
      const message = `GitHub's limit is reached: ${limited.message}`
      const resumeAt = DateTime.makeUnsafe(queryLimitEnd(answer, now))
      const isShared = secondary.test(limited.message) ? ({ isSecondary: true } as const) : {}
      const reason = new RateLimited({ message, resumeAt, enforcedBy: "service", ...isShared })
      return yield* limit.failWith({ reason, scope: "credential" }, { startedAt })
    }
    limit.accept({ startedAt })
    return { data: body.data, errors, seconds: Duration.toSeconds(lasted) }
  })
}

const WireAnswer = Schema.Struct({
  data: Schema.optional(Schema.NullOr(Schema.ObjectKeyword)),
  errors: Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))
})

const WireError = Schema.Struct({
  type: Schema.optional(Schema.NullOr(Schema.String)),
  code: Schema.optional(Schema.NullOr(Schema.String)),
  message: Schema.optional(Schema.NullOr(Schema.String)),
  path: Schema.optional(Schema.NullOr(Schema.Array(Schema.Unknown)))
})

const queryError = (raw: unknown): QueryError => {
  if (!Schema.is(WireError)(raw)) return { message: "an error of an unknown form", path: [] }
  return {
    type: raw.type ?? raw.code ?? undefined,
    message: sentence(raw.message ?? "", 300),
    path: raw.path ?? []
  }
}

/** Both spellings were seen: https://github.com/yanyongyu/githubkit/issues/271 */
const limitTypes: ReadonlySet<string | undefined> = new Set(["RATE_LIMITED", "RATE_LIMIT", "graphql_rate_limit"])

const secondary = /secondary rate limit/i

/** Whether an error is a limit. The secondary limit has no type of its own. */
const isLimit = ({ message, path, type }: QueryError): boolean =>
  limitTypes.has(type) || (path.length === 0 && secondary.test(message))

/** GitHub does not always report that nothing remains, although the limit is reached. */
const queryLimitEnd = ({ headers }: Answer, now: number): number =>
  limitEnd({ headers: { ...headers, "x-ratelimit-remaining": "0" } }, "primary", now)
