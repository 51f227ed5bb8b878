/** GitHub's limits: those that responses state, and those that the client keeps by itself. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Github } from "../../src/github/Github.ts"
import type { FakeGithubOptions } from "../../src/testing/index.ts"
import { githubToken, makeGithub, reasonOf } from "../net/clients.ts"
import { graphqlEngine } from "./graphqlEngine.ts"
import { client, list, none } from "./support.ts"

it.effect("an answer whose body breaks off reports the limit in its head", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* client()
    const headers = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "600" }
    fake.injectFault({ kind: "respond", status: 200, ending: "cut", headers: () => headers })
    assert.strictEqual((yield* reasonOf(list(github)))._tag, "Unavailable")
    fake.clearRequests()
    assert.strictEqual((yield* reasonOf(list(github)))._tag, "RateLimited")
    assert.deepStrictEqual(fake.requests, [])
  })
)

for (const status of [403, 429] as const) {
  describe(`a limit stated by ${status}`, () => {
    const limited = (github: Github["Service"]) =>
      Effect.map(reasonOf(list(github)), (reason) => {
        assert.strictEqual(reason._tag, "RateLimited")
        return reason._tag === "RateLimited" ? DateTime.toEpochMillis(reason.resumeAt) : Number.NaN
      })

    it.effect("a limit of the hour ends just after its reset", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* client()
        yield* TestClock.adjust("10 seconds")
        fake.injectFault({ kind: "primary-limit", resetInSeconds: 600, status })
        assert.strictEqual(yield* limited(github), 611_000)
      })
    )

    it.effect("a secondary limit ends when retry-after says, or after a minute", () =>
      Effect.gen(function* () {
        for (const [retryAfterSeconds, until] of [
          [120, 120_000],
          [0, 1_000],
          [undefined, 60_000]
        ] as const) {
          const { github, fake } = yield* client()
          fake.injectFault({
            kind: "secondary-limit",
            status,
            ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
          })
          assert.strictEqual(yield* limited(github), until)
        }
      })
    )

    it.effect("a limit of both kinds at once ends when both are over, unless retry-after says when", () =>
      Effect.gen(function* () {
        const message = "You have exceeded a secondary rate limit"
        const exhausted = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30" }
        for (const [headers, until] of [
          [exhausted, 60_000],
          [{ ...exhausted, "x-ratelimit-reset": "300" }, 301_000],
          [{ ...exhausted, "retry-after": "20" }, 20_000]
        ] as const) {
          const { github, fake } = yield* client()
          fake.injectFault({ kind: "status", status, body: { message }, headers })
          assert.strictEqual(yield* limited(github), until)
        }
      })
    )

    it.effect("a limit blocks all requests, and lets them leave again when it is over", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* client()
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

    it.effect("requests wait inside the client for the end of a short limit", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* client()
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

it.effect("a 429 that says nothing more is a limit of a minute", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* client()
    fake.injectFault({ kind: "status", status: 429 })
    const reason = yield* reasonOf(list(github))
    if (reason._tag !== "RateLimited") return assert.fail(reason._tag)
    assert.strictEqual(DateTime.toEpochMillis(reason.resumeAt), 60_000)
  })
)

describe("the throttle", () => {
  it.effect("requests stop before the hour's limit is hit, and the error says until when", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client({ limit: 5 })
      // The first response reports the limit. The other requests come at once.
      yield* list(github)
      const results = yield* Effect.forEach(Array.from({ length: 30 }), () => Effect.result(list(github)), {
        concurrency: 30
      })
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 4)
      assert.strictEqual(fake.count("GET", "/users/{login}/gists", 403), 0)
      const refused = results.find((result) => result._tag === "Failure")
      if (refused?._tag !== "Failure" || refused.failure.reason._tag !== "RateLimited")
        return assert.fail("no request was kept back")
      assert.strictEqual(DateTime.toEpochMillis(refused.failure.reason.resumeAt), 3_601_000)
    })
  )

  it.effect(
    "900 requests leave in a minute: a check waits for a slot, and a read of content fails until a slot is free",
    () =>
      Effect.gen(function* () {
        const { github, fake } = yield* client()
        const gist = fake.addGist("octocat", { files: { "a.md": "" } })
        const check = Effect.asVoid(github.gists("octocat", none))
        yield* check
        yield* Effect.forEach(Array.from({ length: 899 }), () => check, { concurrency: 20, discard: true })
        const late = yield* Effect.forkChild(check, { startImmediately: true })
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
    it.effect(`the limits report how many ${what} are left of the hour, and nothing about an hour that is over`, () =>
      Effect.gen(function* () {
        const { github } = yield* client({ graphql: graphqlEngine, ...options })
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

  it.effect("raw content costs nothing of the hour's limit", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client({ limit: 5 })
      fake.addGist("octocat", { files: { "a.md": "x" } })
      const raw = (yield* list(github)).files[0]?.rawUrl ?? ""
      for (let n = 0; n < 9; n++) yield* github.raw(raw, 100)
      yield* list(github)
    })
  )

  it.effect("no more than twenty requests are under way at a time", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      yield* list(github)
      fake.clearRequests()
      fake.injectFault({ kind: "late" }, { times: 20 })
      const calls = yield* Effect.forEach(Array.from({ length: 25 }), () =>
        Effect.forkChild(list(github), { startImmediately: true })
      )
      yield* fake.seen(20)
      // The fake holds all twenty: any other request that had left would be answered by now.
      yield* Effect.promise(() => fetch(new URL("/rate_limit", fake.url), { headers: { "user-agent": "probe" } }))
      assert.strictEqual(fake.requests.filter(({ headers }) => headers["user-agent"] === "gitpip").length, 20)
      assert.strictEqual(fake.release(), 20)
      yield* Effect.forEach(calls, Fiber.join)
    })
  )

  it.effect("nothing is sent during a limit that an earlier process has stored", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      yield* github.block(DateTime.makeUnsafe(100_000), "as stored")
      const reason = yield* reasonOf(list(github))
      assert.deepStrictEqual([reason._tag, reason.message], ["RateLimited", "GitHub is not asked again yet: as stored"])
      assert.deepStrictEqual(fake.requests, [])
    })
  )

  it.effect("the key of the limits differs with token and address, and names neither", () =>
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
