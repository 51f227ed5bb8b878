/** Lists of gists, and accounts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option, References } from "effect"
import type { GistPage, Github } from "../../src/github/Github.ts"
import { githubToken, makeGithub, reasonOf } from "../net/clients.ts"
import { client, gist, list, listOf, tracked, withGithub } from "./support.ts"

const allPages = Effect.fnUntraced(function* (github: Github["Service"]) {
  const pages: Array<GistPage> = [yield* list(github)]
  for (;;) {
    const next = pages.at(-1)?.next ?? Option.none()
    if (Option.isNone(next)) return pages
    pages.push(yield* github.page(next.value))
  }
})

describe("a list", () => {
  it.effect("a list becomes files in storable form, with owner and ETag", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const gistId = fake.addGist("octocat", {
        description: "what\0it is",
        files: { "a.ts": "12345", "nul\0": "x" },
        createdAt: "2026-01-02T03:04:05Z"
      })
      const page = yield* list(github)
      assert.deepStrictEqual(page.owner, Option.some({ id: 42, login: "octocat" }))
      assert.match(Option.getOrThrow(page.etag), /^W\/"[0-9a-f]+"$/)
      assert.deepStrictEqual(page.next, Option.none())
      const [a, nul] = page.files
      assert.deepStrictEqual(a, {
        gistId,
        filename: "a.ts",
        htmlUrl: `https://gist.github.com/octocat/${gistId}?file=a.ts#file-a-ts`,
        rawUrl: a?.rawUrl ?? null,
        description: "what\ufffdit is",
        language: "TypeScript",
        type: "application/typescript",
        size: 5,
        createdAt: "2026-01-02T03:04:05.000Z",
        updatedAt: "2026-01-02T03:04:05.000Z"
      })
      assert.match(a?.rawUrl ?? "", /^http:.*\/raw\//)
      assert.match(nul?.filename ?? "", /^nul\ufffd~[0-9a-f]{12}$/)
    })
  )

  it.effect("a list without gists is empty and names no owner", () =>
    Effect.gen(function* () {
      const { github } = yield* client()
      const page = yield* list(github)
      assert.deepStrictEqual([page.files, page.owner], [[], Option.none()])
    })
  )

  it.effect("a list that has not changed costs one request and nothing of the hourly limit", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      fake.addGist("octocat", { files: { a: "1" } })
      const { etag } = yield* list(github)
      const { budget } = yield* github.limits
      fake.clearRequests()
      assert.deepStrictEqual(yield* github.gists("octocat", etag), Option.none())
      assert.deepStrictEqual(
        fake.requests.map(({ headers, status }) => [status, headers["if-none-match"]]),
        [[304, Option.getOrThrow(etag)]]
      )
      assert.strictEqual((yield* github.limits).budget?.remaining, budget?.remaining)

      fake.addGist("octocat", { files: { b: "2" } })
      const changed = Option.getOrThrow(yield* github.gists("octocat", etag))
      assert.deepStrictEqual(changed.files.map(({ filename }) => filename).toSorted(), ["a", "b"])
      assert.notDeepEqual(changed.etag, etag)
    })
  )

  it.effect("a list of several pages is followed by the addresses that it gives, to its end", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      for (let n = 0; n < 245; n++) fake.addGist("octocat", { files: { [`${n}.txt`]: "x" }, createdAt: n * 1_000 })
      const pages = yield* allPages(github)
      assert.deepStrictEqual(
        pages.map(({ files }) => files.length),
        [100, 100, 45]
      )
      assert.strictEqual(new Set(pages.flatMap(({ files }) => files.map(({ filename }) => filename))).size, 245)
      assert.deepStrictEqual(
        fake.requests.map(({ path, query }) => [path, query.page]),
        [
          ["/users/octocat/gists", undefined],
          ["/user/42/gists", "2"],
          ["/user/42/gists", "3"]
        ]
      )
      for (const { headers } of fake.requests) {
        assert.deepInclude(headers, {
          authorization: `Bearer ${githubToken}`,
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
          "user-agent": "gitpip"
        })
      }
    })
  )

  it.effect("a list is requested without a token when there is none", () =>
    Effect.gen(function* () {
      const { fake } = yield* client()
      const github = yield* makeGithub(fake.url, { token: null })
      yield* list(github)
      assert.notProperty(fake.requests[0]?.headers, "authorization")
      assert.strictEqual((yield* github.limits).budget?.limit, 60)
    })
  )

  it.effect("every file of a list that can be read is kept, whatever form the other gists have", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const gist = (id: string, more: object) => ({
        id,
        html_url: `https://gist.github.com/octocat/${id}`,
        public: true,
        created_at: "2026-01-01T00:00:00Z",
        updated_at: "2026-01-01T00:00:00Z",
        owner: { id: 42, login: "octocat" },
        files: { [`${id}.txt`]: { size: 1 } },
        ...more
      })
      fake.injectFault({
        kind: "status",
        status: 200,
        body: [
          null,
          1,
          "gist",
          [],
          {},
          gist("no-files", { files: null }),
          gist("number", { id: 5 }),
          gist("long-id", { id: "\u4e00".repeat(101) }),
          gist("longest-id", { id: "\u4e00".repeat(100) }),
          gist("no-address", { html_url: undefined }),
          gist("ownerless", { owner: null }),
          gist("anonymous", { owner: undefined }),
          gist("odd-file", { files: { "odd.txt": null, "odder.txt": { size: "big", raw_url: 5, language: {} } } }),
          gist("odd-size", {
            files: { "huge.txt": { size: 1e300 }, "less.txt": { size: -5 }, "half.txt": { size: 1.5 } }
          }),
          gist("odd-time", { created_at: "yesterday", updated_at: "+275760-01-01T00:00:00Z" }),
          gist("odd-text", { description: { a: 1 } }),
          gist("long-text", { description: "d".repeat(10_000) }),
          gist("good", {})
        ]
      })
      const { files, owner } = yield* list(github)
      const names = [
        "longest-id.txt",
        "ownerless.txt",
        "anonymous.txt",
        "odd.txt",
        "odder.txt",
        "huge.txt",
        "less.txt",
        "half.txt",
        "odd-time.txt",
        "long-text.txt",
        "good.txt"
      ]
      assert.deepStrictEqual(
        files.map(({ filename }) => filename),
        names
      )
      assert.deepStrictEqual(owner, Option.some({ id: 42, login: "octocat" }))
      const of = (name: string) => files.find(({ filename }) => filename === name)
      assert.deepStrictEqual(
        ["huge.txt", "less.txt", "half.txt"].map((name) => of(name)?.size),
        [Number.MAX_SAFE_INTEGER, 0, 1]
      )
      assert.deepStrictEqual(
        [of("odd-time.txt")?.createdAt, of("odd-time.txt")?.updatedAt],
        Array(2).fill("1970-01-01T00:00:00.000Z")
      )
      assert.deepInclude(of("odder.txt"), { rawUrl: null, language: null, size: 0 })
      assert.strictEqual(of("long-text.txt")?.description?.length, 2_000)
    })
  )

  it.effect("a gist with more files than GitHub shows is named in the log", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const files = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.md`, ""]))
      fake.addGist("octocat", { files: files(300) })
      const cut = fake.addGist("octocat", { files: files(301) })
      const lines: Array<unknown> = []
      const logger = Logger.make(({ fiber, message }) =>
        lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
      )
      const page = yield* Effect.provide(list(github), Logger.layer([logger]))
      assert.lengthOf(page.files, 600)
      assert.deepStrictEqual(lines, [[["gist.truncated"], { file: `https://gist.github.com/octocat/${cut}` }]])
    })
  )

  it.effect("a list and a gist hold a file called __proto__ like any other", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const id = fake.addGist("octocat", { files: { ["__proto__"]: "polluted", constructor: "x" } })
      assert.deepStrictEqual(
        (yield* list(github)).files.map(({ filename }) => filename),
        ["__proto__", "constructor"]
      )
      const { files } = yield* github.contents(id)
      assert.deepStrictEqual(files.get("__proto__"), { _tag: "Text", text: "polluted", partial: false })
    })
  )
})

it.effect("a gist with an id and a name that no index takes stops no scan", () => {
  // Text that does not compress, of three bytes a character.
  const wild = (length: number, seed: number) =>
    Array.from({ length }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7_919 + seed + n * n * 31) % 20_000))).join("")
  const files = { [wild(600, 1)]: { size: 1 } }
  return withGithub(
    ({ path }) => {
      if (path === listOf("ann")) {
        return { body: [gist("ann", "a", { id: wild(600, 2), files }), gist("ann", "b", { id: wild(100, 3), files })] }
      }
      return path === listOf("bob") ? { body: [gist("bob", "c")] } : undefined
    },
    () =>
      Effect.gen(function* () {
        const gitpip = yield* tracked("ann", "bob")
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 0, 2])
      })
  )
})

describe("an account", () => {
  it.effect("an account that was renamed is found by its number when its old name is not found", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      fake.renameUser("octocat", "monalisa")
      const reason = yield* reasonOf(list(github))
      assert.deepStrictEqual([reason._tag, reason.message], ["UserNotFound", "GitHub knows no user octocat"])
      assert.deepStrictEqual(yield* github.account(42), { id: 42, login: "monalisa" })
    })
  )

  it.effect("a login with special characters is requested as a login and as no other address", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      assert.strictEqual((yield* reasonOf(list(github, "../user/42?x=#")))._tag, "UserNotFound")
      assert.deepStrictEqual(fake.requests[0]?.params, ["../user/42?x=#"])
    })
  )
})
