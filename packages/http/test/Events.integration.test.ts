/** Changes are reported at once, and an event stream keeps neither a connection nor the server for ever. */
import { assert, describe, it, layer } from "@effect/vitest"
import { type Change, Username } from "@gitpip/core"
import { Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { eventStream } from "../src/Events.ts"
import { found, layerRunning, problem, Running } from "./server.ts"

type ChangeJson = typeof Change.Encoded

/** The events of a stream, one after the other. The stream closes with the scope. */
const listen = (origin: string) =>
  Effect.gen(function* () {
    const abort = new AbortController()
    yield* Effect.addFinalizer(() => Effect.sync(() => abort.abort()))
    const response = yield* Effect.promise(() => fetch(`${origin}/events`, { signal: abort.signal }))
    assert.strictEqual(response.status, 200)
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const decoder = new TextDecoder()
    let text = ""
    /** The next change of a kind, or `undefined` when the stream has ended. */
    const next = (type: ChangeJson["type"]): Effect.Effect<ChangeJson | undefined> =>
      Effect.promise(async () => {
        for (;;) {
          const end = text.indexOf("\n\n")
          if (end === -1) {
            const { done, value } = await reader.read()
            if (done) return undefined
            text += decoder.decode(value, { stream: true })
            continue
          }
          const event = text.slice(0, end)
          text = text.slice(end + 2)
          if (!event.startsWith("data: ")) continue
          const change = JSON.parse(event.slice(6)) as ChangeJson
          if (change.type === type) return change
        }
      })
    return { next }
  })

layer(layerRunning(), { excludeTestServices: true })("events", (it) => {
  it.effect("report users, scans and files to every listener", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const listeners = [yield* listen(origin), yield* listen(origin)]
      for (const { next } of listeners) yield* next("listening")
      yield* found("ann", 3)
      const { json } = yield* call("POST", "/scans?username=ann")
      yield* call("DELETE", "/users/ann")
      for (const { next } of listeners) {
        assert.deepStrictEqual(yield* next("user"), { type: "user", login: "ann" })
      }
      for (const { next } of [yield* listen(origin)]) {
        yield* next("listening")
        const again = yield* call("POST", "/users/ann/7")
        assert.strictEqual(again.status, 201)
        assert.deepStrictEqual(yield* next("user"), { type: "user", login: "ann" })
      }
      // A requested scan is reported at once, stored changes with the next query of the database.
      const [first, second] = listeners
      // Hazard: a query between `found` and the request reports the earlier scan as well.
      const requested = first
        ?.next("scan")
        .pipe(Effect.repeat({ until: (change) => change?.type !== "scan" || change.scan.id === json.id }))
      assert.deepStrictEqual(requested && (yield* requested), { type: "scan", scan: json })
      const files = second && (yield* second.next("files"))
      assert.deepStrictEqual(files, { type: "files", login: Username.make("ann"), files: 3 })
    }).pipe(Effect.scoped)
  )
})

layer(layerRunning({ GITPIP_API_KEY: "a-long-and-secret-key" }), { excludeTestServices: true })("events", (it) => {
  it.effect("need the key", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      problem(yield* call("GET", "/events"), 401)
    })
  )
})

describe("an event stream", () => {
  it.live("counts as a connection of its client's", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const { next } = yield* listen(origin)
      yield* next("listening")
      const second = yield* Effect.exit(Effect.tryPromise(() => fetch(`${origin}/health`)))
      assert.isTrue(Exit.isFailure(second))
    }).pipe(Effect.scoped, Effect.provide(layerRunning({}, { connectionsPerClient: 1 })))
  )

  it.live("ends when the server stops, and does not keep it", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layerRunning(), scope)
      const { origin } = yield* Effect.provide(Running, context)
      const { next } = yield* listen(origin)
      yield* next("listening")
      yield* Scope.close(scope, Exit.void)
      // A stream that the server had waited for would end with an error: its connection is destroyed then.
      assert.strictEqual(yield* next("listening"), undefined)
    }).pipe(Effect.scoped)
  )

  it.effect("shows signs of life, and ends after an hour", () =>
    Effect.gen(function* () {
      const response = eventStream(
        Stream.concat(Stream.make<[Change]>({ type: "listening" }), Stream.never),
        Effect.never
      )
      const body = response.body
      assert.strictEqual(body._tag, "Stream")
      if (body._tag !== "Stream") return
      const reading = yield* Effect.forkChild(Stream.runCollect(Stream.decodeText(body.stream)))
      for (let beat = 1; beat < 240; beat++) yield* TestClock.adjust("15 seconds")
      assert.isUndefined(reading.pollUnsafe())
      yield* TestClock.adjust("15 seconds")
      const text = (yield* Fiber.join(reading)).join("")
      assert.match(text, /^retry: \d+\n\ndata: \{"type":"listening"\}\n\n(:\n\n)+$/)
      assert.isAtLeast(text.split(":\n\n").length, 230)
    })
  )
})
