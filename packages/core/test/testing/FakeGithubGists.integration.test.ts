/** Gists, files and accounts of the GitHub fake. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { github, idsOf, LIST } from "./github.ts"
import { ask } from "./http.ts"

describe("gists", () => {
  it.effect("A gist keeps any file name", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const names = [
        "__proto__",
        "constructor",
        "zero\u0000",
        "\ud800 half",
        "new\nline",
        "n".repeat(300),
        "../up",
        "%"
      ]
      const id = fake.addGist("octocat", { files: {} })
      for (const name of names) fake.addFile(id, name, `content of ${name.length}`)
      const { json } = yield* ask(fake, `/gists/${id}`)
      assert.deepStrictEqual(Object.keys(json.files), names)
      for (const name of names) {
        const { content, filename, raw_url } = Object.getOwnPropertyDescriptor(json.files, name)?.value ?? {}
        assert.deepStrictEqual([filename, content], [name, `content of ${name.length}`])
        assert.strictEqual((yield* ask(fake, raw_url)).text, content)
      }
    })
  )

  it.effect("A gist shows large content in part, cut between characters, and the raw address has all of it", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const content = `a${"é".repeat(600_000)}`
      const id = fake.addGist("octocat", { files: { "large.txt": content, "small.txt": "é" } })
      const { files } = (yield* ask(fake, `/gists/${id}`)).json
      assert.strictEqual(files["large.txt"].size, 1_200_001)
      assert.isTrue(files["large.txt"].truncated)
      assert.strictEqual(Buffer.byteLength(files["large.txt"].content), 1024 * 1024 - 1)
      assert.isTrue(content.startsWith(files["large.txt"].content))
      assert.isFalse(files["small.txt"].truncated)
      assert.isTrue((yield* ask(fake, files["large.txt"].raw_url)).text === content)
    })
  )

  it.effect("A gist shows no content of files behind a large one, when the option says so", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ behindLarge: "none" })
      const id = fake.addGist("octocat", {
        files: { "a.txt": "a", "large.txt": "l".repeat(1_100_000), "z.txt": "z" }
      })
      const { files } = (yield* ask(fake, `/gists/${id}`)).json
      assert.strictEqual(files["a.txt"].content, "a")
      assert.deepStrictEqual([files["z.txt"].truncated, files["z.txt"].content], [true, ""])
      assert.strictEqual((yield* ask(fake, files["z.txt"].raw_url)).text, "z")
    })
  )

  it.effect("Secret gists are listed to their own user, as secret, and in no feed", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ self: "Octocat" })
      const secret = fake.addGist("octocat", { files: { "a.txt": "" }, public: false, createdAt: 0 })
      const turned = fake.addGist("octocat", { files: { "b.txt": "" }, createdAt: 60_000 })
      const listed = Effect.map(ask(fake, LIST), ({ json }) =>
        json.map((gist: { readonly id: string; readonly public: boolean }) => [gist.id, gist.public])
      )
      assert.deepStrictEqual(yield* listed, [
        [turned, true],
        [secret, false]
      ])
      assert.deepStrictEqual(idsOf(yield* ask(fake, "/gists/public")), [turned])
      fake.setPublic(turned, false)
      assert.deepStrictEqual(yield* listed, [
        [turned, false],
        [secret, false]
      ])
      assert.deepStrictEqual(idsOf(yield* ask(fake, "/gists/public")), [])
      fake.deleteGist(turned)
      assert.deepStrictEqual(yield* listed, [[secret, false]])
    })
  )

  it.effect("Bytes that are no text are shown in base64", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const bytes = new Uint8Array([0xff, 0x00, 0x01])
      const zero = Buffer.from("a\0")
      const id = fake.addGist("octocat", { files: { a: bytes, b: Buffer.from("text"), c: zero, d: "a\0" } })
      const { files } = (yield* ask(fake, `/gists/${id}`)).json
      assert.deepInclude(files.a, { encoding: "base64", content: "/wAB", size: 3 })
      assert.deepInclude(files.b, { encoding: "utf-8", content: "text" })
      assert.deepInclude(files.c, { encoding: "base64", content: "YQA=" })
      // What a test wrote as text is text.
      assert.deepInclude(files.d, { encoding: "utf-8", content: "a\0" })
    })
  )

  it.effect("An edit changes the raw address, which names content as git does, and the old address stays", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const id = fake.addGist("octocat", { files: { a: "hello\n" } })
      const url = Effect.map(ask(fake, `/gists/${id}`), ({ json }) => json.files.a.raw_url)
      const before: string = yield* url
      // `echo hello | git hash-object --stdin`
      assert.include(before, "/ce013625030ba8dba906f756967f9e9ca394464a/a")
      fake.editFile(id, "a", "edited")
      assert.notStrictEqual(yield* url, before)
      assert.strictEqual((yield* ask(fake, before)).text, "hello\n")
      fake.deleteGist(id)
      assert.strictEqual((yield* ask(fake, before)).status, 404)
    })
  )

  it.effect("The raw address refuses content of more than 10 MB", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ rawOrigin: "http://raw.example:1" })
      const id = fake.addGist("octocat", { files: { a: Buffer.alloc(10 * 1024 * 1024 + 1, "a") } })
      const { pathname, origin } = new URL((yield* ask(fake, `/gists/${id}`)).json.files.a.raw_url)
      assert.strictEqual(origin, "http://raw.example:1")
      assert.strictEqual((yield* ask(fake, pathname)).status, 403)
    })
  )

  it.effect("A gist that becomes secret leaves the lists and stays readable by its id", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 2)
      yield* TestClock.adjust("1 day")
      fake.editFile(ids[0] ?? "", "a.txt", "edited")
      fake.setPublic(ids[0] ?? "", false)
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), [ids[1]])
      assert.deepStrictEqual(idsOf(yield* ask(fake, "/gists/public")), [ids[1]])
      assert.isFalse((yield* ask(fake, `/gists/${ids[0]}`)).json.public)
      fake.setPublic(ids[0] ?? "", true)
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ids.toReversed())
    })
  )

  it.effect("A blocked gist says that it is blocked", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      fake.blockGist(ids[0] ?? "")
      const answer = yield* ask(fake, `/gists/${ids[0]}`)
      assert.deepStrictEqual([answer.status, answer.json.block.reason], [403, "dmca"])
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ids)
    })
  )
})

describe("accounts", () => {
  it.effect("A renamed account keeps its number and frees its old name", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      const byNumber = Effect.map(ask(fake, "/user/42/gists"), ({ headers }) => headers.get("etag"))
      const etag = yield* byNumber
      fake.renameUser("octocat", "hubot")
      assert.notStrictEqual(yield* byNumber, etag)
      assert.strictEqual((yield* ask(fake, LIST)).status, 404)
      assert.strictEqual((yield* ask(fake, "/user/42")).json.login, "hubot")
      const [gist] = (yield* ask(fake, "/users/hubot/gists")).json
      assert.strictEqual(gist.html_url, `https://gist.github.com/hubot/${ids[0]}`)
      fake.addUser("octocat", { id: 43 })
      assert.deepStrictEqual((yield* ask(fake, LIST)).json, [])
    })
  )

  it.effect("A suspended or removed account is answered as if it did not exist", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 2)
      const paths = [LIST, "/user/42/gists", "/users/octocat", `/gists/${ids[0]}`]
      const statuses = Effect.forEach(paths, (path) => Effect.map(ask(fake, path), ({ status }) => status))
      fake.suspend("octocat", true)
      assert.deepStrictEqual(yield* statuses, [404, 404, 404, 404])
      assert.deepStrictEqual((yield* ask(fake, "/gists/public")).json, [])
      fake.suspend("octocat", false)
      assert.deepStrictEqual(yield* statuses, [200, 200, 200, 200])
      assert.lengthOf((yield* ask(fake, "/gists/public")).json, 2)
      fake.removeUser("octocat")
      assert.deepStrictEqual(yield* statuses, [404, 404, 404, 404])
      assert.deepStrictEqual((yield* ask(fake, "/gists/public")).json, [])
    })
  )

  it.effect("A name that a test misspells is an error, not an empty result", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      assert.throws(() => fake.addGist("octocta", { files: {} }), /no user "octocta"/)
      assert.throws(() => fake.addUser("OCTOCAT"), /already/)
      assert.throws(() => fake.deleteGist("none"), /no gist/)
    })
  )
})
