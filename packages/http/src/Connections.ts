/**
 * Limits of connections: how many, how long each may take, and the answer to bytes that are not HTTP.
 *
 * Guarantees: every connection ends by itself, even when headers or a body drip, when an answer is not read, or when
 * nothing is sent. One client can hold only a part of the connections.
 */
import { createServer, type Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { IpNetwork } from "effect/net"
import { clientOf, isTrusted } from "./Client.ts"
import { forProgram } from "./headers.ts"
import { type RefusalStatus, refusalTitles } from "./refusalTitles.ts"

/** Times are in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headers: number
  /** To the end of the request's body. No call takes a body, so a slow one only holds a connection. */
  readonly request: number
  /** Within an answer, while the caller reads none of it. */
  readonly unread: number
  /** Between two requests. */
  readonly keepAlive: number
  /** Between two checks of the first three limits. */
  readonly check: number
  /** After the answer to an unreadable request, for the caller to read the answer. */
  readonly farewell: number
  /** Bytes of a request's first line and headers. */
  readonly headerBytes: number
  readonly connections: number
  readonly connectionsPerClient: number
}

/** The limits of connections when nothing else is asked for. */
export const defaultLimits: ConnectionLimits = {
  headers: 10_000,
  request: 30_000,
  unread: 60_000,
  keepAlive: 10_000,
  check: 2_000,
  farewell: 1_000,
  headerBytes: 16_384,
  connections: 2_000,
  connectionsPerClient: 500
}

export interface ServerOptions extends Partial<ConnectionLimits> {
  /** Proxies that bring the connections of many clients. */
  readonly trusted?: ReadonlyArray<IpNetwork.IpNetwork>
}

/**
 * Effect asks Node.js to check each answer's length, and Node.js then sends an answer in two writes, a tenth of the time of a
 * small call. Effect itself counts the lengths of the answers that have one.
 */
class InOneWrite extends ServerResponse {}
Object.defineProperty(InOneWrite.prototype, "strictContentLength", { get: () => false, set: () => {} })

/** A server of Node under these limits, without request handlers yet. */
export const makeServer = (options: ServerOptions = {}): Server => {
  const limits = { ...defaultLimits, ...options }
  const server = createServer({
    ServerResponse: InOneWrite,
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.check,
    keepAliveTimeout: limits.keepAlive,
    maxHeaderSize: limits.headerBytes,
    // Node's own refusal has no body. `Framing.ts` refuses a request without a host.
    requireHostHeader: false
  })
  server.maxConnections = limits.connections
  endUnreadAnswers(server, limits)
  limitClients(server, limits.connectionsPerClient, options.trusted ?? [])
  answerUnreadable(server, answersInFlight(server), limits.farewell)
  refuseExpectations(server)
  return server
}

/**
 * Hazard: `server.timeout` of Node restarts with every byte that the caller sends. This limit counts the bytes of the
 * answer that have left.
 */
const endUnreadAnswers = (server: Server, { check, unread }: ConnectionLimits): void => {
  const open = new Map<Socket, { left: number; at: number }>()
  server.on("connection", (socket) => {
    open.set(socket, { left: 0, at: performance.now() })
    socket.once("close", () => open.delete(socket))
  })
  const checkOpen = () => {
    const now = performance.now()
    for (const [socket, seen] of open) {
      const left = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || left !== seen.left) open.set(socket, { left, at: now })
      else if (now - seen.at > unread) socket.destroy()
    }
  }
  const timer = setInterval(checkOpen, check).unref()
  server.once("close", () => clearInterval(timer))
}

const limitClients = (server: Server, max: number, trusted: ReadonlyArray<IpNetwork.IpNetwork>): void => {
  const open = new Map<string, number>()
  server.on("connection", (socket) => {
    const peer = socket.remoteAddress
    if (peer === undefined || isTrusted(trusted, peer)) return
    const client = clientOf(peer)
    const count = (open.get(client) ?? 0) + 1
    if (count > max) return void socket.destroy()
    open.set(client, count)
    socket.once("close", () => {
      const left = (open.get(client) ?? 1) - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
  })
}

/** The answers in flight on each connection. */
const answersInFlight = (server: Server): WeakMap<Socket, Set<ServerResponse>> => {
  const inFlight = new WeakMap<Socket, Set<ServerResponse>>()
  server.on("request", ({ socket }, response) => {
    const open = inFlight.get(socket) ?? new Set()
    inFlight.set(socket, open.add(response))
    response.once("close", () => {
      open.delete(response)
      // Hazard: a kept-alive connection that becomes idle after the server began to stop would delay the stop.
      if (!server.listening) server.closeIdleConnections()
    })
  })
  return inFlight
}

/** Answers with a problem when Node's parser refuses the bytes, which never become a request. */
const answerUnreadable = (server: Server, inFlight: WeakMap<Socket, Set<ServerResponse>>, farewell: number): void => {
  const leaving = new WeakSet<Socket>()
  server.on("clientError", (error: ParserError, stream) => {
    const socket = stream as Socket
    // Bytes after the first fault raise further errors.
    if (leaving.has(socket)) return
    const open = [...(inFlight.get(socket) ?? [])]
    // Hazard: a problem written into an answer in flight would read as the answer's continuation.
    if (!socket.writable || open.some((one) => !one.writableEnded) || error.code === "ECONNRESET") {
      return void socket.destroy()
    }
    leaving.add(socket)
    // A request that `Framing.ts` refused has its answer before the parser sees the fault in its body.
    if (open.length > 0) socket.end()
    else socket.end(message(reasonOf(error)))
    // Hazard: closing at once resets the connection and loses the answer; never closing leaves it open for as long as the
    // caller likes.
    const timer = setTimeout(() => socket.destroy(), farewell)
    socket.once("close", () => clearTimeout(timer))
  })
}

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }
type Reason = readonly [status: RefusalStatus, detail: string]

const reasonOf = ({ code, rawPacket }: ParserError): Reason => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      // A request in one piece shows whether its first line or its headers were too long.
      return rawPacket !== undefined && /^[A-Z]+ \S*$/.test(rawPacket.toString("latin1"))
        ? [414, "No address of this server is as long as this"]
        : [431, "Send fewer or shorter headers"]
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [413, "No call takes a body. Send the request without one"]
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "The request did not arrive in time"]
    default:
      return [400, "This is no request of HTTP/1.1"]
  }
}

/** Node's own refusal has no body (https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1). */
const refuseExpectations = (server: Server): void => {
  server.on("checkExpectation", (_, response) => {
    const { body, headers } = problem([
      417,
      "The only expectation is `100-continue`. Send the request without `Expect`"
    ])
    response.writeHead(417, headers).end(body)
  })
}

const problem = ([status, detail]: Reason) => {
  const body = JSON.stringify({ type: "about:blank", status, title: refusalTitles[status], detail })
  return {
    body,
    headers: {
      ...forProgram,
      "content-type": "application/problem+json",
      "content-length": String(body.length),
      connection: "close"
    }
  }
}

const message = (reason: Reason): string => {
  const [status] = reason
  const { body, headers } = problem(reason)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `HTTP/1.1 ${status} ${refusalTitles[status]}\r\n${lines.join("\r\n")}\r\n\r\n${body}`
}
