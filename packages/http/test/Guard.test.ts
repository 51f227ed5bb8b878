import { request as nodeRequest } from "node:http"
import { connect } from "node:net"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { layerRunning, problem, Running } from "./server.ts"

const key = "a long and secret key".replaceAll(" ", "-")

layer(layerRunning({ GITPIP_API_KEY: key }), { excludeTestServices: true })("with a key", (it) => {
  const everything = [
    ["GET", "/users"],
    ["GET", "/users/ann"],
    ["DELETE", "/users/ann"],
    ["POST", "/users/ann/1"],
    ["POST", "/latestgists/ann"],
    ["GET", "/users/ann/visits/1"],
    ["GET", "/users/ann/gists"],
    ["POST", "/scans"],
    ["GET", "/scans"],
    ["GET", "/scans/1"],
    ["GET", "/publications"],
    ["GET", "/publications/1"],
    ["POST", "/publications/1/retry"],
    ["GET", "/status"],
    ["GET", "/metrics"],
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

  it.effect("asks for it everywhere but at /health and /ready, before anything else", () =>
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

  it.effect("opens to it", () =>
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
})

layer(layerRunning(), { excludeTestServices: true })("without a key", (it) => {
  it.effect("answers unknown addresses with 404 and wrong methods with 405", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const path of ["/", "/nowhere", "/users/a/b/c", "/latestgists", "/users/%ff"])
        problem(yield* call("GET", path), 404)
      const allowed = [
        ["PUT", "/users", "GET, HEAD, OPTIONS"],
        ["PATCH", "/users/ann", "DELETE, GET, HEAD, OPTIONS"],
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

  it.effect("bears the security headers on every answer", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const path of ["/health", "/users", "/docs", "/nowhere", "/users/a%20b", "/users/nobody"]) {
        const { headers } = yield* call("GET", path)
        assert.deepStrictEqual(
          ["x-content-type-options", "cache-control", "referrer-policy"].map((name) => headers.get(name)),
          ["nosniff", "no-store", "no-referrer"],
          path
        )
      }
    })
  )

  it.effect("takes small bodies that nobody asked for, and refuses large ones, announced or not", () =>
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

  it.effect("refuses changes that a page of another site asks for, and lets it read nothing new", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const crossSite = (method: string, path: string) => raw(origin, method, path, { "sec-fetch-site": "cross-site" })
      assert.strictEqual(yield* crossSite("POST", "/users/ann/78"), 403)
      assert.strictEqual(yield* crossSite("DELETE", "/users/ann"), 403)
      assert.strictEqual(yield* crossSite("GET", "/users"), 200)
      assert.strictEqual(yield* raw(origin, "POST", "/users/ann/78", { "sec-fetch-site": "same-origin" }), 201)
    })
  )

  it.effect("outlives garbage on the wire", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const answer = yield* bytes(origin, "GET /health HTTP/1.1\r\nbroken\r\n\r\n")
      assert.match(answer, /^HTTP\/1\.1 400/)
      const long = yield* bytes(origin, `GET /users/${"a".repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)
      assert.match(long, /^HTTP\/1\.1 431/)
      assert.strictEqual((yield* call("GET", "/health")).text, "Alive")
    })
  )
})

/** `fetch` forbids these headers. */
const raw = (origin: string, method: string, path: string, headers: Record<string, string>) =>
  Effect.callback<number>((resume) => {
    nodeRequest(`${origin}${path}`, { method, headers }, (response) => {
      response.resume()
      response.on("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
    }).end()
  })

/** A body of so many KiB whose length is not announced. */
const chunked = (url: string, kibibytes: number) =>
  Effect.callback<number>((resume) => {
    const request = nodeRequest(url, { method: "POST" }, (response) => {
      response.resume()
      resume(Effect.succeed(response.statusCode ?? 0))
    })
    // The server may close before everything is written, which is its right.
    request.on("error", () => undefined)
    for (let n = 0; n < kibibytes; n++) request.write("x".repeat(1024))
    request.end()
  })

const bytes = (origin: string, text: string) =>
  Effect.callback<string>((resume) => {
    const { hostname, port } = new URL(origin)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let answer = ""
    socket.setEncoding("utf8").on("data", (part) => (answer += part))
    socket.on("close", () => resume(Effect.succeed(answer)))
  })
