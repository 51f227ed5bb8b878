/**
 * What the builder of the OpenAPI document cannot know: the key, and the answers that the server gives before any routing.
 *
 * The answers of every call stand once, below `components.responses`.
 */
import { Record } from "effect"
import { type RefusalStatus, refusalTitles } from "./refusalTitles.ts"
import { openPaths } from "./routing.ts"

interface JsonSchema {
  readonly $ref?: string
  readonly anyOf?: ReadonlyArray<JsonSchema>
}

interface Response {
  readonly description: string
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

interface Operation {
  readonly responses: Readonly<Record<string, Response>>
}

interface Document {
  readonly components: object
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface CommonAnswer {
  readonly name: string
  readonly description: string
  /** A schema of the contract. Without one, the problem has no type of its own. */
  readonly schema?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the open paths never answer so. */
  readonly notOpen?: true
}

const retryAfter = { "retry-after": "In seconds: when to send the request again" }

/** Each is sent by `Guard.ts`, `EarlyResponses.ts`, `Connections.ts` or `ErrorProblems.ts`. */
const commonAnswers: Readonly<Record<string, CommonAnswer>> = {
  400: {
    name: "BadRequest",
    description: "A parameter, the address or the request's form is not valid",
    schema: "BadRequestProblemEncoded"
  },
  401: {
    name: "Unauthorized",
    description: "The server has a key, and the request has another one or none",
    schema: "UnauthorizedProblemEncoded",
    headers: { "www-authenticate": "`Bearer`" },
    notOpen: true
  },
  403: { name: "Forbidden", description: "A page of another site sends the request" },
  405: {
    name: "MethodNotAllowed",
    description: "The address does not take the method",
    headers: { allow: "The methods that the address takes" }
  },
  408: { name: "RequestTimeout", description: "The request did not arrive within 30 seconds, its headers within 10" },
  413: { name: "ContentTooLarge", description: "The body is above 64 KiB. No call takes a body" },
  414: { name: "UriTooLong", description: "The address is above 8,192 characters" },
  417: { name: "ExpectationFailed", description: "`Expect` asks for something other than `100-continue`" },
  421: {
    name: "MisdirectedRequest",
    description: "The server has no key, and `Host` does not name this machine",
    notOpen: true
  },
  429: {
    name: "TooManyRequests",
    description: "The client sent too many requests or wrong keys",
    schema: "TooManyRequestsProblemEncoded",
    headers: retryAfter,
    notOpen: true
  },
  431: { name: "RequestHeaderFieldsTooLarge", description: "The headers are above 16 KiB" },
  500: {
    name: "InternalServerError",
    description: "Internal error in the server. The server's log has the details",
    schema: "InternalServerErrorProblemEncoded"
  },
  503: {
    name: "Unavailable",
    description: "The database cannot be used at the moment",
    schema: "UnavailableProblemEncoded",
    headers: retryAfter,
    notOpen: true
  }
}

const refTo = (section: "responses" | "schemas", name: string) => ({ $ref: `#/components/${section}/${name}` })

const blankProblem = (status: RefusalStatus) => ({
  type: "object",
  properties: {
    type: { type: "string", enum: ["about:blank"] },
    status: { type: "number", enum: [status] },
    title: { type: "string", enum: [refusalTitles[status]] },
    detail: { type: "string" }
  },
  required: ["type", "status", "title", "detail"],
  additionalProperties: false
})

const commonResponses = Record.fromEntries(
  Object.entries(commonAnswers).map(([status, { description, headers = {}, name, schema }]) => [
    name,
    {
      description,
      headers: Record.map(headers, (meaning) => ({
        description: meaning,
        required: true,
        schema: { type: "string" }
      })),
      content: {
        "application/problem+json": {
          schema: schema === undefined ? blankProblem(Number(status) as RefusalStatus) : refTo("schemas", schema)
        }
      }
    }
  ])
)

/** The answers that the middleware declares for every call, but the open paths never give. */
const neverOpen = new Set(
  Object.values(commonAnswers).flatMap(({ notOpen, schema }) =>
    notOpen === true && schema !== undefined ? [refTo("schemas", schema).$ref] : []
  )
)

const ofOpenPath = ({ content = {}, description, ...response }: Response): Response => ({
  ...response,
  // The builder joins the descriptions of all answers of a status, of which the call's own is the first.
  description: description.replace(/ \| .*$/, ""),
  content: Object.fromEntries(
    Object.entries(content).flatMap(([type, { schema }]) => {
      const left = (schema.anyOf ?? [schema]).filter(({ $ref = "" }) => !neverOpen.has($ref))
      if (left.length === 0) return []
      return [[type, { schema: left.length === 1 && left[0] !== undefined ? left[0] : { anyOf: left } }]]
    })
  )
})

/** The answers of a call: its own, and the common ones by reference. */
const answersOf = (path: string, own: Operation["responses"]) => {
  const refs = (answers: typeof commonAnswers) => Record.map(answers, ({ name }) => refTo("responses", name))
  if (!openPaths.has(path)) return { ...own, ...refs(commonAnswers) }
  return {
    ...Record.filter(Record.map(own, ofOpenPath), ({ content = {} }) => Object.keys(content).length > 0),
    ...refs(Record.filter(commonAnswers, ({ notOpen }) => notOpen === undefined))
  }
}

/** The document as the contract's builder made it, completed. */
export const complete = (built: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const key = { type: "http", scheme: "bearer", description: "`GITPIP_API_KEY`, when the server has one" }
  const { components, paths } = built as unknown as Document
  return {
    ...built,
    components: { ...components, responses: commonResponses, securitySchemes: { key } },
    paths: Record.map(paths, (operations, path) =>
      Record.map(operations, (operation) => ({
        ...operation,
        security: openPaths.has(path) ? [] : [{ key: [] }],
        responses: answersOf(path, operation.responses)
      }))
    )
  }
}
