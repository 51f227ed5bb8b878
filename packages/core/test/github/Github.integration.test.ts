import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import type { GistPage, Github } from "../../src/github/Github.ts"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { githubToken, makeGithub, reasonOf, scripted, server } from "../net/clients.ts"
import { graphqlEngine } from "./graphqlEngine.ts"

const world = Effect.fnUntraced(function* (options: FakeGithubOptions = {}) {
  const fake = yield* FakeGithub.make({ token: githubToken, ...options })
  const github = yield* makeGithub(fake.url)
  fake.addUser("octocat", { id: 42 })
  return { fake, github }
})

const none = Option.none<string>()
const list = (github: Github["Service"], login = "octocat") =>
  Effect.flatMap(github.gists(login, none), (page) => Effect.fromOption(page).pipe(Effect.orDie))

const allPages = Effect.fnUntraced(function* (github: Github["Service"]) {
  const pages: Array<GistPage> = [yield* list(github)]
  for (;;) {
    const next = pages.at(-1)?.next ?? Option.none()
    if (Option.isNone(next)) return pages
    pages.push(yield* github.page(next.value))
  }
})

describe("a list", () => {
  it.effect("becomes files in storable form, with owner and validator", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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

  it.effect("of nobody's gists is empty and names no owner", () =>
    Effect.gen(function* () {
      const { github } = yield* world()
      const page = yield* list(github)
      assert.deepStrictEqual([page.files, page.owner], [[], Option.none()])
    })
  )

  it.effect("that has not changed costs one request and nothing of the hourly limit", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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

  it.effect("of several pages is followed by the addresses it gives, to its end", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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

  it.effect("is asked for without a token when there is none", () =>
    Effect.gen(function* () {
      const { fake } = yield* world()
      const github = yield* makeGithub(fake.url, { token: null })
      yield* list(github)
      assert.notProperty(fake.requests[0]?.headers, "authorization")
      assert.strictEqual((yield* github.limits).budget?.limit, 60)
    })
  )

  it.effect("keeps every file that can be read, however odd its neighbours are", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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

  it.effect("holds a file called __proto__ like any other, and so does the gist", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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

describe("an account", () => {
  it.effect("that was renamed is found by its number, when its old name leads nowhere", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      fake.renameUser("octocat", "monalisa")
      const reason = yield* reasonOf(list(github))
      assert.deepStrictEqual([reason._tag, reason.message], ["UserNotFound", "GitHub knows no user octocat"])
      assert.deepStrictEqual(yield* github.account(42), { id: 42, login: "monalisa" })
    })
  )

  it.effect("with an odd name asks for that name and no other address", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      assert.strictEqual((yield* reasonOf(list(github, "../user/42?x=#")))._tag, "UserNotFound")
      assert.deepStrictEqual(fake.requests[0]?.params, ["../user/42?x=#"])
    })
  )
})

describe("content", () => {
  it.effect("is text, the beginning of a long text, or binary", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
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
      // By the names that the list gave.
      const listed = (yield* list(github)).files.map(({ filename }) => filename)
      assert.deepStrictEqual([...files.keys()].toSorted(), listed.toSorted())
    })
  )

  it.effect("by its raw address is read as far as asked for", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      fake.addGist("octocat", { files: { "a.txt": "0123456789", "b.bin": new Uint8Array([1, 0, 2]) } })
      const [text, binary] = (yield* list(github)).files.map(({ rawUrl }) => rawUrl ?? "")
      assert.deepStrictEqual(yield* github.raw(text ?? "", 10), { _tag: "Text", text: "0123456789", partial: false })
      assert.deepStrictEqual(yield* github.raw(text ?? "", 4), { _tag: "Text", text: "0123", partial: true })
      assert.deepStrictEqual(yield* github.raw(binary ?? "", 10), { _tag: "Binary" })
      assert.strictEqual((yield* github.raw("no address", 10))._tag, "Omitted")
    })
  )

  it.effect("is read from githubusercontent.com without the token, and from no other stranger at all", () =>
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

  it.effect("to which GitHub redirects at githubusercontent.com is read there, without the token", () =>
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

describe("another origin", () => {
  const elsewhere = FakeGithub.make({ token: "theirs" })

  it.effect("is never asked for the next page", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      const other = yield* elsewhere
      const link = `<${other.url.origin}/user/42/gists?page=2>; rel="next"`
      fake.injectFault({ kind: "status", status: 200, body: [], headers: { link } })
      const reason = yield* reasonOf(list(github))
      assert.strictEqual(reason._tag, "Unexpected")
      assert.include(reason.message, other.url.origin)
      assert.strictEqual((yield* reasonOf(github.page(new URL("/user/42/gists?page=2", other.url))))._tag, "Unexpected")
      assert.deepStrictEqual(other.requests, [])
    })
  )

  it.effect("is never followed to by a redirect", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      const other = yield* elsewhere
      for (const status of [301, 302, 303, 307, 308] as const) {
        fake.injectFault({ kind: "redirect", status, location: new URL("/users/octocat/gists", other.url).href })
        assert.strictEqual((yield* reasonOf(list(github)))._tag, "Unexpected")
      }
      assert.deepStrictEqual(other.requests, [])
    })
  )
})

describe("a redirect", () => {
  it.effect("within GitHub is followed, with token and validator", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      const { etag } = yield* Effect.andThen(github.account(42), list(github))
      fake.clearRequests()
      fake.injectFault({ kind: "redirect", status: 301, location: "/user/42/gists?per_page=100" })
      yield* github.gists("octocat", etag)
      const last = fake.requests[1]
      assert.strictEqual(last?.path, "/user/42/gists")
      assert.strictEqual(last?.headers.authorization, `Bearer ${githubToken}`)
      assert.strictEqual(last?.headers["if-none-match"], Option.getOrThrow(etag))
    })
  )

  it.effect("in circles is left after a few", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      yield* github.account(42)
      fake.clearRequests()
      fake.injectFault({ kind: "redirect", location: "/users/octocat/gists" }, { times: Number.POSITIVE_INFINITY })
      const reason = yield* reasonOf(list(github))
      assert.match(reason.message, /circles/)
      assert.strictEqual(fake.requests.length, 4)
    })
  )
})

describe("what GitHub answers instead", () => {
  const answers: ReadonlyArray<
    readonly [what: string, fault: Parameters<FakeGithub["injectFault"]>[0], reason: string, everybody: boolean]
  > = [
    [
      "a bad token for one list",
      { kind: "status", status: 401, body: { message: "Bad credentials" } },
      "Refused",
      false
    ],
    ["a plain refusal", { kind: "status", status: 403, body: { message: "Forbidden" } }, "Refused", false],
    ["a refusal by a proxy", { kind: "html", status: 403 }, "Refused", false],
    ["a missing user", { kind: "status", status: 404, body: { message: "Not Found" } }, "UserNotFound", false],
    ["a takedown", { kind: "status", status: 451, body: { message: "DMCA" } }, "Blocked", false],
    ["a retired API", { kind: "status", status: 410, body: { message: "Gone" } }, "Unexpected", false],
    ["a bad request", { kind: "status", status: 422, body: { message: "Unprocessable" } }, "Unexpected", false],
    ["a fault", { kind: "status", status: 500 }, "Unavailable", true],
    ["a bad gateway's page", { kind: "html", status: 502 }, "Unavailable", true],
    ["a page with status 200", { kind: "html", status: 200 }, "Unavailable", true],
    ["half of an answer", { kind: "garbage" }, "Unavailable", true],
    ["something other than a list", { kind: "status", status: 200, body: { message: "hello" } }, "Unavailable", true],
    ["a broken connection", { kind: "reset" }, "Unavailable", true],
    ["a redirect without an address", { kind: "status", status: 302 }, "Unexpected", false]
  ]
  for (const [what, fault, tag, everybody] of answers) {
    it.effect(`${what}: ${tag}`, () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        fake.addGist("octocat", { files: { a: "1" } })
        fake.injectFault(fault)
        const error = yield* Effect.flip(list(github))
        assert.deepStrictEqual([error.reason._tag, error.isGlobal], [tag, everybody])
        yield* reasonOf(Effect.fail(error))
        // One answer is one answer: nothing was tried again, and the next request is a request like any other. A refusal
        // costs one request more, which tells whether everything is refused.
        assert.strictEqual(fake.count("GET", "/users/{login}/gists"), 1)
        assert.isAtMost(fake.requests.length, ["Unavailable", "Blocked"].includes(tag) ? 1 : 2)
        yield* list(github)
      })
    )
  }

  it.effect("no answer at all is waited for half a minute", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      fake.injectFault({ kind: "hang" })
      const call = yield* Effect.forkChild(reasonOf(list(github)))
      yield* fake.seen(1)
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const reason = yield* Fiber.join(call)
      assert.deepStrictEqual([reason._tag, reason.message], ["Unavailable", "GitHub: no answer within 30s"])
    })
  )

  it.effect("nobody there: Unreachable", () =>
    Effect.gen(function* () {
      const gone = yield* server(() => undefined)
      yield* gone.close
      const reason = yield* reasonOf(list(yield* makeGithub(gone.url)))
      assert.strictEqual(reason._tag, "Unreachable")
      assert.include(reason.message, "ECONNREFUSED")
    })
  )

  it.effect("a missing gist, account or page is told apart from a missing user", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      assert.strictEqual((yield* reasonOf(github.contents("0123")))._tag, "GistNotFound")
      assert.strictEqual((yield* github.raw(new URL("/raw/o/g/s/n", fake.url).href, 9))._tag, "Omitted")
      assert.strictEqual((yield* reasonOf(github.account(7)))._tag, "UserNotFound")
      assert.strictEqual((yield* reasonOf(github.page(new URL("/user/7/gists", fake.url))))._tag, "Unexpected")
    })
  )

  it.effect("a gist that is withheld: Blocked, and its user goes on", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      const id = fake.addGist("octocat", { files: { a: "1" } })
      fake.blockGist(id)
      const error = yield* Effect.flip(github.contents(id))
      assert.deepStrictEqual([error.reason._tag, error.isGlobal], ["Blocked", false])
      assert.strictEqual((yield* list(github)).files.length, 1)
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

  it.effect("is read as far as asked for, and then left", () =>
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
      // As JSON, the beginning of something says nothing.
      const reason = yield* reasonOf(list(github))
      assert.strictEqual(reason._tag, "Unexpected")
      assert.match(reason.message, /longer than 16777216 bytes/)
      // Fewer users might have a shorter answer; when not even one has, GitHub does not answer.
      assert.strictEqual((yield* reasonOf(github.batch(["a", "b", "c", "d"])))._tag, "Unavailable")
      assert.strictEqual((yield* reasonOf(github.texts([{ node: "a" }])))._tag, "Unavailable")
    })
  )

  it.effect("of an error is read no further than errors are long", () =>
    Effect.gen(function* () {
      const messages = new Map<string, string>()
      for (const length of [60_000, 70_000]) {
        const { url } = yield* server((_request, response) => {
          response.writeHead(409, { "content-type": "application/json" })
          response.write(JSON.stringify({ message: "told", padding: "x".repeat(length) }))
          response.end()
        })
        messages.set(`${length}`, (yield* reasonOf(list(yield* makeGithub(url)))).message)
      }
      assert.match(messages.get("60000") ?? "", /HTTP 409: told/)
      assert.match(messages.get("70000") ?? "", /HTTP 409: HTTP 409/)
    })
  )

  it.effect("that came small and grows is bounded all the same", () =>
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

for (const status of [403, 429] as const) {
  describe(`a limit told by ${status}`, () => {
    const limited = (github: Github["Service"]) =>
      Effect.map(reasonOf(list(github)), (reason) => {
        assert.strictEqual(reason._tag, "RateLimited")
        return reason._tag === "RateLimited" ? DateTime.toEpochMillis(reason.resumeAt) : Number.NaN
      })

    it.effect("of the hour is waited for until just after its reset", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        yield* TestClock.adjust("10 seconds")
        fake.injectFault({ kind: "primary-limit", resetInSeconds: 600, status })
        assert.strictEqual(yield* limited(github), 611_000)
      })
    )

    it.effect("of the moment is waited for as long as retry-after says, or a minute", () =>
      Effect.gen(function* () {
        for (const [retryAfterSeconds, until] of [
          [120, 120_000],
          [0, 1_000],
          [undefined, 60_000]
        ] as const) {
          const { github, fake } = yield* world()
          fake.injectFault({
            kind: "secondary-limit",
            status,
            ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
          })
          assert.strictEqual(yield* limited(github), until)
        }
      })
    )

    it.effect("of both kinds at once is waited for until both are over, unless retry-after says when", () =>
      Effect.gen(function* () {
        const message = "You have exceeded a secondary rate limit"
        const exhausted = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30" }
        for (const [headers, until] of [
          [exhausted, 60_000],
          [{ ...exhausted, "x-ratelimit-reset": "300" }, 301_000],
          [{ ...exhausted, "retry-after": "20" }, 20_000]
        ] as const) {
          const { github, fake } = yield* world()
          fake.injectFault({ kind: "status", status, body: { message }, headers })
          assert.strictEqual(yield* limited(github), until)
        }
      })
    )

    it.effect("closes the door for everybody, and opens it again", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        fake.injectFault({ kind: "primary-limit", resetInSeconds: 600, status })
        yield* limited(github)
        fake.clearRequests()
        for (const call of [github.gists("octocat", none), github.account(42), github.contents("a"), github.check]) {
          const reason = yield* reasonOf(call as Effect.Effect<unknown, Effect.Error<typeof call>>)
          assert.strictEqual(reason._tag, "RateLimited")
        }
        assert.deepStrictEqual(fake.requests, [])
        yield* TestClock.adjust("601 seconds")
        yield* list(github)
        assert.deepStrictEqual(
          fake.requests.map(({ at }) => at),
          [601_000]
        )
      })
    )

    it.effect("for a short while is waited out inside, and nothing is sent before", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        fake.injectFault({ kind: "secondary-limit", retryAfterSeconds: 20, status })
        yield* limited(github)
        fake.clearRequests()
        const waiting = yield* Effect.forkChild(Effect.all([list(github), list(github)], { concurrency: 2 }), {
          startImmediately: true
        })
        yield* TestClock.adjust("19999 millis")
        assert.deepStrictEqual(fake.requests, [])
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(
          fake.requests.map(({ at }) => at),
          [20_000, 20_000]
        )
      })
    )
  })
}

it.effect("a 429 that says nothing more is waited for a minute", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* world()
    fake.injectFault({ kind: "status", status: 429 })
    const reason = yield* reasonOf(list(github))
    if (reason._tag !== "RateLimited") return assert.fail(reason._tag)
    assert.strictEqual(DateTime.toEpochMillis(reason.resumeAt), 60_000)
  })
)

describe("the gate", () => {
  it.effect("stops before the hour's limit is hit, and says until when", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world({ limit: 5 })
      // The first answer tells the limit; the rest come at once.
      yield* list(github)
      const results = yield* Effect.forEach(Array.from({ length: 30 }), () => Effect.result(list(github)), {
        concurrency: 30
      })
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 4)
      assert.strictEqual(fake.count("GET", "/users/{login}/gists", 403), 0)
      const refused = results.find((result) => result._tag === "Failure")
      if (refused?._tag !== "Failure" || refused.failure.reason._tag !== "RateLimited")
        return assert.fail("nothing was held back")
      assert.strictEqual(DateTime.toEpochMillis(refused.failure.reason.resumeAt), 3_601_000)
    })
  )

  it.effect(
    "keeps to 900 requests a minute: a look waits for its place, and content is refused until there is one",
    () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        const gist = fake.addGist("octocat", { files: { "a.md": "" } })
        const look = Effect.asVoid(github.gists("octocat", none))
        yield* look
        yield* Effect.forEach(Array.from({ length: 899 }), () => look, { concurrency: 20, discard: true })
        const late = yield* Effect.forkChild(look, { startImmediately: true })
        assert.match((yield* Effect.flip(github.contents(gist))).message, /not asked again yet: as many requests/)
        yield* TestClock.adjust("59 seconds")
        assert.lengthOf(fake.requests, 900)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(late)
        assert.lengthOf(fake.requests, 901)
      })
  )

  for (const [what, options, ask, limits] of [
    ["requests", { limit: 9 }, list, (github) => github.limits],
    ["points", { points: 9 }, (github) => github.batch(["octocat"]), (github) => github.points.limits]
  ] satisfies ReadonlyArray<
    readonly [
      string,
      FakeGithubOptions,
      (github: Github["Service"]) => Effect.Effect<unknown, unknown>,
      (github: Github["Service"]) => Github["Service"]["limits"]
    ]
  >) {
    it.effect(`tells how many ${what} are left of the hour, and nothing of an hour that is over`, () =>
      Effect.gen(function* () {
        const { github } = yield* world({ graphql: graphqlEngine, ...options })
        const budget = Effect.map(limits(github), ({ budget }) => budget)
        assert.isUndefined(yield* budget)
        yield* ask(github)
        assert.deepStrictEqual(yield* budget, { limit: 9, remaining: 8, resetAt: 3_601_000 })
        yield* TestClock.adjust("1 hour")
        yield* TestClock.adjust("1 second")
        assert.isUndefined(yield* budget)
      })
    )
  }

  it.effect("takes nothing of the hour for content, which comes from elsewhere", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world({ limit: 5 })
      fake.addGist("octocat", { files: { "a.md": "x" } })
      const raw = (yield* list(github)).files[0]?.rawUrl ?? ""
      for (let n = 0; n < 9; n++) yield* github.raw(raw, 100)
      yield* list(github)
    })
  )

  it.effect("never has more than twenty requests under way", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      yield* list(github)
      fake.clearRequests()
      fake.injectFault({ kind: "late" }, { times: 20 })
      const calls = yield* Effect.forEach(Array.from({ length: 25 }), () =>
        Effect.forkChild(list(github), { startImmediately: true })
      )
      yield* fake.seen(20)
      // The twenty that are held are all there are: whatever else had left would be answered by now.
      yield* Effect.promise(() => fetch(new URL("/rate_limit", fake.url), { headers: { "user-agent": "probe" } }))
      assert.strictEqual(fake.requests.filter(({ headers }) => headers["user-agent"] === "gitpip").length, 20)
      assert.strictEqual(fake.release(), 20)
      yield* Effect.forEach(calls, Fiber.join)
    })
  )

  it.effect("stays closed as an earlier process was told", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      yield* github.block(DateTime.makeUnsafe(100_000), "as told")
      const reason = yield* reasonOf(list(github))
      assert.deepStrictEqual([reason._tag, reason.message], ["RateLimited", "GitHub is not asked again yet: as told"])
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  it.effect("is known by a name that differs with token and address and tells neither", () =>
    Effect.gen(function* () {
      const limitKey = (url: string, token: string | null) =>
        Effect.map(makeGithub(url, { token }), (github) => github.limitKey)
      const limits = yield* Effect.all([
        limitKey("https://a.test", githubToken),
        limitKey("https://a.test", "other"),
        limitKey("https://b.test", githubToken),
        limitKey("https://a.test", null)
      ])
      assert.strictEqual(new Set(limits).size, 4)
      assert.strictEqual(yield* limitKey("https://a.test", githubToken), limits[0])
      for (const name of limits) assert.match(name, /^github:[0-9a-f]{16}$/)
    })
  )
})

describe("a token", () => {
  it.effect("that GitHub refuses is tried by one request and one probe, however many requests wait", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world({ token: "another", graphql: graphqlEngine })
      const read = Effect.result(github.gists("octocat", none))
      const query = Effect.result(github.batch(["octocat"]))
      yield* Effect.all(
        Array.from({ length: 15 }, () => Effect.all([read, query], { concurrency: 2 })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        fake.requests.map(({ path, status }) => [path, status]),
        [
          ["/users/octocat/gists", 401],
          ["/gists/public", 401]
        ]
      )
    })
  )

  it.effect("that GitHub accepts lets all requests leave that waited for the first answer", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      fake.injectFault({ kind: "late" }, { times: 6 })
      const calls = yield* Effect.forEach(Array.from({ length: 6 }), () =>
        Effect.forkChild(list(github), { startImmediately: true })
      )
      yield* fake.seen(1)
      assert.lengthOf(fake.requests, 1)
      assert.strictEqual(fake.release(), 1)
      // No clock moves: each of the others leaves before any of them is answered.
      yield* fake.seen(6)
      assert.strictEqual(fake.release(), 5)
      yield* Effect.forEach(calls, Fiber.join)
    })
  )
})

describe("the check", () => {
  it.effect("costs nothing of the limit, and tells a bad token", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world()
      yield* github.check
      assert.strictEqual((yield* github.limits).budget?.remaining ?? 5_000, 5_000)
      const stranger = yield* makeGithub(fake.url, { token: `${githubToken}-wrong` })
      const reason = yield* reasonOf(stranger.check)
      assert.strictEqual(reason._tag, "Unauthorized")
      assert.include(reason.message, "GITHUB_TOKEN")
    })
  )

  it.effect("passes where no limits are set", () =>
    Effect.gen(function* () {
      const { github } = yield* world({ limit: false })
      yield* github.check
    })
  )
})
