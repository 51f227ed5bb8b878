/**
 * What every request passes and every answer bears: the API key, the size limit, problems in place of bare failures,
 * security headers, and the access log.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { Settings } from "@gitpip/core"
import { ByteSize, Cause, Context, Effect, LogLevel, Option, Redacted, References, type Types } from "effect"
import {
  FindMyWay,
  Headers,
  HttpIncomingMessage,
  HttpServerError,
  HttpServerRequest,
  HttpServerResponse,
  ProblemDetails
} from "effect/http"
import { Api, openPaths } from "./Api.ts"

/** No call takes a body; what clients send along out of habit stays below this. */
const bodyLimit = ByteSize.kibibytes(64)
const bodyLimitBytes = ByteSize.toNumberUnsafe(bodyLimit)

type App<R = never> = Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled, R>

/** The middleware, for one route or for a whole server. */
export const guard = Effect.map(Settings, ({ apiKey }) => {
  const authorized = checkKey(apiKey)

  return (app: App): App<HttpServerRequest.HttpServerRequest> =>
    Effect.withFiber((fiber) => {
      const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
      const path = pathOf(request.url)
      const refusal = refuse(request, path, authorized)
      const answered =
        refusal !== undefined
          ? Effect.succeed(refusal)
          : Effect.catchCause(hasUncountedBody(request) ? Effect.andThen(countBody(request), app) : app, (cause) =>
              fromCause(cause, request, path)
            )
      const finished = Effect.map(answered, (response) => HttpServerResponse.setHeaders(response, securityHeaders))
      return LogLevel.isLessThanOrEqualTo(fiber.getRef(References.MinimumLogLevel), "Debug")
        ? Effect.tap(finished, ({ status }) =>
            Effect.logDebug("http.answered").pipe(Effect.annotateLogs({ method: request.method, path, status }))
          )
        : finished
    })
})

const securityHeaders = Headers.fromInput({
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
})

const pathOf = (url: string): string => {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

const refuse = (
  request: HttpServerRequest.HttpServerRequest,
  path: string,
  authorized: (authorization: string | undefined) => boolean
): HttpServerResponse.HttpServerResponse | undefined => {
  const { headers, method } = request
  if (!openPaths.has(path) && !authorized(headers.authorization)) {
    return problem(
      401,
      "The API key is missing or wrong",
      {
        type: "urn:gitpip:problem:unauthorized",
        detail: "Send the server's GITPIP_API_KEY as `Authorization: Bearer KEY`"
      },
      { "www-authenticate": 'Bearer realm="gitpip"' }
    )
  }
  // A page of another site, open in a browser on this machine, can send simple POSTs to a server on loopback. Browsers
  // say so; nothing else sends this header.
  if (method !== "GET" && method !== "HEAD" && headers["sec-fetch-site"] === "cross-site") {
    return problem(403, "Forbidden", { detail: "Pages of other sites may not make this call" })
  }
  if (Number(headers["content-length"] ?? 0) > bodyLimitBytes) return tooLarge
  return undefined
}

/** Hashes are of one length whatever was sent, so neither the key's length nor its beginning shows in the time taken. */
const checkKey = (apiKey: Option.Option<Redacted.Redacted>): ((authorization: string | undefined) => boolean) => {
  if (Option.isNone(apiKey)) return () => true
  const wanted = sha256(Redacted.value(apiKey.value))
  return (authorization) => {
    const [, given] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? []
    return given !== undefined && timingSafeEqual(sha256(given), wanted)
  }
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest()

const hasUncountedBody = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["transfer-encoding"] !== undefined && headers["content-length"] === undefined

const countBody = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.provideService(request.arrayBuffer, HttpIncomingMessage.MaxBodySize, bodyLimit)

/** The path's methods, for `405` and `OPTIONS`. */
const methods = (() => {
  const byPath = new Map<string, Array<string>>([
    ["/docs", ["GET"]],
    ["/openapi.json", ["GET"]]
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

/** Nothing of a failure reaches the caller but what it means for them. Defects go to the log. */
const fromCause = (cause: Cause.Cause<unknown>, request: HttpServerRequest.HttpServerRequest, path: string): App => {
  // The caller is gone, or the server stops.
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  const error = Cause.squash(cause)
  if (HttpServerError.isHttpServerError(error)) {
    const { reason } = error
    if (reason._tag === "RouteNotFound") return Effect.succeed(notFound(request, path))
    if (reason._tag === "RequestParseError") {
      return Effect.succeed(
        reason.reason === "BodyTooLarge" ? tooLarge : problem(400, "Bad Request", { detail: "The body cannot be read" })
      )
    }
  }
  return Effect.as(
    Effect.annotateLogs(Effect.logError("A request broke the server", cause), { method: request.method, path }),
    problem(500, "Internal Server Error", { detail: "This is a fault of the server. Its log says more" })
  )
}

const notFound = (
  request: HttpServerRequest.HttpServerRequest,
  path: string
): HttpServerResponse.HttpServerResponse => {
  const allow = methods(path)
  if (allow === undefined)
    return problem(404, "Not Found", { detail: "There is no such address. GET /docs lists them" })
  if (request.method === "OPTIONS") return HttpServerResponse.empty({ status: 204, headers: { allow } })
  return problem(405, "Method Not Allowed", { detail: `This address takes ${allow}` }, { allow })
}

const problem = (
  status: number,
  title: string,
  members: { readonly type?: string; readonly detail: string },
  headers: Record<string, string> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(
    ProblemDetails.toResponse({ type: ProblemDetails.blankType, status, title, ...members }),
    headers
  )

const tooLarge = problem(
  413,
  "Content Too Large",
  { detail: "No call takes a body. Send the request without one" },
  { connection: "close" }
)
