/** What the GitHub fake requires of requests, and its limits. */
import { request } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { github, LIST, token } from "./github.ts"
import { ask } from "./http.ts"

describe("requests", () => {
  it.effect("A request without a User-Agent is refused", () =>
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

  it.effect("Another token is refused, and a request without a token is answered", () =>
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

  it.effect("Two versions of the API are answered, each in its shape", () =>
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

  it.effect("Unknown addresses and trailing slashes are answered with 404", () =>
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

  it.effect("The hour's budget ends in a 403 without retry-after, and is renewed", () =>
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

  it.effect("A 304 is free with a token, and costs a request without one", () =>
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

  it.effect("A request for the limit is free", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ limit: 1 })
      yield* ask(fake, LIST, { headers: token("t") })
      const answer = yield* ask(fake, "/rate_limit", { headers: token("t") })
      assert.deepStrictEqual(answer.json.resources.core, { limit: 1, remaining: 0, used: 1, reset: 3600 })
    })
  )

  it.effect("Answers have no headers of limits when limits are off", () =>
    Effect.gen(function* () {
      const { fake } = yield* github({ limit: false })
      assert.isNull(remaining(yield* ask(fake, LIST)))
      assert.strictEqual((yield* ask(fake, "/rate_limit")).status, 404)
    })
  )

  it.effect("Points in a minute are counted by endpoint, and refused with budget left", () =>
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

  it.effect("Refusals by a limit can be injected as faults", () =>
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
