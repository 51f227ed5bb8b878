/**
 * A `node:http` server on loopback that answers each request in one synchronous step.
 *
 * Plain `node:http`, since benchmarks send thousands of requests a second and must measure the client's own limits.
 * Connections stay open without a time limit: a server that closes an idle connection resets a test at random.
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Clock, Effect, type Scope } from "effect"
import { HttpServerError } from "effect/http"
import type { FakeRequest, FakeService, FakeServiceOptions, Fault, LoggedRequest } from "../FakeService.ts"
import { makeFaultQueue, type Plan, planOf } from "./faults.ts"
import { receive } from "./incoming.ts"
import { makeRequestLog } from "./log.ts"
import type { Reply } from "./reply.ts"
import { makeRouter } from "./router.ts"
import { stall, write, writers } from "./writers.ts"

/** The part of a fake that knows its service: addresses, answers, and faults of its own. */
export interface Service<Route extends string, Own extends { readonly kind: string }> {
  readonly routes: ReadonlyArray<Route>
  readonly answer: (request: FakeRequest<Route>) => Reply
  /** The answer of a fault that only this service knows. */
  readonly fault: (fault: Own, request: FakeRequest<Route>) => Reply
}

/** Listens on loopback until the scope closes, logs each request, and answers by a pending fault or by the service. */
export const serve = Effect.fnUntraced(function* <Route extends string, Own extends { readonly kind: string }>(
  options: FakeServiceOptions,
  /** Built once the origin is known, for services whose answers hold their own addresses. */
  service: (origin: string) => Service<Route, Own>
): Effect.fn.Return<FakeService<Route, Own>, HttpServerError.ServeError, Scope.Scope> {
  const clock = yield* Clock.Clock
  const log = makeRequestLog<Route>(options.log ?? true)
  const faults = makeFaultQueue<Fault | Own, Route>()
  const server = createServer({ keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
  const origin = yield* listen(server, options.port ?? 0, options.host ?? "127.0.0.1")
  const { answer, fault: ownFault, routes } = service(origin)
  const route = makeRouter(routes)
  const responses = makeResponses(() => clock.currentTimeMillisUnsafe())

  const handle = (request: FakeRequest<Route>, response: ServerResponse): void => {
    const fault = faults.take(request)
    const plan = fault === undefined ? sent : planOf(fault, request, (own: Own) => ownFault(own, request))
    let done: Reply | undefined
    for (let times = plan.work; times > 0; times--) done = answer(request)
    const status = responses.finish(response, plan.ending, plan.reply?.(done) ?? done)
    log.add({ ...request, status: fault !== undefined && unreported.has(fault.kind) ? "lost" : status })
  }

  server.on("request", (incoming, response) => {
    responses.begin(response)
    receive(incoming, { at: clock.currentTimeMillisUnsafe(), route }, (request) => handle(request, response))
  })

  return {
    url: new URL(origin),
    requests: log.requests,
    clearRequests: log.clear,
    count: log.count,
    seen: log.seen,
    injectFault: faults.add,
    clearFaults: faults.clear,
    release: responses.release,
    underWay: responses.underWay
  }
})

/** The plan of a request that no fault strikes. */
const sent: Plan = { work: 1, ending: "send" }

/** Faults after which the caller cannot know that the work was done. */
const unreported: ReadonlySet<string> = new Set<Fault["kind"]>(["lost", "twice", "drip", "endless"])

/** The responses under way: answered, or held back by a fault. */
const makeResponses = (now: () => number) => {
  const dateHeader = makeDateHeader()
  const open = { answering: new Set<ServerResponse>(), held: new Set<ServerResponse>() }
  let held: Array<() => void> = []
  const track = (response: ServerResponse, as: "answering" | "held" | "none"): void => {
    open.answering.delete(response)
    open.held.delete(response)
    if (as !== "none") open[as].add(response)
  }

  /** Ends a response in the given way. Returns the status for the log. */
  const finish = (
    response: ServerResponse,
    ending: Plan["ending"],
    reply: Reply | undefined
  ): LoggedRequest["status"] => {
    if (ending === "hang") {
      track(response, "held")
      return "hang"
    }
    if (ending === "reset" || reply === undefined) {
      response.socket?.resetAndDestroy()
      return "reset"
    }
    // An answer without a body can neither drip nor go on for ever.
    const how = reply.body === undefined ? write : (writers[ending] ?? write)
    const send = () => {
      track(response, how === stall ? "none" : "answering")
      how(response, reply, dateHeader(now()))
    }
    if (ending === "hold") {
      track(response, "held")
      held.push(send)
    } else send()
    return reply.status
  }

  return {
    begin: (response: ServerResponse): void => {
      track(response, "answering")
      response.once("close", () => track(response, "none"))
    },
    finish,
    release: (): number => {
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
}

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
