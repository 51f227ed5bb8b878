import { assert, describe, it } from "@effect/vitest"
import { Worker } from "@gitpip/core"
import { DateTime, Effect, Tracer } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { healthBeforeRouter } from "../src/Health.ts"

/** The answer of a server whose router answers everything with 418, and the routes that spans were given. */
const ask = Effect.fnUntraced(function* (method: string, target: string, dead: ReadonlyArray<string> = []) {
  const routes: Array<unknown> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const attribute = span.attribute.bind(span)
      span.attribute = (key, value) => {
        if (key === "http.route") routes.push(value)
        attribute(key, value)
      }
      return span
    }
  })
  const withHealth = yield* healthBeforeRouter.pipe(
    Effect.provideService(Worker, { dead: Effect.succeed(dead), startedAt: DateTime.makeUnsafe(0) })
  )
  const answer = yield* withHealth(Effect.succeed(HttpServerResponse.empty({ status: 418 }))).pipe(
    Effect.provideService(
      HttpServerRequest.HttpServerRequest,
      HttpServerRequest.fromWeb(new Request(`http://localhost${target}`, { method }))
    ),
    Effect.withSpan("request"),
    Effect.withTracer(tracer)
  )
  const text = yield* Effect.promise(() => HttpServerResponse.toWeb(answer).text())
  return {
    status: answer.status,
    type: "contentType" in answer.body ? answer.body.contentType : undefined,
    text,
    routes
  }
})

describe("healthBeforeRouter", () => {
  it.effect.each([
    ["GET", "/health"],
    ["HEAD", "/health"],
    ["GET", "/health?probe=1"]
  ] as const)("answers %s %s without the router, under the route's name in traces", ([method, target]) =>
    Effect.gen(function* () {
      const alive = { status: 200, type: "text/plain", text: "Alive", routes: ["/health"] }
      assert.deepStrictEqual(yield* ask(method, target), alive)
    })
  )

  it.effect("says which background work has ended", () =>
    Effect.gen(function* () {
      const text = "No longer alive: the publisher, the feed. Restart the server"
      const expected = { status: 503, type: "text/plain", text, routes: ["/health"] }
      assert.deepStrictEqual(yield* ask("GET", "/health", ["the publisher", "the feed"]), expected)
    })
  )

  it.effect.each([
    ["POST", "/health"],
    ["OPTIONS", "/health"],
    ["GET", "/health/"],
    ["GET", "/%68ealth"],
    ["GET", "/ready"],
    ["GET", "/users/health"]
  ] as const)("leaves %s %s to the router", ([method, target]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ask(method, target), { status: 418, type: undefined, text: "", routes: [] })
    })
  )
})
