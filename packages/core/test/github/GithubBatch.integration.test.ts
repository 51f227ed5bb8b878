/** Looks at many users by one query: the same files as by REST, and one user's trouble stays theirs. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { parse, validate } from "graphql"
import type { GithubError, NewestGists } from "../../src/github/Github.ts"
import { newest, texts } from "../../src/github/queries.ts"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { githubToken, makeGithub, reasonOf, scripted } from "../net/clients.ts"
import { githubSchema, graphqlEngine } from "./graphqlEngine.ts"

const always = { times: Number.POSITIVE_INFINITY }

/** So many users, each with a gist of a file. */
const world = Effect.fnUntraced(function* (users: number, options: FakeGithubOptions = {}) {
  const fake = yield* FakeGithub.make({ token: githubToken, graphql: graphqlEngine, ...options })
  const github = yield* makeGithub(fake.url)
  const logins = Array.from({ length: users }, (_, n) => `user-${n}`)
  const gists = logins.map((login) => {
    fake.addUser(login)
    return fake.addGist(login, { files: { [`${login}.md`]: `# ${login}` } })
  })
  return { fake, github, logins, gists }
})

/** How many users each query asked for. */
const sizes = (fake: FakeGithub) =>
  fake.requests
    .filter(({ route }) => route === "/graphql")
    .map(({ body }) => Object.keys((body as { readonly variables: object }).variables).length)

const tags = (results: ReadonlyArray<Result.Result<NewestGists, GithubError>>) =>
  results.map((result) => (Result.isSuccess(result) ? "Success" : result.failure.reason._tag))

const one = (results: ReadonlyArray<Result.Result<NewestGists, GithubError>>) =>
  Result.getOrThrow(results.at(0) as Result.Result<NewestGists, GithubError>)

describe("the queries", () => {
  for (const [name, { document }] of [
    ["of one user", newest(["a"])],
    ["of a hundred users", newest(Array.from({ length: 100 }, () => "a"))],
    ["of texts", texts(["a"])]
  ] as const) {
    it(`${name} are allowed by GitHub's published schema`, () => {
      assert.deepStrictEqual(validate(githubSchema(), parse(document)), [])
      assert.notDeepEqual(validate(githubSchema(), parse(document.replace("name", "nickname"))), [])
    })
  }
})

describe("a batch", () => {
  it.effect("asks for a hundred users by one query, for one point", () =>
    Effect.gen(function* () {
      const { github, gists, logins, fake } = yield* world(100)
      const results = yield* github.batch(logins)
      assert.deepStrictEqual(
        results.map((result) => Result.getOrThrow(result).gists.map(({ gistId }) => gistId)),
        gists.map((gist) => [gist])
      )
      assert.deepStrictEqual(sizes(fake), [100])
      assert.strictEqual((yield* github.points.limits).budget?.remaining, 4_999)
      // The requests of the other API are another budget.
      assert.isUndefined((yield* github.limits).budget)
    })
  )

  it.effect("shows each file as the list of the REST API does, but for its type and raw address", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(0)
      fake.addUser("OctoCat", { id: 42 })
      fake.addGist("octocat", {
        description: "what\0it is",
        files: {
          "a.ts": "12345",
          "nul\0": "x",
          "empty.txt": "",
          "a.bin": new Uint8Array([0, 1]),
          ["__proto__"]: "p",
          "lone\ud800": "y",
          "quote\"'&<b>.md": "z"
        },
        createdAt: "2026-01-02T03:04:05Z"
      })
      fake.addGist("octocat", { description: "d".repeat(5_000), files: { b: "" } })
      const page = Option.getOrThrow(yield* github.gists("octocat", Option.none()))
      const { complete, gists, owner, total } = one(yield* github.batch(["octocat"]))
      const sorted = <A extends { readonly htmlUrl: string }>(files: ReadonlyArray<A>) =>
        files.toSorted((a, b) => (a.htmlUrl < b.htmlUrl ? -1 : 1))
      assert.deepStrictEqual(
        sorted(gists.flatMap(({ files }) => files)),
        sorted(page.files.map((file) => ({ ...file, rawUrl: null, type: null })))
      )
      assert.deepStrictEqual([owner, total, complete], [{ id: 42, login: "OctoCat" }, 2, true])
      assert.deepStrictEqual(
        gists.map(({ complete, small, updatedAt }) => [complete, small, updatedAt]),
        [
          [true, true, "2026-01-02T03:04:05.000Z"],
          [true, true, "1970-01-01T00:00:00.000Z"]
        ]
      )
    })
  )

  it.effect("tells what it does not show: further gists, further files, long texts", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(0)
      fake.addUser("ann")
      const files = (count: number, text = "x") =>
        Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}.txt`, text]))
      fake.addGist("ann", { files: files(10), createdAt: 1_000 })
      fake.addGist("ann", { files: files(11), createdAt: 2_000 })
      fake.addGist("ann", { files: files(2, "x".repeat(20_000)), createdAt: 3_000 })
      fake.addGist("ann", { files: {}, createdAt: 4_000 })
      const { complete, gists, total } = one(yield* github.batch(["ann"]))
      assert.deepStrictEqual([complete, total], [true, 4])
      assert.deepStrictEqual(
        gists.map(({ complete, files, small }) => [files.length, complete, small]),
        [
          [0, true, true],
          [2, true, false],
          [11, false, false],
          [10, true, true]
        ]
      )
      for (let n = 0; n < 7; n++) fake.addGist("ann", { files: files(1), createdAt: 5_000 })
      const more = one(yield* github.batch(["ann"]))
      assert.deepStrictEqual([more.complete, more.total, more.gists.length], [false, 11, 10])
    })
  )

  it.effect("shows what was changed last first, however old it is", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(0)
      fake.addUser("ann")
      const [old] = Array.from({ length: 12 }, (_, n) => fake.addGist("ann", { files: { a: "1" }, createdAt: n }))
      yield* TestClock.adjust("1 day")
      fake.addFile(old ?? "", "b", "new")
      const { gists } = one(yield* github.batch(["ann"]))
      assert.deepStrictEqual([gists[0]?.gistId, gists[0]?.files.length], [old, 2])
    })
  )

  it.effect("has a stamp for each user that stays the same until something changes", () =>
    Effect.gen(function* () {
      const { github, gists, fake } = yield* world(2)
      const fingerprints = Effect.map(github.batch(["user-0", "user-1"]), (results) =>
        results.map((result) => Result.getOrThrow(result).fingerprint)
      )
      let [before, other] = yield* fingerprints
      for (const fingerprint of [before, other]) assert.match(fingerprint ?? "", /^[\w-]{20,100}$/)
      assert.notStrictEqual(before, other)
      assert.deepStrictEqual(yield* fingerprints, [before, other])
      const gist = gists[0] ?? ""
      const second = "1234"
      for (const change of [
        () => fake.addGist("user-0", { id: second, files: {} }),
        () => fake.addFile(second, "a", "1"),
        () => fake.editFile(gist, "user-0.md", "longer than it was"),
        () => fake.removeFile(second, "a"),
        () => fake.deleteGist(second),
        () => fake.renameUser("user-0", "USER-0")
      ]) {
        change()
        const [after, same] = yield* fingerprints
        assert.notStrictEqual(after, before)
        assert.strictEqual(same, other)
        before = after
      }
      yield* TestClock.adjust("1 second")
      fake.editFile(gist, "user-0.md", "longer that it was")
      assert.notStrictEqual((yield* fingerprints)[0], before)
    })
  )

  it.effect("of nobody asks nothing, and without a token nothing can be asked", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1)
      assert.deepStrictEqual(yield* github.batch([]), [])
      assert.deepStrictEqual([github.batched, yield* github.texts([])], [true, new Map()])
      const anonymous = yield* makeGithub(fake.url, { token: null })
      assert.isFalse(anonymous.batched)
      assert.strictEqual((yield* reasonOf(anonymous.batch(["user-0"])))._tag, "Unauthorized")
      assert.strictEqual((yield* reasonOf(anonymous.texts([{ node: "a" }])))._tag, "Unauthorized")
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  it.effect("never has more than one query under way", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(3)
      yield* github.gists("user-0", Option.none())
      fake.clearRequests()
      fake.injectFault({ kind: "late" })
      const calls = yield* Effect.forEach(logins, (login) =>
        Effect.forkChild(github.batch([login]), { startImmediately: true })
      )
      yield* fake.seen(1)
      // A request by another way is answered by now, and so would be a second query.
      yield* github.gists("user-0", Option.none())
      assert.lengthOf(sizes(fake), 1)
      fake.release()
      for (const call of calls) assert.deepStrictEqual(tags(yield* Fiber.join(call)), ["Success"])
    })
  )
})

describe("one user's trouble", () => {
  it.effect("of not being there is theirs alone", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(3)
      fake.addUser("acme", { type: "Organization" })
      fake.suspend("user-1", true)
      const results = yield* github.batch(["user-0", "user-1", "nobody", "acme", "user-2"])
      assert.deepStrictEqual(tags(results), ["Success", "UserNotFound", "UserNotFound", "UserNotFound", "Success"])
      assert.lengthOf(fake.requests, 1)
      const [, , nobody] = results
      assert.strictEqual(
        nobody !== undefined && Result.isFailure(nobody) ? nobody.failure.message : "",
        "GitHub knows no user nobody"
      )
    })
  )

  it.effect("of having gists that the token is not shown: Unexpected, and those without any are answered", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1)
      fake.addUser("idle")
      fake.injectFault({ kind: "blank-gists" })
      assert.deepStrictEqual(tags(yield* github.batch(["user-0", "idle"])), ["Unexpected", "Success"])
    })
  )

  it.effect("of never being got done with: found by halves, Unavailable, and the others are answered", () =>
    Effect.gen(function* () {
      for (const heavy of [[0], [49], [99], [0, 1], [10, 90]]) {
        const { github, logins, fake } = yield* world(100)
        fake.injectFault({ kind: "html", status: 502 }, { ...always, when: asksFor(heavy.map((n) => `user-${n}`)) })
        const found = tags(yield* github.batch(logins))
        assert.deepStrictEqual(
          found.flatMap((tag, n) => (tag === "Success" ? [] : [[n, tag]])),
          heavy.map((n) => [n, "Unavailable"])
        )
        assert.isAtMost(fake.requests.length, 60, heavy.join())
      }
    })
  )

  it.effect("that is found soon makes the batches no smaller", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(100)
      fake.injectFault({ kind: "html", status: 502 }, { ...always, when: asksFor(["user-0"]) })
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100, 50, 25, 12, 6, 3, 1, 1, 98])
      fake.clearFaults()
      fake.clearRequests()
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100])
    })
  )
})

const asksFor =
  (logins: ReadonlyArray<string>) =>
  ({ body }: { readonly body?: unknown }): boolean =>
    Object.values((body as { readonly variables?: object } | undefined)?.variables ?? {}).some((login) =>
      logins.includes(login)
    )

describe("a batch that is too large", () => {
  const users = 30
  for (const [what, fault] of [
    ["a gateway's page", { kind: "too-many-users", users, how: "gateway", status: 504 }],
    ["another gateway's page", { kind: "too-many-users", users, how: "gateway", status: 502 }],
    ["an error without a type", { kind: "too-many-users", users, how: "broken" }],
    ["some of the users", { kind: "too-many-users", users, how: "resources" }]
  ] as const) {
    it.effect(`and is answered with ${what} is asked again in halves, and the next one is no larger`, () =>
      Effect.gen(function* () {
        const { github, gists, logins, fake } = yield* world(100)
        fake.injectFault(fault, always)
        const results = yield* github.batch(logins)
        assert.deepStrictEqual(
          results.map((result) => Result.getOrThrow(result).gists[0]?.gistId),
          gists
        )
        assert.deepStrictEqual(sizes(fake).slice(0, 2), [100, 50])
        assert.isAtMost(sizes(fake).length, 8)
        fake.clearRequests()
        assert.deepStrictEqual(new Set(tags(yield* github.batch(logins.slice(0, 20)))), new Set(["Success"]))
        assert.lengthOf(sizes(fake), 1)
      })
    )
  }

  it.effect("and is not answered at all is given up after 15 seconds", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(10)
      fake.injectFault({ kind: "hang" })
      const call = yield* Effect.forkChild(github.batch(logins))
      yield* fake.seen(1)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(new Set(tags(yield* Fiber.join(call))), new Set(["Success"]))
      assert.deepStrictEqual(sizes(fake), [10, 5, 5])
    })
  )

  it.effect("grows again by one with each that was full", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(100)
      fake.injectFault({ kind: "html", status: 502 })
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100, 50, 50])
      fake.clearRequests()
      for (let n = 0; n < 3; n++) yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [51, 49, 52, 48, 53, 47])
    })
  )
})

describe("everybody's trouble", () => {
  it.effect("is told after few queries when GitHub answers nobody", () =>
    Effect.gen(function* () {
      for (const fault of [
        { kind: "html", status: 502 },
        { kind: "reset" },
        { kind: "garbage" },
        { kind: "status", status: 200, body: {} },
        { kind: "status", status: 200, body: { data: null } },
        { kind: "status", status: 200, body: { errors: [7] } },
        { kind: "status", status: 200, body: { data: [], errors: [{ message: "Something went wrong" }] } }
      ] as const) {
        const { github, logins, fake } = yield* world(100)
        fake.injectFault(fault, always)
        const reason = yield* reasonOf(github.batch(logins))
        assert.strictEqual(reason._tag, "Unavailable", JSON.stringify(fault))
        assert.isAtMost(fake.requests.length, 9)
      }
    })
  )

  it.effect("in the middle leaves those who are answered", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(100)
      fake.injectFault({ kind: "html", status: 502 })
      fake.injectFault({ kind: "points-spent", resetInSeconds: 60 }, { when: () => fake.requests.length === 2 })
      const found = tags(yield* github.batch(logins))
      assert.deepStrictEqual(found, [...Array(50).fill("Success"), ...Array(50).fill("RateLimited")])
    })
  )

  it.effect("is a refused token, a refused query, or no GraphQL at all", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1)
      const errors = [{ path: ["fragment Newest", "nick"], extensions: { code: "undefinedField" }, message: "No nick" }]
      for (const [fault, tag] of [
        [{ kind: "status", status: 401, body: { message: "Bad credentials" } }, "Unauthorized"],
        [{ kind: "status", status: 403, body: { message: "Forbidden" } }, "Refused"],
        [{ kind: "status", status: 404 }, "Unexpected"],
        [{ kind: "status", status: 200, body: { errors } }, "Unexpected"],
        [{ kind: "status", status: 200, body: { errors: [{ type: "INSUFFICIENT_SCOPES" }] } }, "Unexpected"],
        [{ kind: "redirect", location: "/elsewhere" }, "Unexpected"]
      ] as const) {
        fake.injectFault(fault)
        assert.strictEqual((yield* reasonOf(github.batch(["user-0"])))._tag, tag)
        assert.lengthOf(fake.requests, 1)
        fake.clearRequests()
      }
    })
  )
})

describe("the hour's points", () => {
  it.effect("are not told by an answer that counts among the requests", () =>
    Effect.gen(function* () {
      const fake = yield* FakeGithub.make({ token: "secret", limit: 7 })
      const github = yield* makeGithub(fake.url, { token: "secret" })
      assert.strictEqual((yield* reasonOf(github.batch(["user-0"])))._tag, "Unexpected")
      assert.strictEqual(fake.requests[0]?.status, 404)
      assert.isUndefined((yield* github.points.limits).budget)
    })
  )

  const resumeOf = (github: Effect.Success<ReturnType<typeof makeGithub>>) =>
    Effect.map(reasonOf(github.batch(["user-0"])), (reason) =>
      reason._tag === "RateLimited" ? DateTime.toEpochMillis(reason.resumeAt) : reason._tag
    )

  it.effect("are never overdrawn: no query is sent until there are new ones, and reads go on", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1, { points: 3 })
      for (let n = 0; n < 3; n++) yield* github.batch(["user-0"])
      fake.clearRequests()
      assert.strictEqual(yield* resumeOf(github), 3_601_000)
      assert.deepStrictEqual(fake.requests, [])
      yield* github.gists("user-0", Option.none())
      yield* TestClock.adjust("3601 seconds")
      yield* github.batch(["user-0"])
    })
  )

  for (const type of ["RATE_LIMITED", "RATE_LIMIT"] as const) {
    it.effect(`that others have spent, told as ${type}, are waited for until just after their renewal`, () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world(1)
        fake.injectFault({ kind: "points-spent", resetInSeconds: 600, type })
        assert.strictEqual(yield* resumeOf(github), 601_000)
        assert.strictEqual(yield* resumeOf(github), 601_000)
        assert.lengthOf(fake.requests, 1)
      })
    )
  }

  it.effect("leave the secondary limit, told in each of its forms", () =>
    Effect.gen(function* () {
      const message = "You have exceeded a secondary rate limit. Please wait a few minutes"
      for (const [fault, until] of [
        [{ kind: "secondary-limit", retryAfterSeconds: 120 }, 120_000],
        [{ kind: "secondary-limit" }, 60_000],
        [{ kind: "status", status: 200, body: { errors: [{ message }] } }, 60_000],
        [{ kind: "status", status: 200, body: { errors: [{ message }] }, headers: { "retry-after": "30" } }, 30_000]
      ] as const) {
        const { github, fake } = yield* world(1)
        fake.injectFault(fault)
        assert.strictEqual(yield* resumeOf(github), until)
      }
    })
  )

  it.effect("are behind a door of their own, which stays closed as an earlier process was told", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1)
      assert.match(github.points.limitKey, /^github-points:[0-9a-f]{16}$/)
      yield* github.points.block(DateTime.makeUnsafe(100_000), "as told")
      assert.strictEqual(yield* resumeOf(github), 100_000)
      assert.deepStrictEqual(fake.requests, [])
      yield* github.gists("user-0", Option.none())
    })
  )
})

describe("the capacity", () => {
  it.effect("is that of the limits as they are known, and of the batches' present size", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(100)
      const points = 5_000 / 3_600
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: 100 })
      yield* github.batch(logins)
      // No time passes here, so the points decide.
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: points * 100 })
      fake.injectFault({ kind: "html", status: 502 })
      yield* github.batch(logins)
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: points * 51 })
      const anonymous = yield* makeGithub(fake.url, { token: null })
      assert.deepStrictEqual(yield* anonymous.capacity, { single: 60 / 3_600, batched: 0 })
    })
  )

  it.effect("without a token is that of a server without limits once an answer has told of none", () =>
    Effect.gen(function* () {
      const fake = yield* FakeGithub.make({ limit: false })
      fake.addUser("ann")
      const github = yield* makeGithub(fake.url, { token: null })
      assert.strictEqual((yield* github.capacity).single, 60 / 3_600)
      yield* github.gists("ann", Option.none())
      assert.strictEqual((yield* github.capacity).single, 15)
      const other = yield* makeGithub(fake.url, { token: null })
      yield* other.check
      assert.strictEqual((yield* other.capacity).single, 15)
    })
  )

  it.effect("is less when a query costs more points, or its answer takes long", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(1)
      const body = { data: { u0: null, rateLimit: { cost: 11 } }, errors: [{ type: "NOT_FOUND", path: ["u0"] }] }
      fake.injectFault({ kind: "status", status: 200, body })
      yield* github.batch(["user-0"])
      assert.strictEqual((yield* github.capacity).batched, (5_000 / 3_600 / 11) * 100)

      fake.injectFault({ kind: "late" }, { times: 3 })
      for (let n = 1; n <= 3; n++) {
        const call = yield* Effect.forkChild(github.batch(["user-0"]))
        yield* fake.seen(n + 1)
        yield* TestClock.adjust("8 seconds")
        fake.release()
        yield* Fiber.join(call)
      }
      assert.strictEqual((yield* github.capacity).batched, 100 / 8)
    })
  )
})

describe("the address", () => {
  it.effect("of GraphQL is beside that of the REST API, also on an Enterprise Server", () =>
    Effect.gen(function* () {
      for (const [api, address] of [
        ["https://api.github.com", "https://api.github.com/graphql"],
        ["https://ghe.test/api/v3", "https://ghe.test/api/graphql"],
        ["https://ghe.test/api/v3/", "https://ghe.test/api/graphql"],
        ["https://proxy.test/github", "https://proxy.test/github/graphql"]
      ] as const) {
        const { requests, transport } = scripted(() => Response.json({ data: {} }))
        yield* Effect.result((yield* makeGithub(api, { transport })).batch(["a"]))
        assert.deepStrictEqual(
          requests.map(({ headers, url }) => [url.href, headers.authorization]),
          [[address, `Bearer ${githubToken}`]]
        )
      }
    })
  )
})

describe("texts", () => {
  it.effect("are those of the REST API, and none where that is not certain", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* world(0)
      fake.addUser("ann")
      const id = fake.addGist("ann", {
        description: "all\0kinds",
        files: {
          "a.md": "# ä 🎉\r\n",
          "empty.txt": "",
          "nul.txt": "a\0b",
          "late-nul.txt": `${"x".repeat(9_000)}\0`,
          "a.bin": new Uint8Array([0, 255]),
          ["__proto__"]: "polluted",
          "bom.txt": "\ufeffx"
        }
      })
      const { gists } = one(yield* github.batch(["ann"]))
      fake.clearRequests()
      const found = yield* github.texts([...gists, { node: "bm9uZQ==" }])
      assert.deepStrictEqual([...found.keys()], [id])
      assert.lengthOf(fake.requests, 1)
      const rest = yield* github.contents(id)
      assert.strictEqual(found.get(id)?.description, rest.description)
      const texts = found.get(id)?.files ?? new Map<string, string>()
      assert.deepStrictEqual([...texts.keys()].toSorted(), ["__proto__", "a.md", "bom.txt", "empty.txt"])
      for (const [name, text] of texts) {
        assert.deepStrictEqual(rest.files.get(name), { _tag: "Text", text, partial: false }, name)
      }
    })
  )

  it.effect("of more gists than fit are asked for by several queries", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* world(45)
      const nodes = (yield* github.batch(logins)).flatMap((result) => Result.getOrThrow(result).gists)
      fake.clearRequests()
      assert.strictEqual((yield* github.texts(nodes)).size, 45)
      assert.lengthOf(fake.requests, 3)
    })
  )

  it.effect("that do not match the file's size are not taken for its content", () =>
    Effect.gen(function* () {
      const file = (name: string, more: object) => ({ name, size: 3, isTruncated: false, text: "abc", ...more })
      const files = [
        file("good", {}),
        file("cut", { isTruncated: true }),
        file("short", { size: 4 }),
        file("long", { size: 2 }),
        file("unknown", { size: null }),
        file("converted", { text: "\ufffd", size: 1 }),
        file("half", { text: "\ud800" }),
        file("none", { text: null }),
        null,
        7,
        { name: "empty", size: 0, isTruncated: false, text: null }
      ]
      const nodes = [
        null,
        {},
        { name: 5, isPublic: true, description: null, files: [] },
        { name: "id", isPublic: true, description: null, files }
      ]
      const { transport } = scripted(() => Response.json({ data: { nodes } }))
      const found = yield* (yield* makeGithub("https://api.github.test", { transport })).texts([{ node: "a" }])
      assert.deepStrictEqual(
        [...found].map(([id, { files }]) => [id, [...files]]),
        [
          [
            "id",
            [
              ["good", "abc"],
              ["empty", ""]
            ]
          ]
        ]
      )
    })
  )
})
