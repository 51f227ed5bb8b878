/** The shell and its parts: without data, compressed, cached by browsers, and with a strict policy. */
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { raw } from "./raw.ts"
import { found, layerRunning, problem, Running } from "./server.ts"

const key = "a-long-and-secret-key"

const partsOf = (html: string) =>
  [...html.matchAll(/(?:href|src)="\.(\/assets\/[^"]+)"/g)].map(([, path]) => path as string)

for (const env of [{}, { GITPIP_API_KEY: key }] as ReadonlyArray<Record<string, string>>) {
  layer(layerRunning(env), { excludeTestServices: true })(
    `the page, ${"GITPIP_API_KEY" in env ? "with" : "without"} a key`,
    (it) => {
      it.effect("is served to anybody, and says nothing but whether it asks for a key", () =>
        Effect.gen(function* () {
          const { call } = yield* Running
          yield* found("ann", 1)
          const page = yield* call("GET", "/")
          assert.strictEqual(page.status, 200)
          assert.strictEqual(page.headers.get("content-type"), "text/html; charset=utf-8")
          assert.notInclude(page.text, "ann-")
          assert.include(page.text, `name="gitpip-key" content="${"GITPIP_API_KEY" in env ? "asked" : "none"}"`)
          for (const part of partsOf(page.text)) assert.strictEqual((yield* call("GET", part)).status, 200, part)
          if ("GITPIP_API_KEY" in env) problem(yield* call("GET", "/status"), 401)
        })
      )
    }
  )
}

layer(layerRunning(), { excludeTestServices: true })("the page", (it) => {
  it.effect("remembers its visitor", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const visit = (cookie?: string) =>
        Effect.map(call("GET", "/", cookie === undefined ? {} : { headers: { cookie } }), ({ headers, text }) => ({
          name: /name="gitpip-visitor" content="([^"]*)"/.exec(text)?.[1],
          cookie: headers.get("set-cookie") ?? ""
        }))
      const first = yield* visit()
      assert.match(first.cookie, /^gitpip_visitor=page-[\w-]{12}; Max-Age=31536000; Path=\/; HttpOnly; SameSite=Lax$/)
      assert.include(first.cookie, `=${first.name};`)
      assert.notStrictEqual((yield* visit()).name, first.name)
      assert.strictEqual((yield* visit(`a=b; ${first.cookie.split(";")[0]}`)).name, first.name)
      for (const odd of ['"><script>', "x".repeat(101), "%3Cb%3E", ""]) {
        assert.match((yield* visit(`gitpip_visitor=${odd}`)).name ?? "", /^page-[\w-]{12}$/, odd)
      }
    })
  )

  it.effect("may load from its own server alone, and holds no style or handler within elements", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { headers, text } = yield* call("GET", "/")
      const policy = headers.get("content-security-policy") ?? ""
      assert.match(policy, /^default-src 'none'; script-src 'self' 'sha256-[^']+'; style-src 'self'; /)
      assert.notInclude(policy, "unsafe")
      assert.notMatch(policy, /https?:|\*/)
      assert.notMatch(text, /\sstyle=|\son\w+=|https?:/)
      assert.strictEqual(headers.get("x-frame-options"), "DENY")
      assert.strictEqual(headers.get("cache-control"), "no-store")
    })
  )

  it.effect("gives its parts compressed as asked, to be kept for good", () =>
    Effect.gen(function* () {
      const { call, origin } = yield* Running
      const [part = ""] = partsOf((yield* call("GET", "/")).text).filter((path) => path.endsWith("main.js"))
      for (const [accept, coding] of [
        ["gzip, deflate, br, zstd", "br"],
        ["gzip", "gzip"],
        ["br;q=0, gzip;q=0.5", "gzip"],
        ["identity", undefined]
      ] as const) {
        const answer = yield* raw(origin, "GET", part, { "accept-encoding": accept })
        assert.strictEqual(answer.headers["content-encoding"], coding, accept)
        assert.strictEqual(answer.headers.vary, "accept-encoding")
        assert.strictEqual(answer.headers["cache-control"], "public, max-age=31536000, immutable")
        assert.match(answer.headers["content-security-policy"] ?? "", /^default-src 'none'/)
      }
      const bytes = async (accept: string) => {
        const { get } = await import("node:http")
        return new Promise<Buffer>((resolve, reject) => {
          get(`${origin}${part}`, { headers: { "accept-encoding": accept } }, (response) => {
            const chunks: Array<Buffer> = []
            response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)))
          }).on("error", reject)
        })
      }
      const plain = yield* Effect.promise(() => bytes("identity"))
      assert.include(plain.toString(), "EventSource")
      assert.deepStrictEqual(brotliDecompressSync(yield* Effect.promise(() => bytes("br"))), plain)
      assert.deepStrictEqual(gunzipSync(yield* Effect.promise(() => bytes("gzip"))), plain)
    })
  )

  it.effect("has no parts but its own", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const [part = ""] = partsOf((yield* call("GET", "/")).text)
      const folder = part.slice(0, part.lastIndexOf("/"))
      for (const path of [
        `${folder}/none.js`,
        `${folder}/..%2f..%2fpackage.json`,
        `${folder}/.tsbuildinfo`,
        `${folder}/main.d.ts`,
        "/assets/0123456789abcdef/main.js"
      ]) {
        problem(yield* call("GET", path), 404)
      }
      problem(yield* call("POST", "/"), 405)
    })
  )
})
