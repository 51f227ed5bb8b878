/** What to say when a server does not do what was asked: not there, another key, another version, or no Gitpip at all. */
import { Api } from "@gitpip/http"
import { Cause, Effect, Option, Redacted, Schema } from "effect"
import { HttpClientError } from "effect/http"
import { OpenApi } from "effect/http-api"
import { ServerError } from "./Backend.ts"

interface Server {
  readonly url: string
  readonly key: Option.Option<Redacted.Redacted>
}

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
      // The client takes an answer of another form than the contract's for a defect.
      const error = Cause.squash(cause)
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      const tag = tagOf(error)
      const handler = tag === undefined ? undefined : (handlers as Record<string, (problem: unknown) => unknown>)[tag]
      if (handler !== undefined) return Effect.fail(handler(error) as Handled<H>)
      return Effect.flatMap(describe(server, error), (message) => Effect.fail(new ServerError({ message })))
    })

const describe = (server: Server, error: unknown): Effect.Effect<string> => {
  const { key, url } = server
  const detail =
    typeof error === "object" && error !== null && "detail" in error && typeof error.detail === "string"
      ? error.detail
      : ""
  switch (tagOf(error)) {
    case "UnauthorizedProblem":
      return Effect.succeed(
        Option.isSome(key)
          ? `The server at ${url} refuses the API key. Set GITPIP_API_KEY to the one that the server was started with`
          : `The server at ${url} asks for an API key. Set GITPIP_API_KEY to the one that the server was started with`
      )
    case "TooManyRequestsProblem":
      return Effect.succeed(`The server at ${url} takes no more requests for now: ${detail}`)
    case "UnavailableProblem":
      return Effect.succeed(
        `The server at ${url} cannot use its database at the moment. Try again in a moment; the server's log says why`
      )
    case "InternalServerErrorProblem":
      return Effect.succeed(`The server at ${url} came upon a fault of its own. Its log says more`)
  }
  if (HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError") {
    const code = codeOf(error)
    return Effect.succeed(
      `The server at ${url} cannot be reached${code === undefined ? "" : ` (${code})`}. Start it with \`gitpip serve\`, set GITPIP_URL to where it is, or unset GITPIP_URL to work on the database itself`
    )
  }
  const broken = codeOf(error)
  if (HttpClientError.isHttpClientError(error) && broken !== undefined) {
    return Effect.succeed(
      `The server at ${url} broke off in the middle of its answer (${broken}). Look whether it still runs, and run the command again`
    )
  }
  const status = HttpClientError.isHttpClientError(error) ? error.response?.status : undefined
  if (status === 502 || status === 503 || status === 504) {
    return Effect.succeed(
      `What answers at ${url} says ${status}: it is a proxy, perhaps, and the server behind it does not answer. Look whether that runs`
    )
  }
  if (status !== undefined && status >= 300 && status < 400) {
    return Effect.succeed(
      `What answers at ${url} points to another address (${status}), where the key is not sent. Set GITPIP_URL to that address if it is the server's: https:// perhaps, for http://`
    )
  }
  return Effect.map(versionOf(server), (version) =>
    version === undefined
      ? `What answers at ${url} is no Gitpip that this one understands. Check GITPIP_URL`
      : version === ours
        ? `The server at ${url} answers in a way that this version of Gitpip does not understand${detail === "" ? "" : `: ${detail}`}. Use the same build on both sides`
        : `The server at ${url} is Gitpip ${version}, and this is ${ours}. Use the same version on both sides`
  )
}

const ours = OpenApi.fromApi(Api).info.version

/** The version that the server's contract names; undefined when it names none. */
const versionOf = ({ key, url }: Server): Effect.Effect<string | undefined> =>
  Effect.tryPromise(async (signal) => {
    // A server with a key shows nothing without it. Whoever is asked here has been shown it already.
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

/** As Node hides it: `ECONNREFUSED` is the code of a cause of a cause. */
const codeOf = (error: unknown): string | undefined => {
  for (let current = error, depth = 0; typeof current === "object" && current !== null && depth < 8; depth++) {
    if ("code" in current && typeof current.code === "string") return current.code
    current = "cause" in current ? current.cause : "reason" in current ? current.reason : undefined
  }
  return undefined
}

const tagOf = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string"
    ? error._tag
    : undefined
