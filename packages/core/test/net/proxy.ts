/** A proxy as companies have them, and services with names that only the proxy knows. */
import { readFileSync } from "node:fs"
import { createServer, request } from "node:http"
import { type AddressInfo, connect, type Server, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { Effect, type Scope } from "effect"

const file = (name: string) => readFileSync(new URL(`certificates/${name}`, import.meta.url), "utf8")

/** Issued by itself for `github.test`, `pipedrive.test` and `localhost`, and used only here. */
export const certificate = { key: file("services.key.pem"), cert: file("services.pem") }

const listening = (server: Server): Effect.Effect<number, never, Scope.Scope> => {
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
    socket.once("close", () => sockets.delete(socket))
  })
  return Effect.acquireRelease(
    Effect.callback((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.callback<void>((closed) => {
        server.close(() => closed(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )
}

/** TLS in front of a service. The port of `https://…`. */
export const behindTls = (service: URL) =>
  listening(
    createTlsServer(certificate, (client) => {
      const target = connect(Number(service.port), "127.0.0.1")
      client.on("error", () => target.destroy())
      target.on("error", () => client.destroy())
      client.pipe(target).pipe(client)
    })
  )

export interface ProxyOptions {
  /** The ports behind the names that the proxy knows: `github.test:443`. */
  readonly hosts?: Readonly<Record<string, number>>
  /** What the proxy requires: `user:password`. */
  readonly credentials?: string
  /** The status of every request, or the end of every connection without an answer, or silence. */
  readonly refuse?: number | "hang up" | "never answer"
  /** Whether clients speak TLS to the proxy itself. */
  readonly tls?: boolean
}

/** A proxy on loopback, with what it was asked. */
export const makeProxy = Effect.fnUntraced(function* (options: ProxyOptions = {}) {
  const { credentials, hosts = {}, refuse, tls = false } = options
  /** `CONNECT github.test:443` and `GET http://github.test/…`, each with the names of its headers. */
  const asked: Array<{ readonly line: string; readonly headers: ReadonlyArray<string> }> = []
  const refusal = (headers: Readonly<Record<string, string | string[] | undefined>>): number | undefined =>
    typeof refuse === "number"
      ? refuse
      : credentials !== undefined &&
          headers["proxy-authorization"] !== `Basic ${Buffer.from(credentials).toString("base64")}`
        ? 407
        : undefined
  const server = createServer((incoming, response): void => {
    asked.push({ line: `${incoming.method} ${incoming.url}`, headers: Object.keys(incoming.headers) })
    if (refuse === "hang up") return void incoming.socket.destroy()
    const status = refusal(incoming.headers)
    const { host, pathname, search } = new URL(incoming.url ?? "")
    const port = hosts[host]
    if (status !== undefined || port === undefined)
      return void response.writeHead(status ?? 502).end("<html>proxy</html>")
    const { "proxy-authorization": _, ...headers } = incoming.headers
    const passedOn = request(
      { port, host: "127.0.0.1", path: pathname + search, method: incoming.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      }
    )
    incoming.pipe(passedOn)
  })
  server.on("connect", (incoming, client: Socket): void => {
    asked.push({ line: `CONNECT ${incoming.url}`, headers: Object.keys(incoming.headers) })
    if (refuse === "hang up") return void client.destroy()
    if (refuse === "never answer") return
    const status = refusal(incoming.headers)
    const port = hosts[incoming.url ?? ""]
    if (status !== undefined || port === undefined) return void client.end(`HTTP/1.1 ${status ?? 502} No\r\n\r\n`)
    const target = connect(port, "127.0.0.1", () => client.write("HTTP/1.1 200 Connected\r\n\r\n"))
    target.on("error", () => client.destroy())
    client.on("error", () => target.destroy())
    client.once("close", () => target.destroy())
    client.pipe(target).pipe(client)
  })
  const inner = yield* listening(server)
  const port = tls ? yield* behindTls(new URL(`http://127.0.0.1:${inner}`)) : inner
  return { asked, host: `${tls ? "localhost" : "127.0.0.1"}:${port}` }
})
