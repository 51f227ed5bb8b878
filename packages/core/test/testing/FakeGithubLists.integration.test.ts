/** Lists, pages and validators of the GitHub fake. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { github, idsOf, LIST, token } from "./github.ts"
import { ask } from "./http.ts"

describe("lists", () => {
  it.effect("A list shows the newest gists first by creation, whatever was updated since", () =>
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

  it.effect("Gists of one second are ordered by id", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      for (const id of ["b", "d", "a", "c"]) fake.addGist("octocat", { id, files: {} })
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ["d", "c", "b", "a"])
      fake.deleteGist("b")
      assert.deepStrictEqual(idsOf(yield* ask(fake, LIST)), ["d", "c", "a"])
    })
  )

  it.effect("A list finds the user by login without case, and by number", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 1)
      for (const path of ["/users/OctoCat/gists", "/user/42/gists"]) {
        const answer = yield* ask(fake, path)
        assert.deepStrictEqual(idsOf(answer), ids)
        assert.strictEqual(answer.json[0].owner.login, "octocat")
      }
    })
  )

  it.effect("A list has no content, and marks a gist of more than 300 files as cut off", () =>
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

  it.effect("`since` filters by the last update, its own second included", () =>
    Effect.gen(function* () {
      const { fake, ids } = yield* github({}, 3)
      yield* TestClock.adjust("1 day")
      fake.addFile(ids[0] ?? "", "b.txt", "new")
      const since = (text: string) => Effect.map(ask(fake, `${LIST}?since=${text}`), idsOf)
      assert.deepStrictEqual(yield* since("1970-01-01T00:02:00Z"), [ids[2], ids[0]])
      assert.deepStrictEqual(yield* since("1970-01-01T00:02:01Z"), [ids[0]])
    })
  )

  it.effect("The page size is at most 100, and 30 when it cannot be read", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({}, 101)
      const length = (size: string) => Effect.map(ask(fake, `${LIST}?per_page=${size}`), ({ json }) => json.length)
      assert.strictEqual(yield* length("1000"), 100)
      for (const nonsense of ["0", "x", "-1", "1.5"]) assert.strictEqual(yield* length(nonsense), 30)
    })
  )

  it.effect("Links to further pages have the user's number and the fake's origin", () =>
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

  it.effect("The list of a user without gists is empty", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      const answer = yield* ask(fake, LIST)
      assert.deepStrictEqual([answer.status, answer.text, answer.headers.get("link")], [200, "[]", null])
    })
  )

  it.effect("A profile shows its e-mail address to callers with a token only", () =>
    Effect.gen(function* () {
      const { fake } = yield* github()
      fake.setProfile("octocat", { name: "Mona", email: "mona@github.com" })
      fake.setProfile("octocat", { company: "@github" })
      const shown = (headers: Readonly<Record<string, string>>) =>
        Effect.map(ask(fake, "/users/octocat", { headers }), ({ json: { company, email, name } }) => [
          name,
          email,
          company
        ])
      assert.deepStrictEqual(yield* shown(token("a")), ["Mona", "mona@github.com", "@github"])
      assert.deepStrictEqual(yield* shown({}), ["Mona", null, "@github"])
    })
  )

  it.effect("The public feed ends at 3,000 gists", () =>
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
  it.effect("An unchanged list is answered by a 304 without body and Link", () =>
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

  it.effect("A list has its earlier validator when a change is undone", () =>
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

  it.effect("A validator depends on the token, on Accept and on the page", () =>
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

  it.effect("Gists, profiles and the feed have validators as well", () =>
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
