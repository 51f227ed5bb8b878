/**
 * Every fault of a request in one answer. The API builder decodes path and query one after the other and stops at the
 * first that fails, so here all of them are decoded again and their issues joined.
 */
import { Effect, type Layer, Result, Schema, SchemaIssue } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { type HttpApiEndpoint, HttpApiError, HttpApiMiddleware } from "effect/http-api"
import { ProblemDetails } from "./Problems.ts"

/** What `ProblemDetails` declares, for requests that do not fit. */
export const layerFaults: Layer.Layer<ProblemDetails> = HttpApiMiddleware.layerSchemaErrorTransform(
  ProblemDetails,
  (error, { endpoint }) =>
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? // An answer that does not fit its schema is a defect of the server.
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
