/** Several tokens of GitHub: one until its limit, then the next, and a refused one stops nobody. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { makeGithub, reasonOf } from "../net/clients.ts"
import { graphqlEngine } from "./graphqlEngine.ts"

const tokens = ["ghp_first_token", "ghp_second_token", "ghp_third_token"]

const world = Effect.fnUntraced(function* (options: FakeGithubOptions = {}) {
  const fake = yield* FakeGithub.make({ token: tokens, graphql: graphqlEngine, ...options })
  const github = yield* makeGithub(fake.url, { token: tokens.join(", ") })
  fake.addUser("octocat")
  fake.addGist("octocat", { files: { a: "1" } })
  return { fake, github }
})

const none = Option.none<string>()

/** Which tokens were used, one digit for each request. */
const used = (fake: FakeGithub) =>
  fake.requests.map(({ headers }) => tokens.indexOf(headers.authorization?.slice("Bearer ".length) ?? "") + 1).join("")

type Github = Effect.Success<ReturnType<typeof makeGithub>>
const ways: ReadonlyArray<readonly [string, FakeGithubOptions, (github: Github) => Effect.Effect<unknown, never>]> = [
  ["reads", { limit: 2 }, (github) => Effect.result(github.gists("octocat", none))],
  ["queries", { points: 2 }, (github) => Effect.result(github.batch(["octocat"]))]
]

for (const [what, limit, ask] of ways) {
  describe(`for ${what}`, () => {
    const limits = (github: Github) => (what === "reads" ? github.limits : github.points.limits)
    const reason = (github: Github) =>
      reasonOf(
        what === "reads" ? Effect.asVoid(github.gists("octocat", none)) : Effect.asVoid(github.batch(["octocat"]))
      )

    it.effect("one is used until its limit, then the next, and none is ever refused for it", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world(limit)
        for (let n = 0; n < 6; n++) {
          yield* ask(github)
          if (n % 2 === 1) yield* TestClock.adjust("10 minutes")
        }
        assert.strictEqual(used(fake), "112233")
        const closed = yield* reason(github)
        // The first one's hour began first.
        assert.strictEqual(closed._tag === "RateLimited" && DateTime.toEpochMillis(closed.resumeAt), 3_601_000)
        assert.lengthOf(fake.requests, 6)
        yield* TestClock.adjust("30 minutes")
        yield* TestClock.adjust("1 second")
        yield* ask(github)
        assert.strictEqual(used(fake), "1122331")
        assert.deepStrictEqual(new Set(fake.requests.map(({ status }) => status)), new Set([200]))
      })
    )

    it.effect("one whose limit others have used up is left at once", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        fake.injectFault(
          what === "reads"
            ? { kind: "primary-limit", resetInSeconds: 600 }
            : { kind: "points-spent", resetInSeconds: 600 }
        )
        fake.injectFault({ kind: "secondary-limit", retryAfterSeconds: 120 })
        const result = yield* Effect.map(ask(github), (answer) => JSON.stringify(answer))
        assert.include(result, "Success")
        yield* ask(github)
        assert.strictEqual(used(fake), "1233")
      })
    )

    it.effect("all at their limit are waited for until the first one's is over", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world()
        for (const retryAfterSeconds of [300, 120, 600])
          fake.injectFault({ kind: "secondary-limit", retryAfterSeconds })
        const closed = yield* reason(github)
        assert.strictEqual(closed._tag === "RateLimited" && DateTime.toEpochMillis(closed.resumeAt), 120_000)
        assert.strictEqual((yield* limits(github)).blockedUntil, 120_000)
        yield* TestClock.adjust("2 minutes")
        yield* ask(github)
        assert.strictEqual(used(fake), "1232")
      })
    )

    it.effect("one that is refused is passed over for an hour, with one line in the log", () =>
      Effect.gen(function* () {
        const lines: Array<unknown> = []
        const logger = Logger.layer([Logger.make(({ message }) => void lines.push(message))])
        const { github, fake } = yield* world({ token: tokens.slice(1) })
        for (let n = 0; n < 3; n++) yield* Effect.provide(ask(github), logger)
        assert.strictEqual(used(fake), "1222")
        assert.deepStrictEqual(lines.flat(), ["github.token_refused"])
        yield* TestClock.adjust("1 hour")
        yield* ask(github)
        assert.strictEqual(used(fake), "122212")
      })
    )

    it.effect("all refused: Unauthorized, found out once more by a cheap read, and then left for a while", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world({ token: "another" })
        for (const seen of what === "reads" ? ["123123", "123123"] : ["123", "123123"]) {
          assert.strictEqual((yield* reason(github))._tag, "Unauthorized")
          assert.strictEqual(used(fake), seen)
        }
      })
    )

    it.effect("one at its limit and the others refused: RateLimited", () =>
      Effect.gen(function* () {
        const { github, fake } = yield* world({ token: tokens.slice(0, 1) })
        fake.injectFault({ kind: "secondary-limit", retryAfterSeconds: 120 })
        const closed = yield* reason(github)
        assert.strictEqual(closed._tag === "RateLimited" && DateTime.toEpochMillis(closed.resumeAt), 120_000)
      })
    )

    it.effect("the limits add up, with the next renewal, and what is not known of a token is untouched", () =>
      Effect.gen(function* () {
        const { github } = yield* world(limit)
        assert.isUndefined((yield* limits(github)).budget)
        yield* ask(github)
        assert.deepStrictEqual((yield* limits(github)).budget, { limit: 6, remaining: 5, resetAt: 3_601_000 })
        yield* TestClock.adjust("10 minutes")
        yield* ask(github)
        yield* ask(github)
        assert.deepStrictEqual((yield* limits(github)).budget, { limit: 6, remaining: 3, resetAt: 3_601_000 })
        yield* TestClock.adjust("50 minutes")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual((yield* limits(github)).budget, { limit: 6, remaining: 5, resetAt: 4_201_000 })
      })
    )
  })
}

it.effect("a validator of one token gets the list from another, and is renewed with it", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* world({ limit: 1 })
    const first = Option.getOrThrow(yield* github.gists("octocat", none))
    const second = Option.getOrThrow(yield* github.gists("octocat", first.etag))
    assert.deepStrictEqual(second.files, first.files)
    assert.strictEqual(used(fake), "12")

    assert.notDeepEqual(second.etag, first.etag)
  })
)

it.effect("their door is one, and differs with any of them", () =>
  Effect.gen(function* () {
    const limitKey = (token: string) => Effect.map(makeGithub("https://a.test", { token }), (github) => github.limitKey)
    const limits = yield* Effect.forEach(["a,b", "a", "b", "a,c"], limitKey)
    assert.strictEqual(new Set(limits).size, 4)
    assert.strictEqual(yield* limitKey(" a , b "), limits[0])
  })
)

it.effect("one that is refused is tried by a single request, however many want to leave at once", () =>
  Effect.gen(function* () {
    const lines: Array<unknown> = []
    const logger = Logger.layer([Logger.make(({ message }) => void lines.push(message))])
    const { github, fake } = yield* world({ token: tokens.slice(2) })
    const crowd = Effect.forEach(Array(15), () => Effect.result(github.gists("octocat", none)), {
      concurrency: "unbounded"
    })
    yield* Effect.provide(crowd, logger)
    assert.strictEqual(used(fake), `12${"3".repeat(15)}`)
    assert.deepStrictEqual(lines.flat(), ["github.token_refused", "github.token_refused"])

    const { github: refused, fake: other } = yield* world({ token: "another" })
    yield* Effect.forEach(Array(15), () => Effect.result(refused.gists("octocat", none)), { concurrency: "unbounded" })
    assert.strictEqual(used(other), "123123")
  })
)

it.effect("one that the check found refused no longer counts, nor is it tried", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* world({ token: tokens.slice(1), limit: 10 })
    yield* github.check
    fake.clearRequests()
    yield* github.gists("octocat", none)
    assert.strictEqual(used(fake), "2")
    assert.strictEqual((yield* github.limits).budget?.limit, 20)
  })
)

it.effect("the check asks with each, and fails when none is accepted", () =>
  Effect.gen(function* () {
    const { github, fake } = yield* world({ token: tokens.slice(0, 1) })
    assert.deepStrictEqual(yield* github.check, { refused: [2, 3] })
    assert.strictEqual(used(fake), "123")
    assert.deepStrictEqual(yield* (yield* world()).github.check, { refused: [] })
    assert.strictEqual((yield* reasonOf((yield* world({ token: "another" })).github.check))._tag, "Unauthorized")
  })
)
