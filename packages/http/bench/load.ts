/**
 * A closed loop: each connection sends its next request when the last one is answered. Plain sockets and a parser of
 * `content-length` alone keep the load cheap, because it shares the machine with the servers.
 */
import { connect, type Socket } from "node:net"

export interface Load {
  readonly port: number
  readonly connections: number
  readonly millis: number
  /** The n-th request: method and path. */
  readonly next: (n: number) => readonly [method: string, path: string]
}

/** Answers, and how many per second. Throws when one is not `200`. */
export const run = async ({
  connections,
  millis,
  next,
  port
}: Load): Promise<{ readonly answers: number; readonly rate: number }> => {
  let sent = 0
  let done = 0
  const start = performance.now()
  const end = start + millis

  const loop = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      /** The bytes of the answer that are still to come; undefined before its head. */
      let missing: number | undefined
      let head = ""
      const send = () => {
        const [method, path] = next(sent++)
        const length = method === "POST" ? "content-length: 0\r\n" : ""
        socket.write(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${length}\r\n`)
      }
      socket.on("error", reject)
      socket.on("data", (part) => {
        if (missing === undefined) {
          head += part.toString("latin1")
          const headEnd = head.indexOf("\r\n\r\n")
          if (headEnd === -1) return
          const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
          if (!head.startsWith("HTTP/1.1 200") || Number.isNaN(length))
            return reject(new Error(`Unexpected: ${head.slice(0, headEnd)}`))
          missing = headEnd + 4 + length - head.length
        } else {
          missing -= part.length
        }
        if (missing > 0) return
        missing = undefined
        head = ""
        done++
        if (performance.now() < end) return send()
        socket.end()
        resolve()
      })
      send()
    })

  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true })
      await loop(socket)
    })
  )
  return { answers: done, rate: (done * 1_000) / (performance.now() - start) }
}
