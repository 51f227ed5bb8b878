/** The typed client of one server: its key, its redirects, its rate limit. */
import { Api } from "@gitpip/http"
import { Effect, Layer, Option, type Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { explain } from "./serverErrors.ts"

export interface Server {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: Option.Option<Redacted.Redacted>
}

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

/** Waits as long as a 429 asks for, and sends the request again: a list of thousands of users exceeds the limit. */
const throttled = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  HttpClient.transform(client, (request) => {
    const attempt = (triesLeft: number): typeof request =>
      Effect.flatMap(request, (response) => {
        const seconds = Number(response.headers["retry-after"])
        return response.status === 429 && triesLeft > 1 && seconds >= 0 && seconds <= maxWait
          ? Effect.andThen(Effect.sleep(`${seconds} seconds`), attempt(triesLeft - 1))
          : Effect.succeed(response)
      })
    return attempt(maxTries)
  })
