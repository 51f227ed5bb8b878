/** The tour's calls of the HTTP API, as any program makes them. */
import { Effect, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { core } from "../Session.ts"

const Users = Schema.Array(core.User)
const Files = Schema.Array(core.GistFile)

export const track = (url: string, username: string, id: number) =>
  call("POST", `${url}/users/${username}/${id}`, core.User)
export const users = (url: string) => call("GET", `${url}/users`, Users)
export const latest = (url: string, username: string) => call("POST", `${url}/latestgists/${username}`, Files)

/** The status of the page's answer, and of each file that the page loads, by path. */
export const page = Effect.fnUntraced(function* (url: string) {
  const answer = yield* HttpClient.get(`${url}/`)
  const html = yield* answer.text
  const statuses: Record<string, number> = { "/": answer.status }
  for (const [, link = ""] of html.matchAll(/<(?:link|script)\b[^>]*\b(?:href|src)="([^"]+)"/g)) {
    if (link.startsWith("data:")) continue
    const { href, pathname } = new URL(link, `${url}/`)
    statuses[pathname] = (yield* HttpClient.get(href)).status
  }
  return statuses
}, Effect.provide(FetchHttpClient.layer))

const call = <S extends Schema.ConstraintDecoder<unknown>>(method: "GET" | "POST", url: string, schema: S) =>
  HttpClient.execute(HttpClientRequest.make(method)(url)).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ json }) => json),
    Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    Effect.provide(FetchHttpClient.layer)
  )
