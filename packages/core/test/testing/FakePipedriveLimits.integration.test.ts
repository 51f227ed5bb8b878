/** What the Pipedrive fake requires of requests, and its limits. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ACTIVITIES, DEALS, pipedrive, unlimited } from "./pipedrive.ts"

describe("requests", () => {
  it.effect("A wrong or missing token is refused, and costs nothing", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive()
      for (const headers of [
        { "x-api-token": "wrong" },
        { "x-api-token": "", authorization: "Bearer pipedrive-token" }
      ]) {
        const answer = yield* call(DEALS, { headers })
        assert.deepStrictEqual([answer.status, answer.headers.get("x-401-by-gw")], [401, "true"])
        assert.deepStrictEqual(answer.json, {
          success: false,
          error: "unauthorized access",
          errorCode: 401,
          error_info: "Please check developers.pipedrive.com"
        })
      }
      assert.strictEqual(fake.tokensSpent, 0)
    })
  )

  it.effect("Unknown paths are answered with 404 and unknown methods with 405", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive()
      assert.strictEqual((yield* call("/v1/activities")).status, 404)
      assert.strictEqual((yield* call("/api/v2/products")).status, 404)
      assert.strictEqual((yield* call(DEALS, { method: "PUT", body: {} })).status, 405)
    })
  )
})

describe("limits", () => {
  const rate = (answer: { readonly headers: Headers }) =>
    ["limit", "remaining", "reset"].map((name) => answer.headers.get(`x-ratelimit-${name}`))
  const left = (answer: { readonly headers: Headers }) => answer.headers.get("x-daily-ratelimit-token-remaining")

  it.effect("A burst over the rolling window is refused until its oldest request leaves the window", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive({ burst: { limit: 2, windowMillis: 2000 } })
      const get = call("/api/v1/users/me")
      assert.deepStrictEqual(rate(yield* get), ["2", "1", "2"])
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(rate(yield* get), ["2", "0", "1"])
      const refused = yield* get
      assert.deepStrictEqual([refused.status, rate(refused), left(refused)], [429, ["2", "0", "1"], "29996"])
      // Half a second later the first request has left the window, the second has not.
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(rate(yield* get), ["2", "0", "2"])
      assert.strictEqual((yield* get).status, 429)
      // Refused requests cost nothing.
      assert.strictEqual(fake.tokensSpent, 6)
    })
  )

  it.effect("Searches have a window of their own", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive()
      const searches = yield* Effect.replicateEffect(call(`${DEALS}/search?term=ab`), 11)
      assert.deepStrictEqual(
        searches.map(({ status }) => status),
        [...Array.from({ length: 10 }, () => 200), 429]
      )
      assert.deepStrictEqual(rate(yield* call(DEALS)), ["20", "19", "2"])
    })
  )

  it.effect("A caller that ignores ten refusals gets a page", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive({ burst: { limit: 1, windowMillis: 2000 } })
      const get = call("/api/v1/users/me")
      yield* get
      const refusals = yield* Effect.replicateEffect(get, 11)
      assert.deepStrictEqual(
        refusals.map(({ status }) => status),
        [...Array.from({ length: 10 }, () => 429), 403]
      )
      assert.match(refusals[10]?.headers.get("content-type") ?? "", /^text\/html/)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* get).status, 200)
      assert.strictEqual((yield* get).status, 429)
    })
  )

  it.effect("Each call costs its price from the company's day", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post, create } = yield* pipedrive({ burst: false })
      const calls = [
        [5, create("a", { deal_id: deal })],
        [10, call(ACTIVITIES)],
        [1, call(`${ACTIVITIES}/1`)],
        [5, call(`${ACTIVITIES}/1`, { method: "PATCH", body: {} })],
        [3, call(`${ACTIVITIES}/1`, { method: "DELETE" })],
        [5, post(DEALS, { title: "a" })],
        [10, call(DEALS)],
        [1, call(`${DEALS}/1`)],
        [20, call(`${DEALS}/search?term=ab`)],
        [20, call("/api/v1/activityTypes")],
        [2, call("/api/v1/users/me")],
        [10, post("/api/v1/notes", { content: "a", deal_id: deal })],
        [20, call(`/api/v1/notes?deal_id=${deal}`)]
      ] as const
      let spent = 0
      for (const [cost, request] of calls) {
        const answer = yield* request
        spent += cost
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(left(answer), `${30_000 - spent}`)
        assert.isNull(answer.headers.get("x-ratelimit-limit"))
      }
      assert.strictEqual(fake.tokensSpent, spent)
    })
  )

  it.effect("A spent budget refuses all requests until midnight", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 23, 59))
      const { fake, create, call } = yield* pipedrive({ dailyTokens: 10 })
      assert.strictEqual(left(yield* create("a")), "5")
      assert.strictEqual(left(yield* create("b")), "0")
      for (const request of [create("c"), call("/api/v1/users/me")]) {
        const refused = yield* request
        assert.deepStrictEqual([refused.status, left(refused)], [429, "0"])
      }
      assert.lengthOf(fake.activities, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(left(yield* create("c")), "5")
      fake.setDailyTokens(0)
      assert.strictEqual((yield* create("d")).status, 429)
    })
  )

  it.effect("Answers have no headers of limits when limits are off", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive(unlimited)
      const answer = yield* call("/api/v1/users/me")
      assert.deepStrictEqual([rate(answer), left(answer)], [[null, null, null], null])
    })
  )

  it.effect("Refusals by a limit can be injected as faults", () =>
    Effect.gen(function* () {
      const { fake, create } = yield* pipedrive()
      fake.injectFault({ kind: "burst-limit", resetInSeconds: 3 })
      fake.injectFault({ kind: "budget-spent" })
      fake.injectFault({ kind: "cloudflare-block" })
      const burst = yield* create("a")
      assert.deepStrictEqual([burst.status, rate(burst), left(burst)], [429, ["20", "0", "3"], "20000"])
      const budget = yield* create("a")
      assert.deepStrictEqual([budget.status, left(budget)], [429, "0"])
      const block = yield* create("a")
      assert.deepStrictEqual([block.status, block.json], [403, undefined])
      assert.lengthOf(fake.activities, 0)
    })
  )
})
