/**
 * The HTTP client of every request to a service: undici, through the proxies of the settings.
 *
 * Guarantees: redirects are responses, since a token must not travel to another origin. Errors hold codes, and neither the
 * request nor a password.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Undici from "@effect/platform-node/Undici"
import { Context, Duration, Effect, Layer, Option, Redacted, type Scope } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Settings } from "../Settings.ts"
import { causes, codesOf } from "./causes.ts"
import { ConnectionFault, noTunnel } from "./connectionFault.ts"
import { acceptEncoding, decoded } from "./encodings.ts"
import { type HttpProxy, type Proxies, proxyFor } from "./proxies.ts"

/** One request at a time on each connection, over HTTP/1.1, as `fetch` sends them. */
const agentOptions = { allowH2: false } as const

/** Loading undici takes a tenth of a second, which only a process that sends requests should pay. */
const loadUndici = Effect.promise(() => import("@effect/platform-node/Undici"))

const acquire = (
  make: (undici: typeof Undici) => Undici.Dispatcher
): Effect.Effect<Undici.Dispatcher, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.map(loadUndici, make), (dispatcher) => Effect.promise(() => dispatcher.destroy()))

/** Connections to the services themselves. */
export const direct = acquire(({ Agent }) => new Agent(agentOptions))

/** How long a proxy may take to open a tunnel. Shorter than the time-out of every exchange, so that the proxy is named. */
export const TunnelTimeout = Context.Reference("gitpip/TunnelTimeout", { defaultValue: () => Duration.seconds(8) })

const through = Effect.fnUntraced(function* ({ address }: HttpProxy) {
  const headersTimeout = Duration.toMillis(yield* TunnelTimeout)
  return yield* acquire(
    ({ Pool, ProxyAgent }) =>
      new ProxyAgent({
        ...agentOptions,
        uri: Redacted.value(address),
        proxyTls: agentOptions,
        requestTls: agentOptions,
        clientFactory: (origin, options) => withoutTunnel(new Pool(origin, { ...options, headersTimeout }))
      })
  )
})

/** Undici's error of a tunnel that was not opened can be that of a connection behind the tunnel. A code distinguishes them. */
const withoutTunnel = (pool: Undici.Pool): Undici.Pool => {
  const connect = pool.connect.bind(pool) as (
    options: Undici.Dispatcher.ConnectOptions
  ) => Promise<Undici.Dispatcher.ConnectData>
  return Object.assign(pool, {
    connect: (options: Undici.Dispatcher.ConnectOptions) =>
      connect(options).catch((cause: unknown) => {
        throw Object.assign(new Error("the proxy opened no tunnel", { cause }), { code: noTunnel })
      })
  })
}

/** The connections below all clients. A test replaces them with some that fail. */
export const Connections = Context.Reference<Effect.Effect<Undici.Dispatcher, never, Scope.Scope>>(
  "gitpip/Connections",
  {
    defaultValue: () => direct
  }
)

const open = Effect.fnUntraced(function* (proxies: Proxies) {
  const agents = new Map<HttpProxy, Undici.Dispatcher>()
  for (const proxy of [proxies.http, proxies.https].flatMap(Option.toArray)) agents.set(proxy, yield* through(proxy))
  return (yield* yield* Connections).compose((dispatch) => (options, handler) => {
    const proxy = agents.size === 0 ? undefined : proxyFor(proxies, new URL(String(options.origin)))
    const agent = proxy === undefined ? undefined : agents.get(proxy)
    return discreet(agent === undefined ? dispatch : agent.dispatch.bind(agent), proxy)(options, handler)
  })
})

/** Connections that are opened for the first request, and closed with the scope. */
const onDemand = Effect.fnUntraced(function* (proxies: Proxies) {
  const run = Effect.runPromiseWith(yield* Effect.context<Scope.Scope>())
  let opened: Promise<Undici.Dispatcher> | undefined
  const request: Undici.Dispatcher["request"] = async (options: Undici.Dispatcher.RequestOptions) => {
    opened ??= run(open(proxies))
    return (await opened).request(options)
  }
  // Hazard: the client calls nothing but `request`, unless a request has the header `upgrade`. None of Gitpip's has.
  return { request } as Undici.Dispatcher
})

/** The client through these proxies. */
export const layerThrough = (proxies: Proxies): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(NodeHttpClient.makeUndici, (client) =>
      client.pipe(
        HttpClient.mapRequest(HttpClientRequest.setHeader("accept-encoding", acceptEncoding)),
        HttpClient.transformResponse(Effect.map(decoded))
      )
    )
  ).pipe(Layer.provide(Layer.effect(NodeHttpClient.Dispatcher, onDemand(proxies))))

/** The transport when a program brings none. A proxy of the settings is used for every address but those of NO_PROXY. */
export const layerTransport: Layer.Layer<HttpClient.HttpClient, never, Settings> = Layer.unwrap(
  Effect.map(Settings, ({ proxies }) => layerThrough(proxies))
)

/**
 * Hazard: errors of connections can quote a header or hold the request, above all those of proxies and of replaced agents.
 * The client's own spans export errors whole, so only their codes are passed on.
 */
const discreet =
  (dispatch: Undici.Dispatcher.Dispatch, proxy: HttpProxy | undefined): Undici.Dispatcher.Dispatch =>
  (options, handler) => {
    const report = handler.onResponseError?.bind(handler)
    handler.onResponseError = (controller, error) => report?.(controller, faultOf(error, proxy))
    try {
      return dispatch(options, handler)
    } catch (error) {
      throw faultOf(error, proxy)
    }
  }

const faultOf = (error: unknown, proxy: HttpProxy | undefined): ConnectionFault =>
  new ConnectionFault(
    codesOf(error),
    proxy === undefined ? undefined : { variable: proxy.variable, origin: proxy.origin, status: statusOf(error) }
  )

/** Undici writes the status of a proxy's refusal into the message alone. */
const statusOf = (error: unknown): number | undefined => {
  for (const cause of causes(error)) {
    if (!(cause instanceof Error)) continue
    const [, inTunnel, forwarded] =
      /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((\d{3})\)/.exec(cause.message) ?? []
    if (inTunnel !== undefined || forwarded !== undefined) return Number(inTunnel ?? forwarded)
  }
  return undefined
}
