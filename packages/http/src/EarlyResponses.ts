/** Answers before any handler: a problem (RFC 9457) that says what is wrong with the request. */
import { FindMyWay, HttpServerError, type HttpServerRequest, HttpServerResponse, ProblemDetails } from "effect/http"
import { Api } from "./Api.ts"
import { pageRoutes } from "./page/addresses.ts"
import { type RefusalStatus, refusalTitles } from "./refusalTitles.ts"
import { routerConfig } from "./routing.ts"

const problem = ({
  headers = {},
  ...members
}: {
  readonly status: number
  readonly title: string
  readonly type: string
  readonly detail: string
  readonly reasons?: ReadonlyArray<string>
  readonly headers?: Record<string, string>
}): HttpServerResponse.HttpServerResponse => HttpServerResponse.setHeaders(ProblemDetails.toResponse(members), headers)

/** A problem without a type of its own. */
const blank = (status: RefusalStatus, detail: string, headers: Record<string, string> = {}) =>
  problem({ status, title: refusalTitles[status], type: ProblemDetails.blankType, detail, headers })

/** 401, for a call without the right key. */
export const unauthorized = problem({
  status: 401,
  title: "The API key is missing or wrong",
  type: "urn:gitpip:problem:unauthorized",
  detail: "Send the server's GITPIP_API_KEY as `Authorization: Bearer KEY`",
  headers: { "www-authenticate": 'Bearer realm="gitpip"' }
})

/** 429 with `retry-after`. `millis` is rounded up to whole seconds, at least one. */
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

/** 400, for a request that servers on its way may read differently. */
export const ambiguous = (detail: string): HttpServerResponse.HttpServerResponse => blank(400, detail)

/** Ends the connection, since the request's end is not certain. */
export const misframed = (detail: string): HttpServerResponse.HttpServerResponse =>
  blank(400, detail, { connection: "close" })

/** 403, for a call that a page of another site made. */
export const crossSite = blank(403, "Pages of other sites may not make this call")

/** 421, for a `Host` that is not this machine while the server has no key. */
export const misdirected = blank(
  421,
  "Without GITPIP_API_KEY this server answers to `localhost`, `127.0.0.1` and `[::1]` alone. A proxy in front of it can send one of these as `Host`"
)

export const longUrl = blank(414, "No address of this server is as long as this")

/** 413, and the connection ends, so that the body is not read. */
export const tooLarge = blank(413, "No call takes a body. Send the request without one", { connection: "close" })

export const gone = blank(404, "The page has changed. Load it again")

const unreadable = blank(400, "The body cannot be read")

/** 500, for what no handler has foreseen. */
export const broken = blank(500, "Internal error in the server. The server's log has the details")

/** In seconds. Most migrations are done by then. */
const startingRetry = "5"

/**
 * The answers while the database is opened and migrated, before there are handlers. `/health` answers as it does later, so
 * that no supervisor ends a migration.
 */
export const whileStarting = (path: string, step: string): HttpServerResponse.HttpServerResponse => {
  if (path === "/health") return HttpServerResponse.text("Alive")
  const detail = `The server is starting. ${step}`
  return path === "/ready"
    ? problem({
        status: 503,
        title: "Not ready",
        type: "urn:gitpip:problem:not-ready",
        detail,
        reasons: [detail],
        headers: { "retry-after": startingRetry }
      })
    : problem({
        status: 503,
        title: "The database cannot be used at the moment",
        type: "urn:gitpip:problem:unavailable",
        detail,
        headers: { "retry-after": startingRetry }
      })
}

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
  const router = FindMyWay.make<string>(routerConfig)
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
  if (allow === undefined) return blank(404, "This address does not exist. GET /docs lists all addresses")
  if (request.method === "OPTIONS") return HttpServerResponse.empty({ status: 204, headers: { allow } })
  return blank(405, `This address takes ${allow}`, { allow })
}
