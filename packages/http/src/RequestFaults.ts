/**
 * Reports every fault of a request in one answer. The API builder stops at the first part that fails to decode, so this
 * decodes path and query again and joins their issues.
 */
import { Effect, type Layer, Result, Schema, SchemaIssue } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { type HttpApiEndpoint, HttpApiError, HttpApiMiddleware } from "effect/http-api"
import { ProblemDetails } from "./Problems.ts"

/** The problems of requests that do not fit the contract. */
export const layerFaults: Layer.Layer<ProblemDetails> = HttpApiMiddleware.layerSchemaErrorTransform(
  ProblemDetails,
  (error, { endpoint }) =>
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? // An answer that does not fit its schema is a defect.
        Effect.die(error.cause)
      : Effect.gen(function* () {
          const { params } = yield* HttpRouter.RouteContext
          const query = yield* HttpServerRequest.ParsedSearchParams
          const errors = [
            ...(yield* issues("params", endpoint.params, params)),
            ...(yield* issues("query", queryCodec(endpoint), query))
          ]
          return yield* new HttpApiError.BadRequestProblem({
            detail: errors.map(({ path, message }) => `${path.slice(1).join(".")}: ${message}`).join("; "),
            errors
          })
        })
)

const queryCodec = (endpoint: HttpApiEndpoint.Top) =>
  endpoint.query === undefined ? undefined : Schema.toCodecArrayFromSingle(endpoint.query)

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const issues = Effect.fnUntraced(function* (slot: string, schema: Schema.Top | undefined, input: unknown) {
  if (schema === undefined) return []
  const decode = Schema.decodeUnknownEffect(schema as Schema.Codec<unknown>, { errors: "all" })
  const result = yield* Effect.result(decode(input))
  if (Result.isSuccess(result)) return []
  return format(result.failure.issue).issues.map(({ message, path = [] }) => ({
    path: [slot, ...path.map((segment) => String(typeof segment === "object" ? segment.key : segment))],
    message
  }))
})
