/** The server before its database is ready. */
import { assert, describe, it } from "@effect/vitest"
import { Gitpip, Worker } from "@gitpip/core"
import { DateTime, Effect, Fiber, Layer, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { failingMigrations, heldMigrations } from "../../core/test/migrating.ts"
import { layerListener } from "../src/Listener.ts"
import { layerServing } from "../src/main.ts"
import { callAt, problem, settingsOf, silent } from "./server.ts"

const key = "hush-key"
const idle = Layer.effect(
  Worker,
  Effect.map(DateTime.now, (startedAt) => ({ dead: Effect.succeed([]), startedAt }))
)

/** A server that listens, and the rest of its start, which opens the database. */
const starting = Effect.fnUntraced(function* (url: Redacted.Redacted) {
  const settings = settingsOf({
    POSTGRES_CONNECTION_STRING: Redacted.value(url),
    GITHUB_API_URL: "http://127.0.0.1:2",
    GITPIP_API_KEY: key
  })
  const listening = yield* Layer.build(layerListener.pipe(Layer.provideMerge(Layer.merge(settings, silent))))
  const { address } = yield* Effect.provide(HttpServer.HttpServer, listening)
  const rest = layerServing.pipe(
    Layer.provide(idle),
    Layer.provide(Gitpip.layer),
    Layer.provide(Layer.succeedContext(listening))
  )
  const call = callAt(HttpServer.formatAddress(address))
  return {
    rest: Layer.build(rest),
    bare: (path: string) => call("GET", path),
    call: (method: string, path: string) => call(method, path, { headers: { authorization: `Bearer ${key}` } })
  }
})

describe("a server whose database is being migrated", () => {
  it.live("answers /health, and names the running migration to all other callers, until the migration has ended", () =>
    Effect.gen(function* () {
      const { begun, release, url } = yield* heldMigrations
      const { bare, call, rest } = yield* starting(url)
      assert.strictEqual(
        problem(yield* bare("/ready"), 503).detail,
        "The server is starting. The database is being opened"
      )
      const ready = yield* Effect.forkScoped(rest)
      yield* begun
      const health = yield* bare("/health")
      assert.deepStrictEqual([health.status, health.text], [200, "Alive"])
      for (const path of ["/ready", "/ready?exclude=work"]) {
        const { reasons, type } = problem(yield* bare(path), 503)
        assert.strictEqual(type, "urn:gitpip:problem:not-ready")
        assert.match(reasons[0], /The database is being migrated: 0001_initial, 1 of \d+$/)
      }
      for (const [method, path] of [
        ["GET", "/users"],
        ["POST", "/users/ann/1"],
        ["GET", "/nowhere"]
      ] as const) {
        const answer = yield* call(method, path)
        assert.strictEqual(problem(answer, 503).type, "urn:gitpip:problem:unavailable")
        assert.strictEqual(answer.headers.get("retry-after"), "5")
        assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
      }
      problem(yield* bare("/users"), 401)
      yield* release
      yield* Fiber.join(ready)
      assert.strictEqual((yield* bare("/ready?exclude=work")).status, 200)
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [])
    }).pipe(Effect.scoped)
  )

  it.live("ends with the reason when a migration fails", () =>
    Effect.gen(function* () {
      const { rest } = yield* starting(yield* failingMigrations)
      const error = yield* Effect.flip(rest)
      assert.match(error.message, /The database cannot be migrated: Migration "1_initial" failed: the disk is full/)
    }).pipe(Effect.scoped)
  )
})
