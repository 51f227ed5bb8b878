/** The message when a server does not do what was asked: unreachable, another key, another version, or not a Gitpip. */
import { codeOf, UserNotTracked, type Username } from "@gitpip/core"
import { Api } from "@gitpip/http"
import { Cause, Effect, Option, Predicate, Redacted, Schema } from "effect"
import { HttpClientError } from "effect/http"
import { OpenApi } from "effect/http-api"
import { ServerError } from "../Backend.ts"
import type { Server } from "./connection.ts"

type Handlers<E extends { readonly _tag: string }> = {
  readonly [K in E["_tag"]]?: (problem: Extract<E, { readonly _tag: K }>) => unknown
}

type Handled<H> = { readonly [K in keyof H]: H[K] extends (problem: never) => infer E ? E : never }[keyof H]

/** Turns the problems that a call foresees into errors of the services, and everything else into a `ServerError`. */
export const explain =
  (server: Server) =>
  <A, E extends { readonly _tag: string }, const H extends Handlers<E>>(
    call: Effect.Effect<A, E>,
    handlers: H
  ): Effect.Effect<A, Handled<H> | ServerError> =>
    Effect.catchCause(call, (cause): Effect.Effect<never, Handled<H> | ServerError> => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      // A response that does not fit the contract is a defect to the client.
      const error = Cause.squash(cause)
      const tag = tagOf(error)
      const handler = tag === undefined ? undefined : (handlers as Record<string, (problem: unknown) => unknown>)[tag]
      if (handler !== undefined) return Effect.fail(handler(error) as Handled<H>)
      return Effect.flatMap(describe(server, error), (message) => Effect.fail(new ServerError({ message })))
    })

/** The handler of calls about one user. */
export const notTracked = (username: Username) => ({
  UserNotTrackedProblem: () => new UserNotTracked({ username })
})

/** The server's own words about a problem. */
export const reasonOf = ({
  detail,
  title
}: {
  readonly detail?: string | undefined
  readonly title?: string | undefined
}): string => detail ?? title ?? "The server gives no reason"

const describe = (server: Server, error: unknown): Effect.Effect<string> => {
  const message = ofProblem(server, error) ?? ofExchange(server, error)
  return message === undefined ? ofVersion(server, error) : Effect.succeed(message)
}

/** For a problem that any call may answer. */
const ofProblem = ({ key, url }: Server, error: unknown): string | undefined => {
  switch (tagOf(error)) {
    case "UnauthorizedProblem":
      return Option.isSome(key)
        ? `The server at ${url} rejected the API key. Set GITPIP_API_KEY to the key that the server was started with`
        : `The server at ${url} requires an API key. Set GITPIP_API_KEY to the key that the server was started with`
    case "TooManyRequestsProblem":
      return `The server at ${url} limits how many requests it takes: ${detailOf(error)}`
    case "UnavailableProblem":
      return unavailable(url, detailOf(error))
    case "InternalServerErrorProblem":
      return `Internal error in the server at ${url}. The server's log has the details`
    default:
      return undefined
  }
}

/** A server that migrates its database says how far it is. */
const unavailable = (url: string, detail: string): string => {
  const [, step] = /^The server is starting\. (.+)$/.exec(detail) ?? []
  if (step !== undefined)
    return `The server at ${url} is starting. ${step}. Wait until it has started, and run the command again`
  return `The server at ${url} cannot use its database. ${detail === "" ? "Try again in a moment; the server's log has the reason" : detail}`
}

/** The code of a request that nobody answers. https://github.com/nodejs/undici/blob/main/docs/docs/api/Errors.md */
export const noAnswer = "UND_ERR_HEADERS_TIMEOUT"

const unreachable = ({ origin, url }: Server, code: string | undefined): string => {
  const reason = code === undefined ? "" : ` (${code})`
  return origin === "recorded"
    ? `The server that has the embedded database open cannot be reached at ${url}${reason}. If it has just ended, run the command again; else restart it`
    : `The server at ${url} cannot be reached${reason}. Start it with \`gitpip serve\`, set GITPIP_URL to its address, or unset GITPIP_URL to use the database directly`
}

/** For an answer that did not come whole, or not from a Gitpip. */
const ofExchange = (server: Server, error: unknown): string | undefined => {
  const { url } = server
  if (!HttpClientError.isHttpClientError(error)) return undefined
  const code = codeOf(error)
  if (code === noAnswer) {
    return `The server at ${url} took the request and did not answer it. Check the server and its log, restart it if it hangs, and run the command again`
  }
  if (isTransportError(error.reason)) return unreachable(server, code)
  if (code !== undefined) {
    return `The connection to the server at ${url} broke in the middle of a response (${code}). Check that the server is running, and run the command again`
  }
  const status = error.response?.status ?? 0
  if (status === 502 || status === 503 || status === 504) {
    return `${url} answered ${status}: probably a proxy, and the server behind it is not running. Check that server`
  }
  if (status >= 300 && status < 400) {
    return `${url} redirects to another address (${status}), and the key is not sent there. Set GITPIP_URL to the server's own address; perhaps it begins with https://`
  }
  return undefined
}

/** For an answer that this version does not understand. */
const ofVersion = (server: Server, error: unknown): Effect.Effect<string> =>
  Effect.map(versionOf(server), (version) => {
    if (version === undefined)
      return `${server.url} is not a Gitpip server, or not one of this version. Check GITPIP_URL`
    if (version !== ours)
      return `The server at ${server.url} is Gitpip ${version}, and this is ${ours}. Use the same version on both sides`
    const detail = detailOf(error)
    return `This version of Gitpip does not understand the server at ${server.url}${detail === "" ? "" : `: ${detail}`}. Use the same build on both sides`
  })

const ours = OpenApi.fromApi(Api).info.version

/** The version that the server's contract names; undefined when it names none. */
const versionOf = ({ key, url }: Server): Effect.Effect<string | undefined> =>
  Effect.tryPromise(async (signal) => {
    // The contract needs the key as well, and the failed call has already sent the key to this address.
    const headers: Record<string, string> = Option.match(key, {
      onNone: () => ({}),
      onSome: (key) => ({ authorization: `Bearer ${Redacted.value(key)}` })
    })
    const response = await fetch(`${url}/openapi.json`, { redirect: "manual", headers, signal })
    return Option.getOrUndefined(decode(await response.json()))?.info.version
  }).pipe(
    Effect.timeout("3 seconds"),
    Effect.orElseSucceed(() => undefined)
  )

const decode = Schema.decodeUnknownOption(
  Schema.Struct({ info: Schema.Struct({ title: Schema.Literal("Gitpip"), version: Schema.String }) })
)

const isTransportError = Predicate.isTagged("TransportError")

const tagOf = (error: unknown): string | undefined => textOf(error, "_tag")
const detailOf = (error: unknown): string => textOf(error, "detail") ?? ""

const textOf = (error: unknown, property: string): string | undefined =>
  Predicate.hasProperty(error, property) && typeof error[property] === "string" ? error[property] : undefined
