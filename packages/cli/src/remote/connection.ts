/** The typed client of one server: its key, its redirects, its rate limit. */
import { Api } from "@gitpip/http"
import { Duration, Effect, Layer, Option, type Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { explain, noAnswer } from "./serverErrors.ts"

export interface Server {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: Option.Option<Redacted.Redacted>
  /** `recorded`: the server that has the embedded database open has noted it. `set`, the default: `GITPIP_URL` names it. */
  readonly origin?: "set" | "recorded"
}

/** Until an answer begins. Scans, which take longer, are polled. */
const maxSilence = Duration.minutes(2)

/** A request that the server answers with 429 is sent this often at most. */
const maxTries = 5

/** In seconds. A server that asks for a longer wait is an error, which says so. */
const maxWait = 120

/** Hazard: with redirects followed, the key would go wherever the server points to. */
export const transport = Layer.fresh(FetchHttpClient.layer).pipe(
  Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/** A client of the server, and what turns its problems into errors of the services. */
export const connect = (server: Server) =>
  Effect.map(HttpApiClient.make(Api, { baseUrl: server.url, transformClient: prepared(server) }), (client) => ({
    client,
    orServerError: explain(server),
    url: server.url
  }))

export type Connection = Effect.Success<ReturnType<typeof connect>>

const prepared =
  ({ key }: Server) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    throttled(
      Option.match(key, {
        onNone: () => client,
        onSome: (key) => HttpClient.mapRequest(client, HttpClientRequest.bearerToken(key))
      })
    )

/** With the code that `fetch` gives when it gets no answer. */
const unanswered = (request: HttpClientRequest.HttpClientRequest) =>
  new HttpClientError.TransportError({ request, cause: Object.assign(new Error(), { code: noAnswer }) })

/** Waits as long as a 429 asks for, and sends the request again: a list of thousands of users exceeds the limit. */
const throttled = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (sent, request) => {
    const answered = Effect.timeoutOrElse(sent, {
      duration: maxSilence,
      orElse: () => Effect.fail(new HttpClientError.HttpClientError({ reason: unanswered(request) }))
    })
    const attempt = (triesLeft: number): typeof sent =>
      Effect.flatMap(answered, (response) => {
        const seconds = Number(response.headers["retry-after"])
        return response.status === 429 && triesLeft > 1 && seconds >= 0 && seconds <= maxWait
          ? Effect.andThen(Effect.sleep(`${seconds} seconds`), attempt(triesLeft - 1))
          : Effect.succeed(response)
      })
    return attempt(maxTries)
  })
