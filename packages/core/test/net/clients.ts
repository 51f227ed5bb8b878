/** Both clients through their real layers, with transports and servers for tests. */
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { assert } from "@effect/vitest"
import { ConfigProvider, Context, Effect, Layer, Redacted, type Scope } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { Github } from "../../src/github/Github.ts"
import { noProxies } from "../../src/net/proxies.ts"
import { layerThrough } from "../../src/net/transport.ts"
import { Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import { Settings, type SettingsError } from "../../src/Settings.ts"

/** The transport without a proxy. */
const layerDirect = layerThrough(noProxies)

/** Secrets that may appear only in the headers of requests to the right origin. */
export const githubToken = "ghp_s3cr3t"
export const pipedriveToken = "pd-s3cr3t"

/** A GitHub client of a process of its own. */
export const makeGithub = (
  url: URL | string,
  options: { readonly token?: string | null; readonly transport?: Layer.Layer<HttpClient.HttpClient> } = {}
): Effect.Effect<Github["Service"], SettingsError, Scope.Scope> => {
  const { token = githubToken, transport = layerDirect } = options
  const env = { GITHUB_API_URL: String(url), ...(token === null ? {} : { GITHUB_TOKEN: token }) }
  const settings = Settings.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
  return Effect.map(
    Layer.build(Layer.fresh(Github.layer.pipe(Layer.provide(settings), Layer.provide(Layer.fresh(transport))))),
    Context.get(Github)
  )
}

/** A Pipedrive client of a process of its own. */
export const makePipedrive = (
  url: URL | string,
  options: { readonly token?: string; readonly transport?: Layer.Layer<HttpClient.HttpClient> } = {}
): Effect.Effect<Pipedrive["Service"], never, Scope.Scope> => {
  const { token = pipedriveToken, transport = layerDirect } = options
  const layer = Pipedrive.layer({
    token: Redacted.make(token),
    origin: new URL(url).origin,
    pages: "https://acme.pipedrive.com"
  })
  return Effect.map(Layer.build(Layer.fresh(layer.pipe(Layer.provide(Layer.fresh(transport))))), Context.get(Pipedrive))
}

/** The reason of a failed call. Asserts that the error holds no secret. */
export const reasonOf = <A, R extends { readonly _tag: string; readonly message: string }, S>(
  call: Effect.Effect<A, { readonly reason: R; readonly message: string }, S>
): Effect.Effect<R, A, S> =>
  Effect.map(Effect.flip(call), (error) => {
    const texts = [
      error.message,
      JSON.stringify(error),
      inspect(error, { depth: 20, showHidden: true }),
      String((error as { readonly stack?: unknown }).stack)
    ]
    for (const text of texts) for (const secret of [githubToken, pipedriveToken]) assert.notInclude(text, secret)
    return error.reason
  })

/** A transport that answers by itself, and lists its requests. */
export const scripted = (answer: (url: URL) => Response) => {
  const requests: Array<{ readonly url: URL; readonly headers: Readonly<Record<string, string | undefined>> }> = []
  const transport = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        requests.push({ url, headers: request.headers })
        return HttpClientResponse.fromWeb(request, answer(url))
      })
    )
  )
  return { requests, transport }
}

/** The real transport, with a count of the requests that have left and of those that are answered. */
export const counted = () => {
  const count = { left: 0, answered: 0, most: 0 }
  const track = <A, E, R>(exchange: Effect.Effect<A, E, R>, _request: HttpClientRequest.HttpClientRequest) =>
    Effect.suspend(() => {
      count.left++
      count.most = Math.max(count.most, count.left - count.answered)
      return Effect.ensuring(
        exchange,
        Effect.sync(() => count.answered++)
      )
    })
  const transport = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, HttpClient.transform(track))
  ).pipe(Layer.provide(layerDirect))
  return { count, transport }
}

/** A server on loopback for answers that no fake gives, with its origin. */
export const server = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: Effect.Effect<void> }>((resume) => {
      const listening = createServer(listener)
      const close = Effect.callback<void>((closed) => {
        listening.close(() => closed(Effect.void))
        listening.closeAllConnections()
      })
      listening.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, close }))
      )
    }),
    ({ close }) => close
  )
