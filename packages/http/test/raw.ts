/** Bytes that `fetch` would not send: forbidden headers, half a request, or no HTTP at all. */
import { request as nodeRequest } from "node:http"
import { connect, type Socket } from "node:net"
import { Effect } from "effect"
import { watch } from "./server.ts"

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
}

/** A request with any headers at all. */
export const raw = (origin: string, method: string, path: string, headers: Record<string, string> = {}) =>
  Effect.callback<RawAnswer>((resume) => {
    const { hostname, port } = new URL(origin)
    nodeRequest({ host: hostname, port, path, method, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (part) => (text += part))
      response.on("end", () => {
        const answer = { status: response.statusCode ?? 0, headers: response.headers as RawAnswer["headers"], text }
        watch(`${method} ${path}`, JSON.stringify(answer))
        resume(Effect.succeed(answer))
      })
    }).end()
  })

/** Sends a chunked body of that many KiB, without a length, and returns the status. */
export const chunked = (url: string, kibibytes: number) =>
  Effect.callback<number>((resume) => {
    const request = nodeRequest(url, { method: "POST" }, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode ?? 0))
    })
    // The server may close before everything is written.
    request.on("error", () => undefined)
    for (let n = 0; n < kibibytes; n++) request.write("x".repeat(1024))
    request.end()
  })

/** Writes the text to a connection, and returns everything that comes back until the server closes it. */
export const bytes = (origin: string, text: string, use: (socket: Socket) => void = () => undefined) =>
  Effect.callback<string>((resume) => {
    const { hostname, port } = new URL(origin)
    const socket = connect(Number(port), hostname, () => {
      socket.write(text)
      use(socket)
    })
    let answer = ""
    socket.setEncoding("utf8").on("data", (part) => (answer += part))
    // A reset counts as the end.
    socket.on("error", () => undefined)
    socket.on("close", () => {
      watch("a connection", answer)
      resume(Effect.succeed(answer))
    })
    return Effect.sync(() => void socket.destroy())
  })

/** Parses the status, headers and body of a raw answer. */
export const parse = (answer: string): RawAnswer => {
  const [head = "", ...rest] = answer.split("\r\n\r\n")
  const [first = "", ...lines] = head.split("\r\n")
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()])
  )
  return { status: Number(first.split(" ")[1]), headers, text: rest.join("\r\n\r\n") }
}
