/** Checks many users by one query: the same files as by REST, and one user's trouble stays that user's. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import { parse, validate } from "graphql"
import { newest, texts } from "../../src/github/queries.ts"
import { githubToken, makeGithub, reasonOf, scripted } from "../net/clients.ts"
import { githubSchema } from "./graphqlEngine.ts"
import { clientWithUsers, one, sizes, tags } from "./support.ts"

describe("the queries", () => {
  for (const [name, { document }] of [
    ["of one user", newest(["a"])],
    ["of a hundred users", newest(Array.from({ length: 100 }, () => "a"))],
    ["of texts", texts(["a"])]
  ] as const) {
    it(`the query ${name} is allowed by GitHub's published schema`, () => {
      assert.deepStrictEqual(validate(githubSchema(), parse(document)), [])
      assert.notDeepEqual(validate(githubSchema(), parse(document.replace("name", "nickname"))), [])
    })
  }
})

describe("a batch", () => {
  it.effect("a batch asks for a hundred users by one query, for one point", () =>
    Effect.gen(function* () {
      const { github, gists, logins, fake } = yield* clientWithUsers(100)
      const results = yield* github.batch(logins)
      assert.deepStrictEqual(
        results.map((result) => Result.getOrThrow(result).gists.map(({ gistId }) => gistId)),
        gists.map((gist) => [gist])
      )
      assert.deepStrictEqual(sizes(fake), [100])
      assert.strictEqual((yield* github.points.limits).budget?.remaining, 4_999)
      // The REST API has a budget of its own.
      assert.isUndefined((yield* github.limits).budget)
    })
  )

  it.effect(
    "a batch shows each file as the REST API's list does, except its type, its raw address and whether its gist is a fork",
    () =>
      Effect.gen(function* () {
        const { github, fake } = yield* clientWithUsers(0)
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
          sorted(page.files.map((file) => ({ ...file, rawUrl: null, type: null, isFork: false })))
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

  it.effect("a batch reports what it does not show: further gists, further files, long texts", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(0)
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

  it.effect("a batch shows the gist changed last first, however old the gist is", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(0)
      fake.addUser("ann")
      const [old] = Array.from({ length: 12 }, (_, n) => fake.addGist("ann", { files: { a: "1" }, createdAt: n }))
      yield* TestClock.adjust("1 day")
      fake.addFile(old ?? "", "b", "new")
      const { gists } = one(yield* github.batch(["ann"]))
      assert.deepStrictEqual([gists[0]?.gistId, gists[0]?.files.length], [old, 2])
    })
  )

  it.effect("each user of a batch has a fingerprint that stays the same until something changes", () =>
    Effect.gen(function* () {
      const { github, gists, fake } = yield* clientWithUsers(2)
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

  it.effect("a batch of no users sends nothing, and a batch without a token fails", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1)
      assert.deepStrictEqual(yield* github.batch([]), [])
      assert.deepStrictEqual([github.batched, yield* github.texts([])], [true, new Map()])
      const anonymous = yield* makeGithub(fake.url, { token: null })
      assert.isFalse(anonymous.batched)
      assert.strictEqual((yield* reasonOf(anonymous.batch(["user-0"])))._tag, "Unauthorized")
      assert.strictEqual((yield* reasonOf(anonymous.texts([{ node: "a" }])))._tag, "Unauthorized")
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  it.effect("no more than one query is under way at a time", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(3)
      yield* github.gists("user-0", Option.none())
      fake.clearRequests()
      fake.injectFault({ kind: "late" })
      const calls = yield* Effect.forEach(logins, (login) =>
        Effect.forkChild(github.batch([login]), { startImmediately: true })
      )
      yield* fake.seen(1)
      // A read is answered by now, and so would be a second query.
      yield* github.gists("user-0", Option.none())
      assert.lengthOf(sizes(fake), 1)
      fake.release()
      for (const call of calls) assert.deepStrictEqual(tags(yield* Fiber.join(call)), ["Success"])
    })
  )
})

describe("the address", () => {
  it.effect("the address of GraphQL is beside that of the REST API, also on an Enterprise Server", () =>
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
