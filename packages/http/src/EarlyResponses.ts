/** Answers before any handler: a problem (RFC 9457) that says what is wrong with the request. */
import { FindMyWay, HttpServerError, type HttpServerRequest, HttpServerResponse, ProblemDetails } from "effect/http"
import { Api } from "./Api.ts"
import { pageRoutes } from "./page/addresses.ts"

const problem = ({
  headers = {},
  ...members
}: {
  readonly status: number
  readonly title: string
  readonly type?: string
  readonly detail: string
  readonly headers?: Record<string, string>
}): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(ProblemDetails.toResponse({ type: ProblemDetails.blankType, ...members }), headers)

export const unauthorized = problem({
  status: 401,
  title: "The API key is missing or wrong",
  type: "urn:gitpip:problem:unauthorized",
  detail: "Send the server's GITPIP_API_KEY as `Authorization: Bearer KEY`",
  headers: { "www-authenticate": 'Bearer realm="gitpip"' }
})

export const tooMany = (what: string, millis: number): HttpServerResponse.HttpServerResponse => {
  const seconds = Math.max(1, Math.ceil(millis / 1_000))
  return problem({
    status: 429,
    title: "Too many requests",
    type: "urn:gitpip:problem:too-many-requests",
    detail: `${what}. Try again in ${seconds} s`,
    headers: { "retry-after": String(seconds) }
  })
}

export const crossSite = problem({
  status: 403,
  title: "Forbidden",
  detail: "Pages of other sites may not make this call"
})

export const misdirected = problem({
  status: 421,
  title: "Misdirected Request",
  detail:
    "Without GITPIP_API_KEY this server answers to `localhost`, `127.0.0.1` and `[::1]` alone. A proxy in front of it can send one of these as `Host`"
})

export const longUrl = problem({
  status: 414,
  title: "URI Too Long",
  detail: "No address of this server is as long as this"
})

export const tooLarge = problem({
  status: 413,
  title: "Content Too Large",
  detail: "No call takes a body. Send the request without one",
  headers: { connection: "close" }
})

export const gone = problem({ status: 404, title: "Not Found", detail: "The page has changed. Load it again" })

const unreadable = problem({ status: 400, title: "Bad Request", detail: "The body cannot be read" })

export const broken = problem({
  status: 500,
  title: "Internal Server Error",
  detail: "Internal error in the server. The server's log has the details"
})

/** The answer to an error before any handler; undefined for an internal error. */
export const ofServer = (
  error: unknown,
  request: HttpServerRequest.HttpServerRequest,
  path: string
): HttpServerResponse.HttpServerResponse | undefined => {
  if (!HttpServerError.isHttpServerError(error)) return undefined
  switch (error.reason._tag) {
    case "RouteNotFound":
      return notFound(request, path)
    case "RequestParseError":
      return error.reason.reason === "BodyTooLarge" ? tooLarge : unreadable
    default:
      return undefined
  }
}

/** The path's methods, for `405` and `OPTIONS`. */
const methods = (() => {
  const byPath = new Map<string, Array<string>>([
    ["/docs", ["GET"]],
    ["/openapi.json", ["GET"]],
    ...pageRoutes.map((path): [string, Array<string>] => [path, ["GET"]])
  ])
  for (const group of Object.values(Api.groups)) {
    for (const { method, path } of Object.values(group.endpoints)) {
      byPath.set(path, [...(byPath.get(path) ?? []), method])
    }
  }
  const router = FindMyWay.make<string>()
  for (const [path, found] of byPath) {
    const all = new Set([...found, ...(found.includes("GET") ? ["HEAD"] : []), "OPTIONS"])
    router.on("GET", path as `/${string}`, [...all].sort().join(", "))
  }
  return (path: string): string | undefined => router.find("GET", path)?.handler
})()

const notFound = (
  request: HttpServerRequest.HttpServerRequest,
  path: string
): HttpServerResponse.HttpServerResponse => {
  const allow = methods(path)
  if (allow === undefined)
    return problem({
      status: 404,
      title: "Not Found",
      detail: "This address does not exist. GET /docs lists all addresses"
    })
  if (request.method === "OPTIONS") return HttpServerResponse.empty({ status: 204, headers: { allow } })
  return problem({
    status: 405,
    title: "Method Not Allowed",
    detail: `This address takes ${allow}`,
    headers: { allow }
  })
}
