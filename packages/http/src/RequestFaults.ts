/**
 * Reports every fault of a request in one answer. The API builder stops at the first part that fails to decode, so this
 * decodes path and query again and joins their issues.
 */
import { nearest } from "@gitpip/core/text"
import { Context, Effect, Layer, Result, Schema, SchemaAST, SchemaIssue, type Types } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { type HttpApiEndpoint, HttpApiError } from "effect/http-api"
import { ProblemDetails } from "./Problems.ts"

/** The problems of requests that do not fit the contract. */
export const layerFaults: Layer.Layer<ProblemDetails> = Layer.succeed(ProblemDetails, (call, { endpoint }) => {
  const answered = Effect.catchIf(call, isFault, ({ cause, kind }) =>
    kind === "Body" || kind === "ResponseHeaders"
      ? // An answer that does not fit its schema is a defect.
        Effect.die(cause)
      : faults(endpoint)
  )
  if (ofMonitors.includes(endpoint.path)) return answered
  // A call with an unknown parameter fails: without a misspelt `username` a scan is of all users, and a list of all rows.
  const takes = takenBy(endpoint)
  return Effect.withFiber((fiber) => {
    const query = Context.getUnsafe(fiber.context, HttpServerRequest.ParsedSearchParams)
    return Object.keys(query).every(takes) ? answered : faults(endpoint)
  })
})

const isFault = (error: Types.unhandled): error is Types.unhandled & HttpApiError.HttpApiSchemaError =>
  HttpApiError.HttpApiSchemaError.is(error)

/** Fails with every fault of the request. */
const faults = Effect.fnUntraced(function* (endpoint: HttpApiEndpoint.Top) {
  const { params } = yield* HttpRouter.RouteContext
  const query = yield* HttpServerRequest.ParsedSearchParams
  const errors = [
    ...(yield* issues("params", endpoint.params, params)),
    ...repeated(query),
    ...(yield* issues("query", queryCodec(endpoint), firstOf(query))),
    ...unknownParameters(endpoint, query)
  ]
  return yield* new HttpApiError.BadRequestProblem({
    detail: errors.map(({ path: [, ...names], message }) => [...names.filter(Boolean), message].join(": ")).join("; "),
    errors
  })
})

/** No parameter is a list, and its schema would name types. */
const repeated = (query: Query) =>
  Object.entries(query)
    .filter(([, value]) => Array.isArray(value))
    .map(([name]) => ({ path: ["query", name], message: "is given more than once. Give it once" }))

/** The first value of each. */
const firstOf = (query: Query) =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, typeof value === "string" ? value : value[0]]))

type Query = (typeof HttpServerRequest.ParsedSearchParams)["Service"]

/** Calls of monitors, which may add parameters of their own. Neither has any, so that no misspelt one changes the answer. */
const ofMonitors: ReadonlyArray<string> = ["/health", "/metrics"]

/** What scripts add to a read against caches (https://api.jquery.com/jQuery.ajax, `cache`). */
const againstCaches = "_"

/** The unknown parameters of a call. */
const unknownParameters = (endpoint: HttpApiEndpoint.Top, given: object) => {
  if (ofMonitors.includes(endpoint.path)) return []
  const takes = takenBy(endpoint)
  const known = knownParameters(endpoint)
  const knows = known.map((name) => `\`${name}\``).join(", ")
  return Object.keys(given)
    .filter((name) => !takes(name))
    .map((name) => {
      if (name === "") return { path: ["query", name], message: "a parameter has no name. Write `name=value`" }
      const near = nearest(name, known)
      const hint = near === undefined ? "" : ` Did you mean \`${near}\`?`
      const all = known.length === 0 ? "This call has no parameters in its query" : `This call knows: ${knows}`
      return { path: ["query", name], message: `unknown parameter.${hint} ${all}` }
    })
}

const knownParameters = ({ query }: HttpApiEndpoint.Top): ReadonlyArray<string> =>
  query === undefined ? [] : namesOf(Schema.toEncoded(query).ast)

/** Whether a call takes a parameter of this name. */
const takenBy = (endpoint: HttpApiEndpoint.Top) => {
  const known = knownParameters(endpoint)
  return (name: string): boolean => known.includes(name) || (endpoint.method === "GET" && name === againstCaches)
}

const namesOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []

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
