import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { bytes, chunked, parse, raw } from "./raw.ts"
import { layerRunning, problem, Running } from "./server.ts"

const key = "a long and secret key".replaceAll(" ", "-")

layer(layerRunning({ GITPIP_API_KEY: key, GITPIP_RATE_LIMIT: "none" }), { excludeTestServices: true })(
  "with a key",
  (it) => {
    const everything = [
      ["GET", "/users"],
      ["GET", "/users/ann"],
      ["DELETE", "/users/ann"],
      ["POST", "/users/ann/1"],
      ["POST", "/users/ann"],
      ["GET", "/users/ann/preview"],
      ["POST", "/latestgists/ann"],
      ["GET", "/users/ann/visits/1"],
      ["GET", "/users/ann/gists"],
      ["POST", "/scans"],
      ["GET", "/scans"],
      ["GET", "/scans/1"],
      ["GET", "/publications"],
      ["GET", "/publications/1"],
      ["POST", "/publications/1/retry"],
      ["POST", "/publications/retry"],
      ["GET", "/status"],
      ["GET", "/metrics"],
      ["GET", "/events"],
      ["GET", "/news"],
      ["GET", "/days"],
      ["GET", "/files/1/preview"],
      ["POST", "/session"],
      ["DELETE", "/session"],
      ["POST", "/users/ann"],
      ["GET", "/openapi.json"],
      ["GET", "/docs"],
      ["GET", "/nowhere"],
      ["PUT", "/users"],
      ["OPTIONS", "/users"],
      ["GET", "/users/a%20b"],
      ["GET", "//status"],
      ["GET", "/health/../status"],
      ["GET", "/health/"],
      ["GET", "/health;/x"]
    ] as const

    it.effect("asks for the key everywhere but at /health and /ready, before anything else", () =>
      Effect.gen(function* () {
        const { call } = yield* Running
        const sql = yield* SqlClient.SqlClient
        for (const [method, path] of everything) {
          for (const authorization of [
            undefined,
            "",
            "Bearer",
            "Bearer ",
            `Bearer ${key}x`,
            `Bearer ${key.slice(1)}`,
            key,
            `Basic ${key}`,
            "Bearer \u00e9"
          ]) {
            const answer = yield* call(method, path, authorization === undefined ? {} : { headers: { authorization } })
            problem(answer, 401)
            assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer/)
            assert.notInclude(answer.text, key)
          }
        }
        assert.deepStrictEqual(
          yield* sql`select 1 from users union all select 1 from scans union all select 1 from visits`,
          []
        )
        assert.strictEqual((yield* call("GET", "/health")).text, "Alive")
        assert.strictEqual((yield* call("GET", "/health?x=1")).text, "Alive")
        assert.strictEqual((yield* call("GET", "/ready")).status, 200)
      })
    )

    it.effect("opens to the key", () =>
      Effect.gen(function* () {
        const { call } = yield* Running
        for (const authorization of [`Bearer ${key}`, `bearer ${key}`, `Bearer   ${key}`]) {
          for (const path of ["/users", "/status", "/metrics", "/openapi.json", "/docs"]) {
            assert.strictEqual((yield* call("GET", path, { headers: { authorization } })).status, 200, path)
          }
          problem(yield* call("GET", "/nowhere", { headers: { authorization } }), 404)
        }
      })
    )

    it.effect("never uses a caller's host as a part of an address", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const headers = { authorization: `Bearer ${key}` }
        for (const user of ["page-1/501", "page-2/502"]) yield* raw(origin, "POST", `/users/${user}`, headers)
        for (const host of ["gitpip.example", "[", "a b", "evil.example/x?y#", "@"]) {
          const path = "/users?limit=1&_=%0d%0aset-cookie:%20a=b"
          const answer = yield* raw(origin, "GET", path, { ...headers, host })
          assert.strictEqual(answer.status, 200, host)
          assert.match(
            answer.headers.link ?? "",
            /^<\/users\?limit=1&_=%0D%0Aset-cookie%3A\+a%3Db&after=\d+>; rel="next"$/
          )
          assert.notProperty(answer.headers, "set-cookie")
        }
      })
    )
  }
)

layer(layerRunning(), { excludeTestServices: true })("without a key", (it) => {
  it.effect("answers unknown addresses with 404 and wrong methods with 405", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const path of ["/assets", "/nowhere", "/users/a/b/c", "/latestgists"]) problem(yield* call("GET", path), 404)
      const allowed = [
        ["PUT", "/users", "GET, HEAD, OPTIONS"],
        ["PATCH", "/users/ann", "DELETE, GET, HEAD, OPTIONS, POST"],
        ["POST", "/", "GET, HEAD, OPTIONS"],
        ["GET", "/session", "DELETE, OPTIONS, POST"],
        ["GET", "/users/ann/1", "OPTIONS, POST"],
        ["GET", "/latestgists/ann", "OPTIONS, POST"],
        ["DELETE", "/scans", "GET, HEAD, OPTIONS, POST"],
        ["POST", "/health", "GET, HEAD, OPTIONS"],
        ["POST", "/docs", "GET, HEAD, OPTIONS"],
        ["POST", "/openapi.json", "GET, HEAD, OPTIONS"],
        ["PROPFIND", "/users", "GET, HEAD, OPTIONS"]
      ] as const
      for (const [method, path, allow] of allowed) {
        const answer = yield* call(method, path)
        assert.include(problem(answer, 405).detail, allow)
        assert.strictEqual(answer.headers.get("allow"), allow)
        const options = yield* call("OPTIONS", path)
        assert.deepStrictEqual([options.status, options.headers.get("allow"), options.text], [204, allow, ""])
      }
      problem(yield* call("OPTIONS", "/nowhere"), 404)
    })
  )

  it.effect("answers HEAD like GET without the body", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const path of ["/health", "/users", "/status", "/openapi.json"]) {
        const head = yield* call("HEAD", path)
        assert.deepStrictEqual([head.status, head.text], [200, ""], path)
        assert.strictEqual(head.headers.get("content-type"), (yield* call("GET", path)).headers.get("content-type"))
      }
      assert.strictEqual((yield* call("HEAD", "/nowhere")).status, 404)
    })
  )

  it.effect("sends the security headers with every answer", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      for (const [method, path, status] of [
        ["GET", "/health", 200],
        ["GET", "/users", 200],
        ["GET", "/metrics", 200],
        ["GET", "/openapi.json", 200],
        ["GET", "/nowhere", 404],
        ["OPTIONS", "/users", 204],
        ["PUT", "/users", 405],
        ["GET", "/users/a%20b", 400],
        ["GET", "/users/nobody", 404],
        ["GET", `/users/${"a".repeat(9_000)}`, 414]
      ] as const) {
        const answer = yield* call(method, path)
        assert.strictEqual(answer.status, status, path)
        for (const [name, value] of Object.entries(securityHeaders)) {
          assert.strictEqual(answer.headers.get(name), value, `${name} of ${path}`)
        }
        assert.strictEqual(answer.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'")
        // No CORS header, so browsers hide the answers from pages of other origins.
        assert.deepStrictEqual(
          [...answer.headers.keys()].filter((name) => name.startsWith("access-control-") || name === "server"),
          []
        )
      }
      const page = yield* call("GET", "/docs")
      for (const [name, value] of Object.entries(securityHeaders)) assert.strictEqual(page.headers.get(name), value)
      const preflight = yield* raw(origin, "OPTIONS", "/users/ann/1", {
        origin: "https://evil.example",
        "access-control-request-method": "POST"
      })
      assert.notMatch(Object.keys(preflight.headers).join(), /access-control/)
    })
  )

  it.effect("ignores small bodies, and refuses large ones, announced or not", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      assert.strictEqual((yield* call("POST", "/scans", { body: "x".repeat(64 * 1024) })).status, 202)
      assert.strictEqual(
        (yield* call("POST", "/scans", { body: "{}", headers: { "content-type": "text/odd" } })).status,
        202
      )
      assert.strictEqual(yield* chunked(`${origin}/scans`, 60), 202)

      const scans = (yield* call("GET", "/scans")).json.length
      problem(yield* call("POST", "/scans", { body: "x".repeat(64 * 1024 + 1) }), 413)
      problem(yield* call("POST", "/users/ann/77", { body: "x".repeat(1_000_000) }), 413)
      assert.strictEqual(yield* chunked(`${origin}/users/ann/77`, 100), 413)
      assert.strictEqual((yield* call("GET", "/scans")).json.length, scans)
      problem(yield* call("GET", "/users/ann"), 404)
    })
  )

  it.effect("survives garbage on the wire, and answers with a problem", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const long = "a".repeat(20_000)
      for (const [sent, status] of [
        ["GET /health HTTP/1.1\r\nbroken\r\n\r\n", 400],
        ["GET /health HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400],
        ["GET /health HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400],
        ["\u0016\u0003\u0001\u0002\u0000\u0001", 400],
        [`GET /users/${long} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
        [`GET /users/${long}`, 414],
        [`GET /users HTTP/1.1\r\nhost: x\r\nx-long: ${long}\r\n\r\n`, 431]
      ] as const) {
        const answer = parse(yield* bytes(origin, sent))
        const shown = `${sent.slice(0, 60)}: ${answer.status} ${answer.text}`
        assert.strictEqual(answer.status, status, shown)
        assert.strictEqual(answer.headers["content-type"], "application/problem+json", shown)
        assert.strictEqual(answer.headers["x-content-type-options"], "nosniff")
        const body = JSON.parse(answer.text)
        assert.deepStrictEqual([body.status, typeof body.title, typeof body.detail], [status, "string", "string"])
      }
      // Node answers a request without a host by itself, and in its own form.
      assert.match(yield* bytes(origin, "GET /users HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400/)
      assert.strictEqual((yield* call("GET", "/health")).text, "Alive")
    })
  )

  it.effect("refuses addresses that are too long", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      problem(yield* call("GET", `/users?x=${"a".repeat(9_000)}`), 414)
      problem(yield* call("POST", `/users/${"a".repeat(9_000)}/1`), 414)
      problem(yield* call("GET", `/users/${"a".repeat(8_000)}`), 400)
    })
  )
})

const securityHeaders = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY"
}
