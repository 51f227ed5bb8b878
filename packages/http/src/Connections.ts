/**
 * The connections below the requests: how many, how long each may take, and what is answered to what is no request.
 *
 * Guarantees: every connection ends by itself, whatever its other end does or leaves undone: headers or a body that
 * drip, an answer that is not read, silence. A client can hold a part of the connections only.
 */
import { createServer, type Server } from "node:http"
import type { Socket } from "node:net"
import type { IpNetwork } from "effect/net"
import { clientOf, isTrusted } from "./Client.ts"
import { forProgram } from "./headers.ts"

/** Times are in milliseconds. */
export interface ConnectionLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headers: number
  /** To the end of its body. No call takes one: whoever is slower holds a connection for its own sake. */
  readonly request: number
  /** Within an answer, without the caller taking any of it. */
  readonly unread: number
  /** Between two requests. */
  readonly keepAlive: number
  /** How often the first three are looked at. */
  readonly check: number
  /** After an answer to what is no request, for the caller to read it. */
  readonly farewell: number
  /** Bytes of a request's first line and headers. */
  readonly headerBytes: number
  readonly connections: number
  readonly connectionsPerClient: number
}

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

/** A server of Node under these limits, without anything that answers requests yet. */
export const makeServer = (options: ServerOptions = {}): Server => {
  const limits = { ...defaultLimits, ...options }
  const server = createServer({
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.check,
    keepAliveTimeout: limits.keepAlive,
    maxHeaderSize: limits.headerBytes
  })
  server.maxConnections = limits.connections
  endUnreadAnswers(server, limits)
  limitClients(server, limits.connectionsPerClient, options.trusted ?? [])
  answerWhatIsNoRequest(server, limits.farewell)
  // A connection that is kept alive becomes idle only after the server began to stop, and would hold it up.
  server.on("request", (_, response) => {
    response.once("close", () => {
      if (!server.listening) server.closeIdleConnections()
    })
  })
  return server
}

/**
 * Hazard: Node's own `server.timeout` is of no use here, since whatever the caller sends counts as a sign of life. What
 * counts is how much of an answer has left.
 */
const endUnreadAnswers = (server: Server, { check, unread }: ConnectionLimits): void => {
  const open = new Map<Socket, { left: number; at: number }>()
  server.on("connection", (socket) => {
    open.set(socket, { left: 0, at: performance.now() })
    socket.once("close", () => open.delete(socket))
  })
  const look = () => {
    const now = performance.now()
    for (const [socket, seen] of open) {
      const left = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || left !== seen.left) open.set(socket, { left, at: now })
      else if (now - seen.at > unread) socket.destroy()
    }
  }
  const timer = setInterval(look, check).unref()
  server.once("close", () => clearInterval(timer))
}

const limitClients = (server: Server, most: number, trusted: ReadonlyArray<IpNetwork.IpNetwork>): void => {
  const open = new Map<string, number>()
  server.on("connection", (socket) => {
    const peer = socket.remoteAddress
    if (peer === undefined || isTrusted(trusted, peer)) return
    const client = clientOf(peer)
    const count = (open.get(client) ?? 0) + 1
    if (count > most) return void socket.destroy()
    open.set(client, count)
    socket.once("close", () => {
      const left = (open.get(client) ?? 1) - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
  })
}

/** What Node's parser refuses never becomes a request. It is answered in the form of all other problems. */
const answerWhatIsNoRequest = (server: Server, farewell: number): void => {
  /** How many answers are under way, so that none is followed by another one as if it were its continuation. */
  const answering = new WeakMap<Socket, number>()
  const leaving = new WeakSet<Socket>()
  server.on("request", ({ socket }, response) => {
    answering.set(socket, (answering.get(socket) ?? 0) + 1)
    response.once("close", () => answering.set(socket, (answering.get(socket) ?? 1) - 1))
  })
  server.on("clientError", (error: ParserError, stream) => {
    const socket = stream as Socket
    // What still comes after the fault is a fault again.
    if (leaving.has(socket)) return
    if (!socket.writable || (answering.get(socket) ?? 0) > 0 || error.code === "ECONNRESET") {
      return void socket.destroy()
    }
    leaving.add(socket)
    socket.end(message(reasonOf(error)))
    // Closed at once, a connection is reset while the caller still sends, and the answer is lost. One that is left to the
    // caller to close would stay as long as the caller likes.
    const timer = setTimeout(() => socket.destroy(), farewell)
    socket.once("close", () => clearTimeout(timer))
  })
}

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }
type Reason = readonly [status: number, title: string, detail: string]

const reasonOf = ({ code, rawPacket }: ParserError): Reason => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      // Of a request that came in one piece it can be told what was too long.
      return rawPacket !== undefined && /^[A-Z]+ \S*$/.test(rawPacket.toString("latin1"))
        ? [414, "URI Too Long", "No address of this server is as long as this"]
        : [431, "Request Header Fields Too Large", "Send fewer or shorter headers"]
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return [413, "Content Too Large", "No call takes a body. Send the request without one"]
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return [408, "Request Timeout", "The request did not arrive in time"]
    default:
      return [400, "Bad Request", "This is no request of HTTP/1.1"]
  }
}

const message = ([status, title, detail]: Reason): string => {
  const body = JSON.stringify({ type: "about:blank", status, title, detail })
  const headers = {
    ...forProgram,
    "content-type": "application/problem+json",
    "content-length": String(body.length),
    connection: "close"
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return `HTTP/1.1 ${status} ${title}\r\n${lines.join("\r\n")}\r\n\r\n${body}`
}
