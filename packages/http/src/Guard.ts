/**
 * The middleware of all requests: limits of each client, the API key, the origin that browsers report, size limits,
 * problems in place of bare failures, security headers, and the access log.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { Settings, Telemetry } from "@gitpip/core"
import {
  ByteSize,
  Cause,
  Clock,
  Context,
  Effect,
  LogLevel,
  Option,
  Predicate,
  Redacted,
  References,
  type Types
} from "effect"
import { HttpIncomingMessage, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { isOwnHost } from "./Address.ts"
import { clientBehind } from "./Client.ts"
import * as EarlyResponses from "./EarlyResponses.ts"
import { framingFault } from "./Framing.ts"
import { forAsset, forPage, forProgram } from "./headers.ts"
import { isOfPage } from "./page/addresses.ts"
import * as RateLimit from "./RateLimit.ts"
import { openPaths } from "./routing.ts"
import { makeSessions, sessionCookie } from "./Session.ts"
import { targetFault } from "./Target.ts"

/** No call takes a body; the bodies that some clients send anyway are smaller. */
const bodyLimit = ByteSize.kibibytes(64)
const bodyLimitBytes = ByteSize.toNumberUnsafe(bodyLimit)

/** In characters: far above every valid address, and below Node's limit for all headers together. */
const urlLimit = 8_192

const wrongKeysPerMinute = 10

/**
 * Whether the server listens on loopback alone and has no key. Hazard: a site whose name leads to 127.0.0.1 for a moment
 * could read from such a server (DNS rebinding), so it answers only to names that always mean this machine.
 */
export const OnLoopbackAlone = Context.Reference<boolean>("gitpip/http/OnLoopbackAlone", { defaultValue: () => false })

/** A server, or the rest of one behind a middleware. */
export type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  Types.unhandled,
  HttpServerRequest.HttpServerRequest
>

/** The middleware, for one route or for a whole server. */
export const guard = Effect.gen(function* () {
  const refuse = makeRefuse(yield* Settings, yield* OnLoopbackAlone)

  return (app: App): App =>
    Effect.withFiber((fiber) => {
      const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
      const path = pathOf(request.url)
      const clock = fiber.getRef(Clock.Clock)
      const startedAt = clock.currentTimeMillisUnsafe()
      const refusal = refuse(request, path, startedAt)
      const finish = (response: HttpServerResponse.HttpServerResponse) => {
        // Calls of supervisors are not counted: a 503 of /ready would count as a failure of the server.
        if (!openPaths.has(path)) {
          const seconds = (clock.currentTimeMillisUnsafe() - startedAt) / 1_000
          Telemetry.answered(String(response.status)).updateUnsafe(seconds, fiber.context)
        }
        return withSecurityHeaders(response)
      }
      const finished =
        refusal !== undefined
          ? Effect.map(refusal, finish)
          : Effect.matchCauseEffect(hasUncountedBody(request) ? Effect.andThen(countBody(request), app) : app, {
              onSuccess: (response) => Effect.succeed(finish(response)),
              onFailure: (cause) => Effect.map(fromCause(cause, request, path), finish)
            })
      return LogLevel.isLessThanOrEqualTo(fiber.getRef(References.MinimumLogLevel), "Debug")
        ? Effect.tap(finished, ({ status }) =>
            Telemetry.log("Debug", "http.answered", { method: request.method, path, status })
          )
        : finished
    })
})

/** As `HttpServerResponse.setHeaders`, which copies all headers four times. All names are in lower case already. */
const withSecurityHeaders = (
  response: HttpServerResponse.HttpServerResponse
): HttpServerResponse.HttpServerResponse => {
  const headers = { ...response.headers, ...securityHeaders(response.headers) }
  return Object.assign(Object.create(Object.getPrototypeOf(response)), response, { headers })
}

/** The security headers of an answer. A page has its own policy, and a part of the page its own cache control. */
const securityHeaders = (headers: HttpServerResponse.HttpServerResponse["headers"]) =>
  headers["content-security-policy"] !== undefined
    ? forPage
    : headers["cache-control"] === undefined
      ? forProgram
      : forAsset

/** The path of a request's target. */
export const pathOf = (url: string): string => {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

/** The target as it came. Effect resolves a target with an origin, so `url` does not show its dots. */
const targetOf = ({ source, url }: HttpServerRequest.HttpServerRequest): string =>
  Predicate.hasProperty(source, "url") && typeof source.url === "string" ? source.url : url

/** The answer in place of the call's own; undefined when the call is allowed. */
type Refuse = (
  request: HttpServerRequest.HttpServerRequest,
  path: string,
  now: number
) => Effect.Effect<HttpServerResponse.HttpServerResponse> | undefined

const makeRefuse = (settings: Settings["Service"], onLoopbackAlone: boolean): Refuse => {
  const refuseClient = makeRefuseClient(settings)
  return (request, path, now) => {
    const { headers, method } = request
    const misframed = framingFault(request.source)
    if (misframed !== undefined) return Effect.succeed(EarlyResponses.misframed(misframed))
    if (!openPaths.has(path)) {
      if (onLoopbackAlone && headers.host !== undefined && !isOwnHost(headers.host)) return misdirected
      const refused = refuseClient(request, path, now)
      if (refused !== undefined) return refused
    }
    if (isFromElsewhere(headers) && !isFollowedLink(method, headers)) return crossSite
    if (request.url.length > urlLimit) return longUrl
    const ambiguous = targetFault(method, targetOf(request))
    if (ambiguous !== undefined) return Effect.succeed(EarlyResponses.ambiguous(ambiguous))
    if (Number(headers["content-length"] ?? 0) > bodyLimitBytes) return tooLarge
    return undefined
  }
}

const misdirected = Effect.succeed(EarlyResponses.misdirected)
const crossSite = Effect.succeed(EarlyResponses.crossSite)
const longUrl = Effect.succeed(EarlyResponses.longUrl)
const tooLarge = Effect.succeed(EarlyResponses.tooLarge)
const unauthorized = Effect.succeed(EarlyResponses.unauthorized)

/** The limits and the key. Not for the open paths: a supervisor always gets its answer. */
const makeRefuseClient = ({ apiKey, rateLimit, trustedProxies }: Settings["Service"]): Refuse => {
  const checkKey = makeCheckKey(apiKey)
  const sessions = makeSessions(apiKey)
  const client = clientBehind(trustedProxies)
  const requests = RateLimit.make({ perMinute: rateLimit })
  const wrongKeys = RateLimit.make({ perMinute: Number.isFinite(rateLimit) ? wrongKeysPerMinute : rateLimit })

  return (request, path, now) => {
    const { headers, method, remoteAddress } = request
    // A Web handler has no address: the program that mounts the handler must limit its callers.
    const who = Option.isSome(remoteAddress) ? client(remoteAddress.value, headers["x-forwarded-for"]) : undefined
    if (who !== undefined) {
      const blocked = wrongKeys.wait(who, now)
      // Not even compared, since any difference between a right and a wrong key helps a guesser.
      if (blocked > 0)
        return Effect.succeed(EarlyResponses.tooMany("Too many wrong keys came from this address", blocked))
      const wait = requests.take(who, now)
      if (wait > 0)
        return Effect.succeed(EarlyResponses.tooMany(`A client may make ${rateLimit} requests a minute`, wait))
    }
    // The page has no data, and asks for the key itself.
    if (isOfPage(path)) return undefined
    const session = headers.authorization === undefined ? request.cookies[sessionCookie] : undefined
    if (session !== undefined && sessions.isValid(session, now)) {
      return isFromOwnPage(method, headers) ? undefined : crossSite
    }
    const key = checkKey(headers.authorization)
    if (key === "right") return undefined
    // A request without a key is not a guess.
    if (key === "missing" || who === undefined) return unauthorized
    wrongKeys.take(who, now)
    return wrongKeys.wait(who, now) > 0
      ? Effect.as(Telemetry.log("Warn", "http.client_blocked", { client: who }), EarlyResponses.unauthorized)
      : unauthorized
  }
}

/**
 * Whether a page of another origin sends the request: such a page can send simple POSTs to a server on loopback. Only
 * browsers send these headers. `same-site` is another port of this machine; Safari omits `sec-fetch-site` without TLS.
 */
const isFromElsewhere = (headers: HttpServerRequest.HttpServerRequest["headers"]): boolean => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return site !== "same-origin" && site !== "none"
  const { host, origin } = headers
  return origin !== undefined && host !== undefined && origin.replace(/^https?:\/\//, "") !== host
}

/**
 * Whether a person follows a link of another site. Other requests of such a page could hold connections with streams, and
 * use up GitHub's limit with previews. Programs send no destination.
 */
const isFollowedLink = (method: string, headers: HttpServerRequest.HttpServerRequest["headers"]): boolean =>
  (method === "GET" || method === "HEAD") && (headers["sec-fetch-dest"] ?? "document") === "document"

/**
 * Whether a request with a session comes from the page itself. Browsers add cookies by themselves, so a request that
 * changes something must also say where it comes from.
 */
const isFromOwnPage = (method: string, headers: HttpServerRequest.HttpServerRequest["headers"]): boolean => {
  if (isFromElsewhere(headers)) return false
  return (
    method === "GET" || method === "HEAD" || headers["sec-fetch-site"] !== undefined || headers.origin !== undefined
  )
}

/** Compares hashes, which have one length, so that the time shows neither the key's length nor its beginning. */
const makeCheckKey = (
  apiKey: Option.Option<Redacted.Redacted>
): ((authorization: string | undefined) => "right" | "wrong" | "missing") => {
  if (Option.isNone(apiKey)) return () => "right"
  const wanted = sha256(Redacted.value(apiKey.value))
  return (authorization) => {
    if (authorization === undefined) return "missing"
    const [, given] = /^bearer +(\S+) *$/i.exec(authorization) ?? []
    return given !== undefined && timingSafeEqual(sha256(given), wanted) ? "right" : "wrong"
  }
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest()

const hasUncountedBody = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["transfer-encoding"] !== undefined && headers["content-length"] === undefined

const countBody = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.provideService(request.arrayBuffer, HttpIncomingMessage.MaxBodySize, bodyLimit)

/** The answer to a failure, without internal details. Defects go to the log. */
const fromCause = (cause: Cause.Cause<unknown>, request: HttpServerRequest.HttpServerRequest, path: string): App => {
  // The caller has left, or the server stops.
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  const answer = EarlyResponses.ofServer(Cause.squash(cause), request, path)
  if (answer !== undefined) return Effect.succeed(answer)
  return Effect.as(Telemetry.log("Error", "http.broke", { method: request.method, path, cause }), EarlyResponses.broken)
}
