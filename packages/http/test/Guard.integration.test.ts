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

    it.effect("takes no host of a caller's for a part of an address", () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const headers = { authorization: `Bearer ${key}` }
        for (const user of ["page-1/501", "page-2/502"]) yield* raw(origin, "POST", `/users/${user}`, headers)
        for (const host of ["gitpip.example", "[", "a b", "evil.example/x?y#", "@"]) {
          const path = "/users?limit=1&x=%0d%0aset-cookie:%20a=b"
          const answer = yield* raw(origin, "GET", path, { ...headers, host })
          assert.strictEqual(answer.status, 200, host)
          assert.match(
            answer.headers.link ?? "",
            /^<\/users\?limit=1&x=%0D%0Aset-cookie%3A\+a%3Db&after=\d+>; rel="next"$/
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
      for (const path of ["/assets", "/nowhere", "/users/a/b/c", "/latestgists", "/users/%ff"])
        problem(yield* call("GET", path), 404)
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

  it.effect("bears the security headers on every answer", () =>
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
        // Pages of other origins are allowed nothing, so that browsers keep the answers from them.
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

  it.effect("refuses changes that a page of another origin asks for, and lets it read nothing new", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const { host } = new URL(origin)
      const status = (method: string, path: string, headers: Record<string, string>) =>
        Effect.map(raw(origin, method, path, headers), (answer) => answer.status)
      for (const headers of [
        { "sec-fetch-site": "cross-site" },
        // Another port of this machine, where somebody else's program may serve pages.
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "odd" },
        { origin: "https://evil.example" },
        { origin: "http://127.0.0.1:1" },
        { origin: "http://localhost" },
        { origin: "null" },
        { origin: `http://${host}.evil.example` }
      ] as ReadonlyArray<Record<string, string>>) {
        assert.strictEqual(yield* status("POST", "/users/ann/78", headers), 403, JSON.stringify(headers))
        assert.strictEqual(yield* status("DELETE", "/users/ann", headers), 403)
        assert.strictEqual(yield* status("GET", "/users", headers), 200)
      }
      assert.strictEqual(yield* status("GET", "/users/ann", {}), 404)
      for (const headers of [
        { "sec-fetch-site": "same-origin" },
        { "sec-fetch-site": "none" },
        { origin },
        { "sec-fetch-site": "same-origin", origin }
      ] as ReadonlyArray<Record<string, string>>) {
        assert.include([200, 201], yield* status("POST", "/users/ann/78", headers), JSON.stringify(headers))
      }
    })
  )

  it.effect("does nothing for a page of another origin, but opens for a person who follows its link", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const ask = (path: string, site: string, dest: string) =>
        Effect.map(
          raw(origin, "GET", path, { "sec-fetch-site": site, "sec-fetch-dest": dest }),
          (answer) => answer.status
        )
      // A page that cannot read answers can still use up GitHub's limit with previews, and connections with streams.
      for (const path of ["/users/ann/preview", "/files/1/preview", "/status", "/assets/x/main.js"]) {
        for (const dest of ["image", "empty", "script", "iframe"]) {
          assert.strictEqual(yield* ask(path, "cross-site", dest), 403, `${path} ${dest}`)
        }
      }
      for (const path of ["/", "/docs", "/status"]) {
        assert.strictEqual(yield* ask(path, "cross-site", "document"), 200, path)
        assert.strictEqual(yield* ask(path, "same-origin", "empty"), 200, path)
      }
    })
  )

  it.effect(
    "answers to names of this machine alone, so that no page can read it by having its own name lead here",
    () =>
      Effect.gen(function* () {
        const { origin } = yield* Running
        const { port } = new URL(origin)
        for (const host of [
          "evil.example",
          "0.0.0.0",
          "10.0.0.1",
          "localhost.",
          "localhost.evil.example",
          "127.0.0.1.nip.io"
        ]) {
          for (const named of [host, `${host}:${port}`]) {
            for (const path of ["/users", "/status", "/metrics", "/docs", "/openapi.json", "/nowhere"]) {
              const answer = yield* raw(origin, "GET", path, { host: named })
              assert.strictEqual(answer.status, 421, `${named}${path}`)
              assert.notInclude(answer.text, host)
            }
            assert.strictEqual((yield* raw(origin, "POST", "/users/eve/666", { host: named })).status, 421)
          }
        }
        for (const host of [
          "[",
          "a b",
          "@localhost",
          "localhost@evil.example",
          "evil.example#localhost",
          "localhost:80:80"
        ]) {
          assert.strictEqual((yield* raw(origin, "GET", "/users", { host })).status, 421, host)
        }
        const nameless = "GET /users HTTP/1.1\r\nhost: \r\nconnection: close\r\n\r\n"
        assert.strictEqual(parse(yield* bytes(origin, nameless)).status, 421)
        // The target's own authority counts, whatever `Host` says.
        assert.strictEqual((yield* raw(origin, "GET", "http://evil.example/users", { host: "localhost" })).status, 421)
        // What a page can write into its requests to its own origin changes nothing.
        const forwarded = { host: "evil.example", "x-forwarded-host": "localhost", "x-forwarded-for": "127.0.0.1" }
        assert.strictEqual((yield* raw(origin, "GET", "/users", forwarded)).status, 421)
        for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"]) {
          for (const named of [host, `${host}:${port}`, `${host}:9000`]) {
            assert.strictEqual((yield* raw(origin, "GET", "/users", { host: named })).status, 200, named)
          }
        }
        // A supervisor may call it what it likes.
        for (const path of ["/health", "/ready"]) {
          assert.strictEqual((yield* raw(origin, "GET", path, { host: "gitpip.internal" })).status, 200)
        }
        assert.strictEqual((yield* raw(origin, "GET", "/users/eve")).status, 404)
      })
  )

  it.effect("outlives garbage on the wire, and answers it with a problem", () =>
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
