/** Misused connections end by themselves, and leave room for others. The limits here are a few milliseconds. */
import { connect, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { ConnectionLimits } from "../src/Connections.ts"
import { bytes, parse } from "./raw.ts"
import { layerRunning, Running } from "./server.ts"

const on = <A, E>(limits: Partial<ConnectionLimits>, use: Effect.Effect<A, E, Running | SqlClient.SqlClient>) =>
  Effect.provide(use, layerRunning({}, limits))

/** Writes one byte after the other, for as long as the connection lasts. */
const drip = (byte: string) => (socket: Socket) => {
  const timer = setInterval(() => socket.write(byte), 5)
  socket.once("close", () => clearInterval(timer))
}

const quick = { check: 10, farewell: 50 }
/** Ends once the server answers. On a slow machine these limits of milliseconds meet honest callers, too. */
const alive = Effect.flatMap(Running, ({ call }) =>
  Effect.repeat(call("GET", "/health"), { until: ({ status }) => status !== 408 })
).pipe(Effect.map(({ text }) => assert.strictEqual(text, "Alive")))

describe("a connection ends by itself", () => {
  it.live("when headers drip", () =>
    on(
      { ...quick, headers: 50, request: 50 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        const answer = parse(yield* bytes(origin, "GET /users HTTP/1.1\r\nhost: localhost\r\nx: ", drip("a")))
        assert.strictEqual(answer.status, 408)
        assert.strictEqual(JSON.parse(answer.text).status, 408)
        yield* alive
      })
    )
  )

  it.live("when not even a first line comes", () =>
    on(
      { ...quick, headers: 50, request: 50 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        assert.strictEqual(parse(yield* bytes(origin, "")).status, 408)
        yield* alive
      })
    )
  )

  it.live("when a body drips, of a length that was announced or not", () =>
    on(
      { ...quick, headers: 50, request: 50 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        const head = "POST /users/ann/1 HTTP/1.1\r\nhost: localhost\r\n"
        for (const [rest, part] of [
          ["content-length: 60000\r\n\r\n", "a"],
          ["transfer-encoding: chunked\r\n\r\n", "1\r\na\r\n"]
        ] as const) {
          // The answer does not matter, only that the connection ends.
          assert.isString(yield* bytes(origin, `${head}${rest}`, drip(part)))
        }
        yield* alive
      })
    )
  )

  it.live("when the answer is not read", () =>
    on(
      { ...quick, unread: 100 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into users (id, username, tracked_at)
          select n, 'user-with-quite-a-long-name-' || n, now() from generate_series(1, 60000) n`
        const closed = Effect.callback<void>((resume) => {
          const { hostname, port } = new URL(origin)
          const socket = connect(Number(port), hostname, () => {
            socket.write("GET /users HTTP/1.1\r\nhost: localhost\r\n\r\n")
            // From here on the caller reads nothing, but still sends bytes.
            socket.pause()
            watching = setInterval(() => socket.write("\r\n"), 20)
          })
          let watching: ReturnType<typeof setInterval> | undefined
          const end = () => {
            clearInterval(watching)
            socket.destroy()
            resume(Effect.void)
          }
          socket.on("error", end).on("close", end)
        })
        yield* closed
        yield* alive
      })
    )
  )

  it.live("when it is kept alive and no further request comes", () =>
    on(
      { ...quick, keepAlive: 50 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        const answer = yield* bytes(origin, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert.match(answer, /^HTTP\/1\.1 200/)
      })
    )
  )

  it.live("when it asks for another protocol, and stays open on its side", () =>
    on(
      { ...quick, headers: 50, request: 50, keepAlive: 50 },
      Effect.gen(function* () {
        const { origin } = yield* Running
        for (const protocol of ["websocket", "h2c", "odd"]) {
          const { hostname, port } = new URL(origin)
          yield* Effect.callback<void>((resume) => {
            const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () =>
              socket.write(
                `GET /users HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`
              )
            )
            socket.resume()
            // Only the server can end the connection: this side never does.
            const probe = setInterval(() => socket.write("x"), 20)
            const end = () => {
              clearInterval(probe)
              resume(Effect.void)
            }
            socket.on("error", end).on("close", end)
          })
        }
        yield* alive
      })
    )
  )

  it.live("when the caller goes on after bytes that are not a request", () =>
    on(
      quick,
      Effect.gen(function* () {
        const { origin } = yield* Running
        assert.strictEqual(parse(yield* bytes(origin, "no request at all\r\n\r\n", drip("x"))).status, 400)
        yield* alive
      })
    )
  )
})

describe("connections are limited", () => {
  /** Opens a connection, keeps it, and returns whether the server accepted it. */
  const open = (origin: string) =>
    Effect.acquireRelease(
      Effect.callback<Option.Option<Socket>>((resume) => {
        const { hostname, port } = new URL(origin)
        const socket = connect(Number(port), hostname, () =>
          socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
        )
        socket.once("data", () => resume(Effect.succeedSome(socket)))
        socket.on("error", () => undefined)
        socket.once("close", () => resume(Effect.succeedNone))
      }),
      Option.match({ onNone: () => Effect.void, onSome: (socket) => Effect.sync(() => void socket.destroy()) })
    )

  for (const [what, limits] of [
    ["in all", { connections: 3 }],
    ["for one client", { connectionsPerClient: 3 }]
  ] as const) {
    it.live(`${what}, and free again once they are closed`, () =>
      on(
        limits,
        Effect.gen(function* () {
          const { origin } = yield* Running
          const taken = yield* Effect.scoped(
            Effect.gen(function* () {
              const opened = yield* Effect.forEach([1, 2, 3, 4, 5], () => open(origin))
              return opened.map(Option.isSome)
            })
          )
          assert.deepStrictEqual(taken, [true, true, true, false, false])
          // The server notices the end later.
          for (;;) {
            const again = yield* Effect.scoped(Effect.map(open(origin), Option.isSome))
            if (again) break
          }
        })
      )
    )
  }

  it.live("but not those of a proxy that is trusted, which brings many clients", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const taken = yield* Effect.scoped(Effect.forEach([1, 2, 3, 4, 5], () => open(origin)))
      assert.deepStrictEqual(taken.map(Option.isSome), [true, true, true, true, true])
    }).pipe(Effect.provide(layerRunning({ GITPIP_TRUSTED_PROXIES: "127.0.0.1" }, { connectionsPerClient: 3 })))
  )
})
