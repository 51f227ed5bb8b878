import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { githubToken, makeGithub, reasonOf, scripted, server } from "../net/clients.ts"
import { client, list } from "./support.ts"

describe("content", () => {
  it.effect("content is text, the beginning of a long text, or binary", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const id = fake.addGist("octocat", {
        description: "all kinds",
        files: {
          "a.txt": "text",
          "empty.txt": "",
          "long.txt": "x".repeat(1024 * 1024 + 1),
          "nul.txt": "a\0b",
          "a.bin": new Uint8Array([0, 255, 1]),
          "lone\ud800": "x"
        }
      })
      const { description, files } = yield* github.contents(id)
      assert.strictEqual(description, "all kinds")
      assert.deepStrictEqual(files.get("a.txt"), { _tag: "Text", text: "text", partial: false })
      assert.deepStrictEqual(files.get("empty.txt"), { _tag: "Text", text: "", partial: false })
      assert.deepStrictEqual(files.get("long.txt"), { _tag: "Text", text: "x".repeat(128 * 1024), partial: true })
      for (const name of ["nul.txt", "a.bin"]) assert.deepStrictEqual(files.get(name), { _tag: "Binary" })
      // The names are those of the list.
      const listed = (yield* list(github)).files.map(({ filename }) => filename)
      assert.deepStrictEqual([...files.keys()].toSorted(), listed.toSorted())
    })
  )

  it.effect("raw content is read up to the given number of bytes", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      fake.addGist("octocat", { files: { "a.txt": "0123456789", "b.bin": new Uint8Array([1, 0, 2]) } })
      const [text, binary] = (yield* list(github)).files.map(({ rawUrl }) => rawUrl ?? "")
      assert.deepStrictEqual(yield* github.raw(text ?? "", 10), { _tag: "Text", text: "0123456789", partial: false })
      assert.deepStrictEqual(yield* github.raw(text ?? "", 4), { _tag: "Text", text: "0123", partial: true })
      assert.deepStrictEqual(yield* github.raw(binary ?? "", 10), { _tag: "Binary" })
      assert.strictEqual((yield* github.raw("no address", 10))._tag, "Omitted")
    })
  )

  it.effect("raw content is read from githubusercontent.com without the token, and from no other foreign host", () =>
    Effect.gen(function* () {
      const { requests, transport } = scripted(() => new Response("content"))
      const github = yield* makeGithub("https://api.github.test", { transport })
      for (const host of ["gist.githubusercontent.com", "raw.githubusercontent.com", "githubusercontent.com"]) {
        assert.deepStrictEqual(yield* github.raw(`https://${host}/u/id/raw/sha/a.txt`, 100), {
          _tag: "Text",
          text: "content",
          partial: false
        })
        assert.notProperty(requests.pop()?.headers, "authorization")
      }
      for (const url of [
        "http://gist.githubusercontent.com/a",
        "https://evilgithubusercontent.com/a",
        "https://githubusercontent.com.evil.example/a",
        "https://evil.example/githubusercontent.com",
        `https://user:${githubToken}@gist.githubusercontent.com/a`,
        "https://user:pass@api.github.test/a",
        "https://api.github.test:8443/a",
        "http://api.github.test/a",
        "file:///etc/passwd",
        "data:text/plain,a"
      ]) {
        assert.strictEqual((yield* github.raw(url, 100))._tag, "Omitted", url)
      }
      assert.deepStrictEqual(requests, [])
      yield* github.raw("https://api.github.test/raw/a", 100)
      assert.strictEqual(requests[0]?.headers.authorization, `Bearer ${githubToken}`)
    })
  )

  it.effect("raw content to which GitHub redirects is read from githubusercontent.com without the token", () =>
    Effect.gen(function* () {
      const there = "https://gist.githubusercontent.com/u/raw"
      const { requests, transport } = scripted(({ host }) =>
        host === "api.github.test"
          ? new Response(null, { status: 302, headers: { location: there } })
          : new Response("content")
      )
      const github = yield* makeGithub("https://api.github.test", { transport })
      yield* github.raw("https://api.github.test/raw/a", 100)
      assert.deepStrictEqual(
        requests.map(({ headers, url }) => [url.host, headers.authorization]),
        [
          ["api.github.test", `Bearer ${githubToken}`],
          ["gist.githubusercontent.com", undefined]
        ]
      )
    })
  )
})

describe("an endless answer", () => {
  const endless = (write: (response: import("node:http").ServerResponse) => void, gone: Deferred.Deferred<void>) =>
    server((_request, response) => {
      response.on("close", () => Deferred.doneUnsafe(gone, Effect.void))
      response.on("error", () => undefined)
      write(response)
    })

  it.effect("an endless body is read up to its bound, and its connection is closed", () =>
    Effect.gen(function* () {
      const gone = yield* Deferred.make<void>()
      const chunk = Buffer.alloc(64 * 1024, "x")
      const { url } = yield* endless((response) => {
        const more = () => {
          while (!response.destroyed && response.write(chunk));
        }
        response.on("drain", more)
        more()
      }, gone)
      const github = yield* makeGithub(url)
      const content = yield* github.raw(`${url}/raw`, 100_000)
      assert.deepStrictEqual(content, { _tag: "Text", text: "x".repeat(100_000), partial: true })
      yield* Deferred.await(gone)
      // The beginning of a JSON text cannot be read.
      const reason = yield* reasonOf(list(github))
      assert.strictEqual(reason._tag, "Unexpected")
      assert.match(reason.message, /longer than 16777216 bytes/)
      // Fewer users might have a shorter response. When one user has none, GitHub does not answer.
      assert.strictEqual((yield* reasonOf(github.batch(["a", "b", "c", "d"])))._tag, "Unavailable")
      assert.strictEqual((yield* reasonOf(github.texts([{ node: "a" }])))._tag, "Unavailable")
    })
  )

  it.effect("the body of an error is read no further than errors are long", () =>
    Effect.gen(function* () {
      const messages = new Map<string, string>()
      for (const length of [60_000, 70_000]) {
        const { url } = yield* server((_request, response) => {
          response.writeHead(409, { "content-type": "application/json" })
          response.write(JSON.stringify({ message: "stated", padding: "x".repeat(length) }))
          response.end()
        })
        messages.set(`${length}`, (yield* reasonOf(list(yield* makeGithub(url)))).message)
      }
      assert.match(messages.get("60000") ?? "", /HTTP 409: stated/)
      assert.match(messages.get("70000") ?? "", /HTTP 409: HTTP 409/)
    })
  )

  it.effect("a compressed body that grows is bounded as well", () =>
    Effect.gen(function* () {
      const gone = yield* Deferred.make<void>()
      const bomb = gzipSync(Buffer.alloc(50_000_000, "x"))
      const { url } = yield* endless((response) => {
        response.writeHead(200, { "content-encoding": "gzip", "content-length": bomb.byteLength })
        response.end(bomb)
      }, gone)
      const content = yield* (yield* makeGithub(url)).raw(`${url}/raw`, 100_000)
      assert.isBelow(bomb.byteLength, 100_000)
      assert.deepStrictEqual(content, { _tag: "Text", text: "x".repeat(100_000), partial: true })
    })
  )
})
