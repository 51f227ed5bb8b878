/** Pages of other origins, in a browser on this machine, while the server has no key. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { bytes, parse, raw } from "./raw.ts"
import { layerRunning, Running } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("without a key", (it) => {
  it.effect("refuses changes that a page of another origin asks for, and lets it read nothing new", () =>
    Effect.gen(function* () {
      const { origin } = yield* Running
      const { host } = new URL(origin)
      const status = (method: string, path: string, headers: Record<string, string>) =>
        Effect.map(raw(origin, method, path, headers), (answer) => answer.status)
      for (const headers of [
        { "sec-fetch-site": "cross-site" },
        // Another port of this machine, where another program may serve pages.
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
    "answers only to names of this machine, so that no page can read it through a name of its own that leads here",
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
        // Headers that a page can set on requests to its own origin change nothing.
        const forwarded = { host: "evil.example", "x-forwarded-host": "localhost", "x-forwarded-for": "127.0.0.1" }
        assert.strictEqual((yield* raw(origin, "GET", "/users", forwarded)).status, 421)
        for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"]) {
          for (const named of [host, `${host}:${port}`, `${host}:9000`]) {
            assert.strictEqual((yield* raw(origin, "GET", "/users", { host: named })).status, 200, named)
          }
        }
        // A supervisor may use any name.
        for (const path of ["/health", "/ready"]) {
          assert.strictEqual((yield* raw(origin, "GET", path, { host: "gitpip.internal" })).status, 200)
        }
        assert.strictEqual((yield* raw(origin, "GET", "/users/eve")).status, 404)
      })
  )
})
