/**
 * A `node:http` server on loopback that answers in one synchronous step per request, and its life.
 *
 * Plain `node:http`, since benchmarks drive thousands of requests a second through it and a client's own limits must be
 * what they measure. Connections are kept alive without a time limit: an idle connection that the server closes by
 * itself would show up as a random reset in a test.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { Clock, Effect, type Scope } from "effect"
import { HttpServerError } from "effect/http"
import type { FakeRequest, FakeService, FakeServiceOptions, Fault, LoggedRequest } from "../FakeService.ts"
import { makeFaultQueue, type Plan, planOf } from "./faults.ts"
import { makeRequestLog } from "./log.ts"
import type { Reply } from "./reply.ts"
import { makeRouter } from "./router.ts"

export interface Service<Route extends string, Own extends { readonly kind: string }> {
  readonly routes: ReadonlyArray<Route>
  readonly answer: (request: FakeRequest<Route>) => Reply
  /** The answer of a fault that only this service knows. */
  readonly fault: (fault: Own, request: FakeRequest<Route>) => Reply
}

export const serve = Effect.fnUntraced(function* <Route extends string, Own extends { readonly kind: string }>(
  options: FakeServiceOptions,
  /** Built once the origin is known, for services whose answers hold their own addresses. */
  service: (origin: string) => Service<Route, Own>
): Effect.fn.Return<FakeService<Route, Own>, HttpServerError.ServeError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const log = makeRequestLog<Route>(options.log ?? true)
  const faults = makeFaultQueue<Fault | Own, Route>()
  let held: Array<() => void> = []

  const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
  const origin = yield* listen(server, options.port ?? 0, options.host ?? "127.0.0.1")
  const { routes, answer, fault: ownFault } = service(origin)
  const route = makeRouter(routes)
  const dateHeader = makeDateHeader()

  /** The requests that are under way, by what becomes of them. */
  const open = { answering: new Set<ServerResponse>(), held: new Set<ServerResponse>() }
  const track = (response: ServerResponse, as: "answering" | "held" | "none"): void => {
    open.answering.delete(response)
    open.held.delete(response)
    if (as !== "none") open[as].add(response)
  }

  const handle = (request: FakeRequest<Route>, response: ServerResponse): void => {
    const fault = faults.take(request)
    const plan = fault === undefined ? undefined : planOf(fault, request, (own: Own) => ownFault(own, request))
    let done: Reply | undefined
    for (let times = plan?.work ?? 1; times > 0; times--) done = answer(request)
    const reply = plan?.reply?.(done) ?? done
    const lost = fault !== undefined && untold.has(fault.kind)
    const note = (status: LoggedRequest["status"]) => log.add({ ...request, status: lost ? "lost" : status })
    if (plan?.ending === "reset" || plan?.ending === "hang" || reply === undefined) {
      if (plan?.ending !== "hang") response.socket?.resetAndDestroy()
      else track(response, "held")
      note(plan?.ending === "hang" ? "hang" : "reset")
      return
    }
    // An answer without a body can neither drip nor go on for ever.
    const how = reply.body === undefined ? write : (writers[plan?.ending ?? "send"] ?? write)
    const send = () => {
      track(response, how === stall ? "none" : "answering")
      how(response, reply, dateHeader(clock.currentTimeMillisUnsafe()))
    }
    if (plan?.ending === "hold") {
      track(response, "held")
      held.push(send)
    } else send()
    note(reply.status)
  }

  server.on("request", (incoming, response) => {
    const at = clock.currentTimeMillisUnsafe()
    track(response, "answering")
    response.once("close", () => track(response, "none"))
    if (!hasBody(incoming)) return handle(requestOf(incoming, at, route), response)
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    // A request that was cut off never ends: it is not done and not logged, as with a real server.
    incoming.on("end", () => handle({ ...requestOf(incoming, at, route), ...parsed(Buffer.concat(chunks)) }, response))
  })

  return {
    url: new URL(origin),
    requests: log.requests,
    clearRequests: log.clear,
    count: log.count,
    seen: log.seen,
    injectFault: faults.add,
    clearFaults: faults.clear,
    release: () => {
      const sending = held
      held = []
      for (const send of sending) send()
      return sending.length
    },
    underWay: () => ({
      answering: open.answering.size,
      held: open.held.size,
      written: [...open.answering].reduce((sum, { socket }) => sum + (socket?.bytesWritten ?? 0), 0)
    })
  }
})

/** Faults after which the caller cannot know of the work that was done. */
const untold: ReadonlySet<string> = new Set<Fault["kind"]>(["lost", "twice", "drip", "endless"])

type Server = ReturnType<typeof createServer>

const listen = (
  server: Server,
  port: number,
  host: string
): Effect.Effect<string, HttpServerError.ServeError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<void, HttpServerError.ServeError>((resume) => {
      const failed = (cause: Error) => resume(Effect.fail(new HttpServerError.ServeError({ cause })))
      server.once("error", failed)
      server.listen(port, "127.0.0.1", () => {
        server.off("error", failed)
        resume(Effect.void)
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  ).pipe(Effect.map(() => `http://${host}:${(server.address() as AddressInfo).port}`))

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

const NO_QUERY: Readonly<Record<string, string>> = Object.freeze({})

const requestOf = <Route extends string>(
  incoming: IncomingMessage,
  at: number,
  route: (path: string) => { readonly route: Route | undefined; readonly params: ReadonlyArray<string> }
): FakeRequest<Route> => {
  const url = incoming.url ?? "/"
  const mark = url.indexOf("?")
  const path = mark < 0 ? url : url.slice(0, mark)
  return {
    at,
    method: incoming.method ?? "GET",
    path,
    ...route(path),
    query: mark < 0 ? NO_QUERY : Object.fromEntries(new URLSearchParams(url.slice(mark))),
    // Only `set-cookie` is ever an array, and requests do not carry it.
    headers: incoming.headers as Readonly<Record<string, string>>
  }
}

const parsed = (bytes: Buffer): { readonly body?: unknown } => {
  try {
    return { body: JSON.parse(bytes.toString("utf8")) }
  } catch {
    return {}
  }
}

const makeDateHeader = () => {
  let second = Number.NaN
  let text = ""
  return (millis: number): string => {
    const now = Math.floor(millis / 1000)
    if (now !== second) {
      second = now
      text = new Date(now * 1000).toUTCString()
    }
    return text
  }
}

const CHUNK = 64 * 1024

const write = (response: ServerResponse, reply: Reply, date: string): void => {
  response.sendDate = false
  const { status, headers, body } = reply
  if (body === undefined) {
    response.writeHead(status, { date, ...headers })
    response.end()
    return
  }
  response.writeHead(status, { date, ...headers, "content-length": `${Buffer.byteLength(body)}` })
  if (typeof body === "string" || body.byteLength <= CHUNK) {
    response.end(body)
    return
  }
  // In pieces, at the reader's pace: a caller that stops reading must not leave the whole file in socket buffers.
  pipeline(Readable.from(pieces(body)), response).catch(() => response.destroy())
}

const pieces = function* (bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}

const drip = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void => {
  const bytes = Buffer.from(body)
  response.sendDate = false
  response.writeHead(status, { date, ...headers, "content-length": `${bytes.byteLength}` })
  let sent = 0
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, ++sent))
    if (sent < bytes.byteLength) return
    clearInterval(timer)
    response.end()
  }, 50)
  response.once("close", () => clearInterval(timer))
}

/** The first half, and then the end of the connection. */
const cut = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void => {
  half(response, { body, headers, status }, date)
  setImmediate(() => response.socket?.destroy())
}

/** The first half, and then nothing. */
const stall = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void =>
  half(response, { body, headers, status }, date)

const half = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void => {
  const bytes = Buffer.from(body)
  response.sendDate = false
  // One byte more than there is: an empty body does not come to its end either.
  response.writeHead(status, { date, ...headers, "content-length": `${bytes.byteLength + 1}` })
  response.flushHeaders()
  response.write(bytes.subarray(0, bytes.byteLength / 2))
}

/** The beginning of the answer, and then no end. */
const pour = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void => {
  response.sendDate = false
  response.writeHead(status, { date, ...headers })
  const endless = function* () {
    yield Buffer.from(body).subarray(0, -1)
    for (;;) yield Buffer.alloc(CHUNK, " ")
  }
  pipeline(Readable.from(endless()), response).catch(() => response.destroy())
}

/** How an answer is written, where it is not simply sent. */
const writers: Partial<Record<Plan["ending"], typeof write>> = { drip, endless: pour, cut, stall }
