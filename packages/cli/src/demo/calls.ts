/** The tour's calls of the HTTP API, as any program makes them. */
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { core } from "../Session.ts"

const Users = Schema.Array(core.User)
const Files = Schema.Array(core.GistFile)

export const track = (url: string, username: string, id: number) =>
  call("POST", `${url}/users/${username}/${id}`, core.User)
export const users = (url: string) => call("GET", `${url}/users`, Users)
export const latest = (url: string, username: string) => call("POST", `${url}/latestgists/${username}`, Files)

const call = <S extends Schema.ConstraintDecoder<unknown>>(method: "GET" | "POST", url: string, schema: S) =>
  HttpClient.execute(HttpClientRequest.make(method)(url)).pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap(({ json }) => json),
    Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    Effect.provide(core.layerTransport)
  )
