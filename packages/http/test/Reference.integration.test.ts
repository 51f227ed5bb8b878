/** The page at `/docs` loads nothing from elsewhere, and its policy allows nothing else. */
import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { layerRunning, Running } from "./server.ts"

const directives = (policy: string): Record<string, ReadonlyArray<string>> =>
  Object.fromEntries(
    policy.split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ")
      return [name, sources]
    })
  )

layer(layerRunning(), { excludeTestServices: true })("/docs", (it) => {
  it.effect("may run the scripts that it holds, by their hashes, and no others", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { headers, status, text } = yield* call("GET", "/docs")
      assert.strictEqual(status, 200)
      assert.match(headers.get("content-type") ?? "", /^text\/html/)
      const scripts = [...text.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code = ""]) => code)
      assert.strictEqual(scripts.length, 2)
      const hashes = scripts.map((code) => `'sha256-${createHash("sha256").update(code).digest("base64")}'`)
      const policy = headers.get("content-security-policy") ?? ""
      assert.deepStrictEqual(directives(policy), {
        "default-src": ["'none'"],
        "script-src": hashes,
        "style-src": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"]
      })
      // Again, with the cached policy.
      assert.strictEqual((yield* call("GET", "/docs")).headers.get("content-security-policy"), policy)
    })
  )

  it.effect("loads no fonts, and offers to upload nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { text } = yield* call("GET", "/docs")
      const page = text.slice(text.lastIndexOf("<script>"))
      for (const wish of ['"withDefaultFonts":false', '"telemetry":false', '"hideClientButton":true']) {
        assert.include(page, wish)
      }
      const rest = text.replace(/<script>[\s\S]*?<\/script>/g, "")
      assert.notMatch(rest, /<(?:script|link|img|iframe|object|embed|base|form)[\s>]/)
    })
  )

  it.effect("has no part in the answers to HEAD", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const head = yield* call("HEAD", "/docs")
      assert.deepStrictEqual([head.status, head.text], [200, ""])
      assert.match(head.headers.get("content-security-policy") ?? "", /script-src 'sha256-/)
    })
  )
})
