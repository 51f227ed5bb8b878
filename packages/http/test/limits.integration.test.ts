/** The limits of one client, which no other client pays for. */
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { raw } from "./raw.ts"
import { layerRunning, logged, problem, Running } from "./server.ts"

/** The server's clock stands still, so that no test gets a request back by being slow. */
const layerStandingClock = Layer.sync(Clock.Clock, () => {
  const clock = Clock.Clock.defaultValue()
  const at = clock.currentTimeMillisUnsafe()
  const standing = { currentTimeMillisUnsafe: () => at, currentTimeMillis: Effect.succeed(at) }
  return Object.assign(Object.create(clock) as Clock.Clock, standing)
})

const layerLimited = (env: Record<string, string>) => Layer.provide(layerRunning(env), layerStandingClock)

const tooMany = "urn:gitpip:problem:too-many-requests"
const statuses = (calls: ReadonlyArray<Effect.Effect<{ readonly status: number }>>) =>
  Effect.map(Effect.all(calls), (answers) => answers.map(({ status }) => status))
const times = <A>(n: number, one: A): Array<A> => Array.from({ length: n }, () => one)

layer(layerLimited({ GITPIP_RATE_LIMIT: "5" }), { excludeTestServices: true })("a client", (it) => {
  it.effect("that asks too often gets 429, which says when to ask again", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.deepStrictEqual(yield* statuses(times(5, call("GET", "/users"))), times(5, 200))
      for (const [method, path] of [
        ["GET", "/users"],
        ["POST", "/users/ann/1"],
        ["GET", "/nowhere"],
        ["GET", "/docs"],
        ["OPTIONS", "/users"]
      ] as const) {
        const answer = yield* call(method, path)
        const { detail, type } = problem(answer, 429)
        assert.strictEqual(type, tooMany)
        assert.strictEqual(answer.headers.get("retry-after"), "12")
        assert.include(detail, "5 requests a minute")
        assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
      }
      // A supervisor at the same address always gets its answer, and uses up no requests.
      assert.deepStrictEqual(yield* statuses(times(20, call("GET", "/health"))), times(20, 200))
      assert.deepStrictEqual(yield* statuses(times(20, call("GET", "/ready"))), times(20, 200))
    })
  )

  it.effect("cannot pose as another client by a header", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const { status } = yield* raw(origin, "GET", "/users", { "x-forwarded-for": "198.51.100.9" })
      assert.strictEqual(status, 429)
    })
  )
})

layer(layerLimited({ GITPIP_RATE_LIMIT: "2", GITPIP_TRUSTED_PROXIES: "127.0.0.0/8" }), { excludeTestServices: true })(
  "clients behind a proxy that is trusted",
  (it) => {
    it.effect("are limited each for itself, by address or by IPv6 network", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const from = (address: string) => raw(origin, "GET", "/users", { "x-forwarded-for": address })
        assert.deepStrictEqual(yield* statuses(times(3, from("198.51.100.1"))), [200, 200, 429])
        assert.deepStrictEqual(yield* statuses([from("203.0.113.5, 198.51.100.1")]), [429])
        assert.deepStrictEqual(yield* statuses(times(3, from("198.51.100.2"))), [200, 200, 429])
        assert.deepStrictEqual(
          yield* statuses(["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"].map(from)),
          [200, 200, 429, 200]
        )
      })
    )
  }
)

const key = "hush-right-key"
const withKey = { authorization: `Bearer ${key}` }
const wrong = { authorization: "Bearer guess" }

layer(layerLimited({ GITPIP_API_KEY: key, GITPIP_TRUSTED_PROXIES: "127.0.0.1" }), { excludeTestServices: true })(
  "a client that sends wrong keys",
  (it) => {
    const from = (origin: string, address: string, headers: Record<string, string>) =>
      raw(origin, "GET", "/users", { ...headers, "x-forwarded-for": address })

    it.effect("has ten tries, and then no key of that address is even compared", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        assert.deepStrictEqual(yield* statuses(times(12, from(origin, "198.51.100.1", wrong))), [
          ...times(10, 401),
          429,
          429
        ])
        const right = yield* from(origin, "198.51.100.1", withKey)
        assert.strictEqual(right.status, 429)
        assert.strictEqual(JSON.parse(right.text).type, tooMany)
        assert.strictEqual(right.headers["retry-after"], "6")
        // Other clients are not blocked.
        assert.strictEqual((yield* from(origin, "198.51.100.2", withKey)).status, 200)
        // Nor is a supervisor.
        assert.strictEqual((yield* raw(origin, "GET", "/ready", { "x-forwarded-for": "198.51.100.1" })).status, 200)
      })
    )

    it.effect("is not one that sends no key, or the right key", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        assert.deepStrictEqual(yield* statuses(times(30, from(origin, "198.51.100.3", {}))), times(30, 401))
        assert.deepStrictEqual(yield* statuses(times(30, from(origin, "198.51.100.3", withKey))), times(30, 200))
      })
    )
  }
)

layer(layerLimited({ GITPIP_API_KEY: key }), { excludeTestServices: true })("a block", (it) => {
  it.effect("is logged once, with the client and without the key", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (let n = 0; n < 15; n++) yield* call("GET", "/users", { headers: wrong })
      assert.deepStrictEqual(
        logged.filter((line) => line.startsWith("http.client_blocked")),
        ['http.client_blocked {"client":"127.0.0.1"}']
      )
      assert.notInclude(logged.join("\n"), "guess")
    })
  )
})
