import { request } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { ask } from "./http.ts"

const LIST = "/users/octocat/gists"

const github = Effect.fnUntraced(function* (options?: FakeGithubOptions, gists = 0) {
  const fake = yield* FakeGithub.make(options)
  fake.addUser("octocat", { id: 42 })
  const ids = Array.from({ length: gists }, (_, n) =>
    fake.addGist("octocat", { files: { "a.txt": `${n}` }, createdAt: n * 60_000 })
  )
  return { fake, ids }
})

const token = (value: string) => ({ authorization: `Bearer ${value}` })

const idsOf = (answer: { readonly json: ReadonlyArray<{ readonly id: string }> }) => answer.json.map(({ id }) => id)

describe("lists", () => {
  it.effect("are newest created first, whatever was updated since", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 3)
      yield* TestClock.adjust("1 day")
      fake.editFile(ids[0] ?? "", "a.txt", "edited")
      const answer = yield* ask(fake, LIST)
      assert.deepStrictEqual(idsOf(answer), ids.toReversed())
      assert.strictEqual(answer.json[2].updated_at, "1970-01-02T00:00:00Z")
      assert.deepStrictEqual(idsOf(yield* ask(fake, "/gists/public")), ids.toReversed())
    })
  )

  it.effect("made within one second are ordered by id", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      for (const id of ["b", "d", "a", "c"]) fake.addGist("octocat", { id, files: {} })
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ["d", "c", "b", "a"])
      fake.deleteGist("b")
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ["d", "c", "a"])
    })
  )

  it.effect("find a user by login without case, and by number", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      for (const path of ["/users/OctoCat/gists", "/user/42/gists"]) {
        const answer = yield* ask(fake, path)
        assert.deepStrictEqual(idsOf(answer), ids)
        assert.strictEqual(answer.json[0].owner.login, "octocat")
      }
    })
  )

  it.effect("carry no content, and the cut-off mark for more than 300 files", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const files = Object.fromEntries(Array.from({ length: 301 }, (_, n) => [`${n}.txt`, "a"]))
      const id = fake.addGist("octocat", { files })
      const [listed] = (yield* ask(fake, LIST)).json
      const { json: whole } = yield* ask(fake, `/gists/${id}`)
      for (const gist of [listed, whole]) {
        assert.isTrue(gist.truncated)
        assert.lengthOf(Object.keys(gist.files), 300)
      }
      assert.notProperty(listed.files["0.txt"], "content")
      assert.notProperty(listed.files["0.txt"], "truncated")
      assert.strictEqual(whole.files["0.txt"].content, "a")
    })
  )

  it.effect("filter by the time of the last update, its own second included", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 3)
      yield* TestClock.adjust("1 day")
      fake.addFile(ids[0] ?? "", "b.txt", "new")
      const since = (text: string) => Effect.map(ask(fake, `${LIST}?since=${text}`), idsOf)
      assert.deepStrictEqual(yield* since("1970-01-01T00:02:00Z"), [ids[2], ids[0]])
      assert.deepStrictEqual(yield* since("1970-01-01T00:02:01Z"), [ids[0]])
    })
  )

  it.effect("clamp the page size to 100 and read nonsense as 30", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 101)
      const length = (size: string) => Effect.map(ask(fake, `${LIST}?per_page=${size}`), ({ json }) => json.length)
      assert.strictEqual(yield* length("1000"), 100)
      for (const nonsense of ["0", "x", "-1", "1.5"]) assert.strictEqual(yield* length(nonsense), 30)
    })
  )

  it.effect("link further pages by the user's number, on their own origin", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 5)
      const link = (query: string) => Effect.map(ask(fake, `${LIST}${query}`), ({ headers }) => headers.get("link"))
      const to = (page: number, rel: string) =>
        `<${fake.url.origin}/user/42/gists?per_page=2&page=${page}>; rel="${rel}"`
      assert.strictEqual(yield* link("?per_page=2"), `${to(2, "next")}, ${to(3, "last")}`)
      assert.strictEqual(
        yield* link("?per_page=2&page=2"),
        `${to(1, "prev")}, ${to(3, "next")}, ${to(3, "last")}, ${to(1, "first")}`
      )
      assert.strictEqual(yield* link("?per_page=2&page=3"), `${to(2, "prev")}, ${to(1, "first")}`)
      assert.isNull(yield* link("?per_page=5"))
    })
  )

  it.effect("are empty for a user without gists", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const answer = yield* ask(fake, LIST)
      assert.deepStrictEqual([answer.status, answer.text, answer.headers.get("link")], [200, "[]", null])
    })
  )

  it.effect("of all public gists end at 3,000", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 3005)
      const page = (n: number) => ask(fake, `/gists/public?per_page=100&page=${n}`)
      const last = yield* page(30)
      assert.lengthOf(last.json, 100)
      assert.notInclude(last.headers.get("link"), "next")
      assert.strictEqual((yield* page(31)).status, 422)
    })
  )
})

describe("validators", () => {
  it.effect("an unchanged list is a 304 without body and Link", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 2)
      const path = `${LIST}?per_page=1`
      const first = yield* ask(fake, path, { headers: token("t") })
      const etag = first.headers.get("etag") ?? ""
      assert.match(etag, /^W\/"[0-9a-f]{64}"$/)
      const again = () => ask(fake, path, { headers: { ...token("t"), "if-none-match": etag } })
      const unchanged = yield* again()
      assert.deepStrictEqual(
        [unchanged.status, unchanged.text, unchanged.headers.get("link"), unchanged.headers.get("etag")],
        [304, "", null, etag]
      )
      fake.editFile(ids[1] ?? "", "a.txt", "changed")
      assert.strictEqual((yield* again()).status, 200)
    })
  )

  it.effect("come back when a change is undone", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 2)
      const etag = Effect.map(ask(fake, LIST), ({ headers }) => headers.get("etag"))
      const before = yield* etag
      fake.setPublic(ids[0] ?? "", false)
      assert.notStrictEqual(yield* etag, before)
      fake.setPublic(ids[0] ?? "", true)
      assert.strictEqual(yield* etag, before)
    })
  )

  it.effect("change with the token, with Accept and with the page", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 2)
      const etags = yield* Effect.forEach(
        [
          ask(fake, LIST),
          ask(fake, LIST, { headers: token("a") }),
          ask(fake, LIST, { headers: token("b") }),
          ask(fake, LIST, { headers: { accept: "application/vnd.github+json" } }),
          ask(fake, `${LIST}?per_page=1`)
        ],
        Effect.map(({ headers }) => headers.get("etag"))
      )
      assert.strictEqual(new Set(etags).size, 5)
    })
  )

  it.effect("hold for single gists, profiles and the feed as well", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      const edit = () => fake.editFile(ids[0] ?? "", "a.txt", "edited")
      const rename = () => fake.renameUser("octocat", "Octocat")
      for (const [path, change] of [
        [`/gists/${ids[0]}`, edit],
        ["/users/octocat", () => fake.addGist("octocat", { files: {} })],
        ["/gists/public", rename],
        ["/gists/public", () => fake.removeFile(ids[0] ?? "", "a.txt")]
      ] as const) {
        const etag = (yield* ask(fake, path)).headers.get("etag") ?? ""
        assert.strictEqual((yield* ask(fake, path, { headers: { "if-none-match": `"x", ${etag}` } })).status, 304)
        change()
        assert.strictEqual((yield* ask(fake, path, { headers: { "if-none-match": etag } })).status, 200)
      }
    })
  )
})

describe("the door", () => {
  it.effect("refuses requests without a User-Agent", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const status = yield* Effect.promise(
        () =>
          new Promise<number | undefined>((done, failed) => {
            // `fetch` would add one.
            request(new URL(LIST, fake.url), (answer) => done(answer.resume().statusCode))
              .on("error", failed)
              .end()
          })
      )
      assert.strictEqual(status, 403)
    })
  )

  it.effect("refuses another token, and lets anonymous requests in", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ token: "good" })
      const wrong = yield* ask(fake, LIST, { headers: token("bad") })
      assert.strictEqual(wrong.status, 401)
      assert.deepStrictEqual(wrong.json, {
        message: "Bad credentials",
        documentation_url: "https://docs.github.com/rest",
        status: "401"
      })
      assert.strictEqual((yield* ask(fake, LIST, { headers: { authorization: "token good" } })).status, 200)
      assert.strictEqual((yield* ask(fake, LIST)).status, 200)
    })
  )

  it.effect("knows two versions, and answers each in its shape", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      const get = (path: string, version: string) => ask(fake, path, { headers: { "x-github-api-version": version } })
      const old = yield* get(`/gists/${ids[0]}`, "2022-11-28")
      assert.containsAllKeys(old.json, ["user", "forks", "history"])
      const current = yield* get(`/gists/${ids[0]}`, "2026-03-10")
      assert.doesNotHaveAnyKeys(current.json, ["user", "forks", "history"])
      assert.strictEqual(current.headers.get("x-github-api-version-selected"), "2026-03-10")
      assert.doesNotHaveAnyKeys((yield* get(LIST, "2026-03-10")).json[0], ["user"])
      assert.doesNotHaveAnyKeys((yield* get("/rate_limit", "2026-03-10")).json, ["rate"])
      assert.strictEqual((yield* get(LIST, "2021-01-01")).status, 400)
    })
  )

  it.effect("answers unknown things and trailing slashes with 404", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      for (const path of [
        "/users/nobody/gists",
        "/user/7/gists",
        "/gists/none",
        "/nowhere",
        `${LIST}/`,
        "/users/%ff"
      ]) {
        const answer = yield* ask(fake, path)
        assert.strictEqual(answer.status, 404, path)
        assert.deepStrictEqual(answer.json, {
          message: "Not Found",
          documentation_url: "https://docs.github.com/rest",
          status: "404"
        })
      }
    })
  )
})

describe("limits", () => {
  const remaining = (answer: { readonly headers: Headers }) => answer.headers.get("x-ratelimit-remaining")

  it.effect("the hour's budget ends in a 403 without retry-after, and is renewed", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ limit: 2 })
      const get = ask(fake, LIST, { headers: token("t") })
      const first = yield* get
      assert.deepStrictEqual(
        ["limit", "remaining", "used", "reset", "resource"].map((name) => first.headers.get(`x-ratelimit-${name}`)),
        ["2", "1", "1", "3600", "core"]
      )
      // The last good answer says 0 as well.
      assert.strictEqual(remaining(yield* get), "0")
      const refused = yield* get
      assert.deepStrictEqual([refused.status, remaining(refused), refused.headers.get("retry-after")], [403, "0", null])
      assert.include(refused.json.message, "API rate limit exceeded")
      // Another credential has a budget of its own.
      assert.strictEqual((yield* ask(fake, LIST, { headers: token("u") })).status, 200)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(remaining(yield* get), "1")
    })
  )

  it.effect("a 304 is free with a token, and costs without", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 1)
      const twice = Effect.fnUntraced(function* (headers: Record<string, string>) {
        const first = yield* ask(fake, LIST, { headers })
        const second = yield* ask(fake, LIST, {
          headers: { ...headers, "if-none-match": first.headers.get("etag") ?? "" }
        })
        return [remaining(first), second.status, remaining(second)]
      })
      assert.deepStrictEqual(yield* twice(token("t")), ["4999", 304, "4999"])
      assert.deepStrictEqual(yield* twice({}), ["59", 304, "58"])
    })
  )

  it.effect("asking for the limit is free", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ limit: 1 })
      yield* ask(fake, LIST, { headers: token("t") })
      const answer = yield* ask(fake, "/rate_limit", { headers: token("t") })
      assert.deepStrictEqual(answer.json.resources.core, { limit: 1, remaining: 0, used: 1, reset: 3600 })
    })
  )

  it.effect("switched off, there are no headers", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ limit: false })
      assert.isNull(remaining(yield* ask(fake, LIST)))
      assert.strictEqual((yield* ask(fake, "/rate_limit")).status, 404)
    })
  )

  it.effect("points in a minute are counted per endpoint, and refused with budget left", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ secondary: { pointsPerMinute: 2 } })
      const get = ask(fake, LIST, { headers: token("t") })
      yield* get
      yield* TestClock.adjust("15 seconds")
      yield* get
      const refused = yield* get
      assert.deepStrictEqual(
        [refused.status, refused.headers.get("retry-after"), remaining(refused)],
        [403, "45", "4998"]
      )
      assert.include(refused.json.message, "secondary rate limit")
      assert.strictEqual((yield* ask(fake, "/users/octocat")).status, 200)
      yield* TestClock.adjust("45 seconds")
      assert.strictEqual((yield* get).status, 200)
    })
  )

  it.effect("can be played on request", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      yield* TestClock.adjust("10 seconds")
      fake.injectFault({ kind: "primary-limit", resetInSeconds: 90, status: 429 })
      fake.injectFault({ kind: "secondary-limit" })
      fake.injectFault({ kind: "secondary-limit", retryAfterSeconds: 30 })
      const seen = yield* Effect.replicateEffect(ask(fake, LIST), 3)
      assert.deepStrictEqual(
        seen.map(({ status, headers }) => [
          status,
          headers.get("x-ratelimit-remaining"),
          headers.get("x-ratelimit-reset"),
          headers.get("retry-after")
        ]),
        [
          [429, "0", "100", null],
          [403, "4900", "3010", null],
          [403, "4900", "3010", "30"]
        ]
      )
    })
  )
})

describe("gists", () => {
  it.effect("keep any file name", () =>
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

  it.effect("give large content in part, cut between characters, and whole by its raw address", () =>
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

  it.effect("show nothing of the files behind a large one, when told so", () =>
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

  it.effect("that are secret are listed to their own user, as such, and in no feed", () =>
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

  it.effect("give bytes that are no text in base64", () =>
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

  it.effect("name contents as git does, so that an edit changes the raw address and the old one stays", () =>
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

  it.effect("refuse raw reads beyond 10 MB", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ rawOrigin: "http://raw.example:1" })
      const id = fake.addGist("octocat", { files: { a: Buffer.alloc(10 * 1024 * 1024 + 1, "a") } })
      const { pathname, origin } = new URL((yield* ask(fake, `/gists/${id}`)).json.files.a.raw_url)
      assert.strictEqual(origin, "http://raw.example:1")
      assert.strictEqual((yield* ask(fake, pathname)).status, 403)
    })
  )

  it.effect("turned secret leave the lists and stay readable by their id", () =>
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

  it.effect("that are blocked say so", () =>
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
  it.effect("renamed keep their number and free their old name", () =>
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

  it.effect("suspended and removed look as if they were not there", () =>
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

  it.effect("misspelled in a test are a mistake, not an empty result", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      assert.throws(() => fake.addGist("octocta", { files: {} }), /no user "octocta"/)
      assert.throws(() => fake.addUser("OCTOCAT"), /already/)
      assert.throws(() => fake.deleteGist("none"), /no gist/)
    })
  )
})
