import { assert, describe, it, layer } from "@effect/vitest"
import { DatabaseError, Gitpip, Telemetry, Worker } from "@gitpip/core"
import { DateTime, Effect, Layer, Metric } from "effect"
import { SqlClient } from "effect/sql"
import { toWebHandler } from "../src/Server.ts"
import { layerRunning, problem, Running, settingsOf, silent } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("system", (it) => {
  it.effect("answers /health with the text Alive", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const answer = yield* call("GET", "/health")
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.text, "Alive")
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
    })
  )

  it.effect("reports the state of everything", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { json } = yield* call("GET", "/status")
      assert.strictEqual(json.users, 0)
      assert.strictEqual(json.last_scan, null)
      assert.strictEqual(json.publishing.state, "off")
      assert.deepStrictEqual(json.publications, { pending: 0, sending: 0, failed: 0, oldest_due: null })
    })
  )

  it.effect("shows metrics to Prometheus", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      yield* Metric.update(Telemetry.filesFound, 3)
      const answer = yield* call("GET", "/metrics")
      assert.strictEqual(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
      assert.match(answer.text, /^gitpip_files_found_total [1-9]/m)
    })
  )

  it.effect("serves the reference page from itself", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const answer = yield* call("GET", "/docs")
      assert.strictEqual(answer.status, 200)
      assert.match(answer.headers.get("content-type") ?? "", /^text\/html/)
      assert.notMatch(answer.text, /<script[^>]+src="https?:/)
    })
  )

  it.effect("is ready until the database is gone, and then says so without internals", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const ready = yield* call("GET", "/ready")
      assert.strictEqual(ready.status, 200)
      assert.deepStrictEqual(ready.json, { ready: true })

      const sql = yield* SqlClient.SqlClient
      yield* sql`alter table scans rename to scans_away`
      const unready = yield* call("GET", "/ready")
      const { reasons, type } = problem(unready, 503)
      assert.strictEqual(type, "urn:gitpip:problem:not-ready")
      assert.deepStrictEqual(reasons, ["the database cannot be used; the log says why"])
      const unavailable = yield* call("GET", "/scans")
      assert.strictEqual(problem(unavailable, 503).type, "urn:gitpip:problem:unavailable")
      const { reasons: without } = problem(yield* call("GET", "/ready?exclude=work"), 503)
      assert.deepStrictEqual(without, reasons)
      for (const { text } of [unready, unavailable]) assert.notMatch(text, /relation|scans_away|select|Sql/)
      assert.strictEqual((yield* call("GET", "/health")).text, "Alive")
      yield* sql`alter table scans_away rename to scans`
    })
  )
})

describe("with services that fail", () => {
  const startedAt = DateTime.makeUnsafe(0)
  const ask = (
    path: string,
    gitpip: Partial<Gitpip["Service"]>,
    worker: Worker["Service"] = { dead: Effect.succeed([]), startedAt }
  ) =>
    Effect.acquireUseRelease(
      Effect.sync(() =>
        toWebHandler(Layer.mergeAll(Layer.mock(Gitpip)(gitpip), Layer.succeed(Worker, worker), settingsOf({}), silent))
      ),
      ({ handler }) =>
        Effect.promise(async () => {
          const response = await handler(new Request(`http://localhost${path}`))
          const text = await response.text()
          return {
            status: response.status,
            headers: response.headers,
            text,
            json: text.startsWith("{") ? JSON.parse(text) : undefined
          }
        }),
      ({ dispose }) => Effect.promise(dispose)
    )

  it.live("is not alive once a loop of the worker has ended", () =>
    Effect.gen(function* () {
      const answer = yield* ask("/health", {}, { dead: Effect.succeed(["the publisher"]), startedAt })
      assert.strictEqual(answer.status, 503)
      assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/)
      assert.include(answer.text, "the publisher")
    })
  )

  it.live("is not ready while the database is read-only, and says what to do", () =>
    Effect.gen(function* () {
      const message = "The database is read-only: name another"
      const overdue = () => Effect.fail(new DatabaseError({ message, reason: "readOnly" }))
      for (const path of ["/ready", "/ready?exclude=work"]) {
        assert.deepStrictEqual(problem(yield* ask(path, { overdue }), 503).reasons, [message])
      }
    })
  )

  it.live("says that the database is read-only when a call needs to write, and gives no details of the server", () =>
    Effect.gen(function* () {
      const visits = Effect.fail(
        new DatabaseError({ message: "cannot execute INSERT on 10.0.0.7", reason: "readOnly" })
      )
      const { detail } = problem(yield* ask("/users/octocat/visits", { visits: () => visits }), 503)
      assert.match(detail, /^The database is read-only/)
      assert.notInclude(detail, "10.0.0.7")
    })
  )

  it.live("says when to try again while another transaction holds what a call needs", () =>
    Effect.gen(function* () {
      const visits = Effect.fail(new DatabaseError({ message: "canceled due to lock timeout", reason: "busy" }))
      const answer = yield* ask("/users/octocat/visits", { visits: () => visits })
      assert.match(problem(answer, 503).detail, /^Another transaction holds .* Try again/)
      assert.strictEqual(answer.headers.get("retry-after"), "5")
    })
  )

  it.live("is not ready while work does not get done, and gives the reasons", () =>
    Effect.gen(function* () {
      const seen: Array<DateTime.Utc> = []
      const overdue = (since: DateTime.Utc) =>
        Effect.sync(() => {
          seen.push(since)
          return ["no scan has ended", "one is due"]
        })
      const { reasons, detail } = problem(yield* ask("/ready", { overdue }), 503)
      assert.deepStrictEqual(reasons, ["no scan has ended", "one is due"])
      assert.strictEqual(detail, "no scan has ended; one is due")
      assert.deepStrictEqual(seen, [startedAt])
      assert.deepStrictEqual((yield* ask("/ready?exclude=work", { overdue })).json, { ready: true })
      const { detail: fault } = problem(yield* ask("/ready?exclude=everything", { overdue }), 400)
      assert.match(fault, /exclude/)
    })
  )

  it.live("answers a fault of its own with 500, and no stack trace", () =>
    Effect.gen(function* () {
      const answer = yield* ask("/status", { status: Effect.die(new Error("token=hush")) })
      problem(answer, 500)
      assert.notMatch(answer.text, /hush|at .*\.ts|Error:/)
      assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
    })
  )

  it.live("answers a value that does not fit the contract with 500, and does not show it", () =>
    Effect.gen(function* () {
      const answer = yield* ask("/status", { status: Effect.succeed({ users: "hush" } as never) })
      problem(answer, 500)
      assert.notInclude(answer.text, "hush")
    })
  )

  it.live("answers a database failure with 503, and does not show it", () =>
    Effect.gen(function* () {
      const answer = yield* ask("/users", {
        users: () => Effect.fail(new DatabaseError({ message: "postgres://u:hush@db" }))
      })
      problem(answer, 503)
      assert.notInclude(answer.text, "hush")
    })
  )

  it.live("breaks off a list when the database fails in the middle, so that it cannot pass for a whole list", () =>
    Effect.gen(function* () {
      const user = (id: number) => ({
        login: "ann",
        id,
        githubId: null,
        state: "new",
        trackedAt: startedAt,
        checkedAt: null,
        failures: 0,
        retryAt: null,
        errorReason: null,
        errorMessage: null
      })
      const users = ({ after, limit }: { after: number; limit: number }) =>
        after === 0
          ? Effect.succeed(Array.from({ length: limit }, (_, n) => user(n + 1)))
          : Effect.fail(new DatabaseError({ message: "gone" }))
      const services = Layer.mergeAll(
        Layer.mock(Gitpip)({ users: users as never }),
        Layer.succeed(Worker, { dead: Effect.succeed([]), startedAt }),
        settingsOf({}),
        silent
      )
      const { dispose, handler } = toWebHandler(services)
      const outcome = yield* Effect.promise(async () => {
        const response = await handler(new Request("http://localhost/users"))
        return response.text().then(
          (text) => `whole: ${text.length}`,
          () => "broken off"
        )
      })
      yield* Effect.promise(dispose)
      assert.strictEqual(outcome, "broken off")
    })
  )
})
