import { createServer, request as nodeRequest, type RequestListener } from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Gitpip, Settings, Worker } from "@gitpip/core"
import { ConfigProvider, Console, DateTime, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import { layerProcess, layerServer } from "../src/main.ts"
import { callAt, freshUrl, type Json, settingsOf, silent, watch } from "./server.ts"

/** A process with its own database: its origin, and every line that it wrote to stdout. */
const start = Effect.fnUntraced(function* (env: Record<string, string>) {
  const database = yield* freshUrl
  const lines: Array<string> = []
  const write = (...parts: ReadonlyArray<unknown>) => void lines.push(parts.map(String).join(" "))
  const nothing = () => assert.fail("wrote elsewhere than to stdout")
  const capture = Layer.succeed(Console.Console, { ...globalThis.console, log: write, error: nothing, warn: nothing })
  const all = { POSTGRES_CONNECTION_STRING: database, GITHUB_API_URL: "http://127.0.0.1:2", ...env }
  yield* Effect.addFinalizer(() => Effect.sync(() => watch("the log", lines.join("\n"))))
  const context = yield* Layer.build(
    layerProcess.pipe(
      Layer.provide(settingsOf(all)),
      Layer.provide(capture),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord(all))),
      Layer.fresh
    )
  )
  const { address } = yield* HttpServer.HttpServer.pipe(Effect.provide(context))
  const origin = HttpServer.formatAddress(address)
  return { origin, lines, call: callAt(origin) }
})

/** The scan at an answer's `location`, once it has ended. */
const ended = (call: ReturnType<typeof callAt>, headers: Headers): Effect.Effect<Json> =>
  Effect.flatMap(call("GET", headers.get("location") ?? ""), ({ json }) =>
    json.scan.finished_at === null ? ended(call, headers) : Effect.succeed(json)
  )

/** Starts a server with this handler, and returns its origin. */
const listening = Effect.fnUntraced(function* (answer: RequestListener) {
  const server = createServer(answer)
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  return addressOf(server)
})

const port = (origin: string) => Number(new URL(origin).port)

describe("layerProcess", () => {
  it.live("refuses to listen where others can reach it without a key, before it opens anything", () =>
    Effect.gen(function* () {
      for (const host of ["0.0.0.0", "::", "192.0.2.1", "gitpip.example"]) {
        const settings = settingsOf({ GITPIP_HOST: host, POSTGRES_CONNECTION_STRING: "postgres://127.0.0.1:9/none" })
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layerProcess.pipe(Layer.provide(settings)))))
        assert.strictEqual(error._tag, "SettingsError")
        assert.include(error.message, "GITPIP_API_KEY")
      }
    })
  )

  it.live("listens there with a key", () =>
    Effect.gen(function* () {
      const { origin } = yield* start({ GITPIP_HOST: "0.0.0.0", GITPIP_API_KEY: "hush-key" })
      const call = callAt(`http://127.0.0.1:${port(origin)}`)
      assert.strictEqual((yield* call("GET", "/health")).text, "Alive")
      assert.strictEqual((yield* call("GET", "/users")).status, 401)
    }).pipe(Effect.scoped)
  )

  it.live("says so when the port is taken, or the address is not this machine's", () =>
    Effect.gen(function* () {
      const { origin } = yield* start({})
      const attempt = (change: Partial<Settings["Service"]>) =>
        Layer.build(
          layerServer.pipe(
            Layer.provide(
              Layer.mergeAll(Layer.mock(Gitpip)({}), Layer.mock(Worker)({ startedAt: DateTime.makeUnsafe(0) }))
            ),
            Layer.provide(
              Layer.effect(
                Settings,
                Effect.map(Settings, (settings) => ({ ...settings, ...change }))
              )
            ),
            Layer.provide(settingsOf({ GITPIP_API_KEY: "hush-key" }))
          )
        ).pipe(Effect.scoped, Effect.flip)
      const taken = yield* attempt({ port: port(origin) })
      assert.include(taken.message, "another program")
      assert.include(taken.message, "GITPIP_PORT")
      assert.include((yield* attempt({ host: "192.0.2.1" })).message, "GITPIP_HOST")
    }).pipe(Effect.scoped)
  )

  it.live("runs a requested scan in the background", () =>
    Effect.gen(function* () {
      const { call } = yield* start({})
      yield* call("POST", "/users/ann/1")
      const { headers } = yield* call("POST", "/scans?username=ann")
      const { scan } = yield* ended(call, headers)
      // No server answers at this GITHUB_API_URL.
      assert.deepStrictEqual([scan.state, scan.kind, scan.reason], ["stopped", "requested", "Unreachable"])
    }).pipe(Effect.scoped)
  )

  it.live("follows no redirect of a service, so that no other host sees a token", () =>
    Effect.gen(function* () {
      const asked: Array<string | undefined> = []
      const led: Array<string | undefined> = []
      const elsewhere = yield* listening((request, response) => {
        led.push(request.url)
        response.end("{}")
      })
      const github = yield* listening((request, response) => {
        asked.push(request.url)
        response.writeHead(307, { location: `${elsewhere}${request.url}` }).end()
      })
      const { call } = yield* start({ GITHUB_API_URL: github, GITHUB_TOKEN: "hush-github" })
      yield* call("POST", "/users/ann/1")
      const { headers } = yield* call("POST", "/scans?username=ann")
      yield* ended(call, headers)
      assert.isNotEmpty(asked)
      assert.deepStrictEqual(led, [])
    }).pipe(Effect.scoped)
  )

  it.live("writes lines of JSON at the level asked for, and no secret in any", () =>
    Effect.gen(function* () {
      const secrets = { GITPIP_API_KEY: "hush-api", GITHUB_TOKEN: "hush-github", PIPEDRIVE_TOKEN: "hush-pipedrive" }
      const { call, lines } = yield* Effect.scoped(
        Effect.gen(function* () {
          const running = yield* start({
            ...secrets,
            PIPEDRIVE_ORG: "acme",
            GITPIP_LOG_FORMAT: "json",
            GITPIP_LOG_LEVEL: "Debug"
          })
          for (const authorization of ["Bearer hush-api", "Bearer hush-wrong"]) {
            yield* running.call("GET", "/users?limit=1&_=hush-query", { headers: { authorization } })
            yield* running.call("GET", "/users/%00", { headers: { authorization } })
          }
          return running
        })
      )
      void call
      const logged = lines.map((line) => JSON.parse(line))
      assert.isTrue(
        logged.some(({ annotations, message }) => message === "http.listening" && /^http:/.test(annotations.address)),
        lines.join("\n")
      )
      assert.deepStrictEqual(
        logged.filter(({ message }) => message === "http.answered").map(({ annotations }) => annotations.status),
        [200, 400, 401, 401]
      )
      assert.notInclude(lines.join("\n"), "hush")
    })
  )

  it.live("does not log single requests at the default level", () =>
    Effect.gen(function* () {
      const { call, lines } = yield* start({ GITPIP_LOG_FORMAT: "logfmt" })
      yield* call("GET", "/users")
      assert.isTrue(
        lines.some((line) => /message=http.listening address=http:/.test(line)),
        lines.join("\n")
      )
      assert.isFalse(lines.some((line) => line.includes("http.answered")))
    }).pipe(Effect.scoped)
  )

  it.live("sends traces to a collector when there is one, without the key", () =>
    Effect.gen(function* () {
      const received: Array<{ url: string; body: string }> = []
      const endpoint = yield* listening((request, response) => {
        let body = ""
        request.on("data", (part) => (body += part))
        request.on("end", () => {
          received.push({ url: request.url ?? "", body })
          response.setHeader("content-type", "application/json").end("{}")
        })
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { call } = yield* start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, GITPIP_API_KEY: "hush-api" })
          yield* call("GET", "/users", { headers: { authorization: "Bearer hush-api" } })
        })
      )
      const traces = received
        .filter(({ url }) => url === "/v1/traces")
        .map(({ body }) => body)
        .join("\n")
      assert.include(traces, "gitpip")
      assert.include(traces, "http.response.status_code")
      assert.notInclude(received.map(({ body }) => body).join("\n"), "hush")
    }).pipe(Effect.scoped)
  )

  it.live("sends traces through the proxy of the settings", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const proxy = yield* listening((request, response) => {
        asked.push(request.url ?? "")
        request.resume()
        response.setHeader("content-type", "application/json").end("{}")
      })
      const collector = "http://collector.test:4318"
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { call } = yield* start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector, HTTP_PROXY: proxy })
          yield* call("GET", "/users")
        })
      )
      assert.include(asked, `${collector}/v1/traces`)
    }).pipe(Effect.scoped)
  )
})

describe("layerServer", () => {
  it.live("finishes requests in flight when it stops, each in its time, and takes no new ones", () =>
    Effect.gen(function* () {
      const throttle = Effect.all({ begun: Deferred.make<void>(), release: Deferred.make<void>() })
      const first = yield* throttle
      const second = yield* throttle
      const pass = ({ begun, release }: typeof first) =>
        Effect.as(Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(release)), [])
      const services = Layer.mergeAll(
        Layer.mock(Gitpip)({ overdue: () => pass(first), users: () => pass(second) }),
        Layer.mock(Worker)({ startedAt: DateTime.makeUnsafe(0) }),
        settingsOf({}),
        silent
      )
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layerServer.pipe(Layer.provide(services)), scope)
      const { address } = yield* HttpServer.HttpServer.pipe(Effect.provide(context))
      const origin = HttpServer.formatAddress(address)

      const ready = yield* Effect.forkChild(callAt(origin)("GET", "/ready"))
      const users = yield* Effect.forkChild(callAt(origin)("GET", "/users"))
      yield* Deferred.await(first.begun)
      yield* Deferred.await(second.begun)
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* refused(port(origin))
      for (const [{ release }, request] of [
        [first, ready],
        [second, users]
      ] as const) {
        assert.isUndefined(stopping.pollUnsafe())
        yield* Deferred.succeed(release, undefined)
        assert.strictEqual((yield* Fiber.join(request)).status, 200)
      }
      yield* Fiber.join(stopping)
    })
  )

  it.live("survives callers that leave before the answer", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const overdue = () =>
        Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      const services = Layer.mergeAll(
        Layer.mock(Gitpip)({ overdue }),
        Layer.succeed(Worker, { dead: Effect.succeed([]), startedAt: DateTime.makeUnsafe(0) }),
        settingsOf({}),
        silent
      )
      const context = yield* Layer.build(layerServer.pipe(Layer.provide(services)))
      const { address } = yield* HttpServer.HttpServer.pipe(Effect.provide(context))
      const origin = HttpServer.formatAddress(address)
      const request = nodeRequest(`${origin}/ready`).on("error", () => undefined)
      request.end()
      yield* Deferred.await(begun)
      request.destroy()
      yield* Deferred.await(interrupted)
      assert.strictEqual((yield* callAt(origin)("GET", "/health")).text, "Alive")
    }).pipe(Effect.scoped)
  )
})

/** Waits until no server listens on the port. */
const refused = (port: number): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.callback<boolean>((resume) => {
      const socket = connect(port, "127.0.0.1")
      socket.on("connect", () => {
        socket.destroy()
        resume(Effect.succeed(false))
      })
      socket.on("error", () => resume(Effect.succeed(true)))
    }),
    (done) => (done ? Effect.void : refused(port))
  )

const addressOf = (server: ReturnType<typeof createServer>): string => {
  const address = server.address()
  return typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : ""
}
