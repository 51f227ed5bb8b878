/** How answers go over the wire: whole, in drops, cut off, stopped, or without an end. */
import type { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { Plan } from "./faults.ts"
import type { Reply } from "./reply.ts"

const CHUNK = 64 * 1024

export const write = (response: ServerResponse, reply: Reply, date: string): void => {
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
const cut = (response: ServerResponse, reply: Reply, date: string): void => {
  half(response, reply, date)
  setImmediate(() => response.socket?.destroy())
}

/** The first half, and then nothing more. */
export const stall = (response: ServerResponse, reply: Reply, date: string): void => half(response, reply, date)

const half = (response: ServerResponse, { body = "", headers, status }: Reply, date: string): void => {
  const bytes = Buffer.from(body)
  response.sendDate = false
  // One byte more than there is, so that an empty body has no end either.
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

/** Writers of the endings other than a plain `write`. */
export const writers: Partial<Record<Plan["ending"], typeof write>> = { drip, endless: pour, cut, stall }
