/** How many requests may be under way at Pipedrive, by the burst limit of the plan. */
import { assert, describe, it } from "@effect/vitest"
import { concurrencyFor, windowOf } from "../../src/pipedrive/limits.ts"

describe("the number of files under way", () => {
  // https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
  for (const [plan, limit, expected] of [
    ["Lite", 20, 12],
    ["Growth", 40, 13],
    ["Premium", 100, 32],
    ["Ultimate", 120, 39],
    ["a limit that no plan has", 100_000, 40],
    ["no requests at all", 0, 12]
  ] as const) {
    it(`is ${expected} with ${limit} requests in two seconds: ${plan}`, () => {
      const window = windowOf({ "x-ratelimit-limit": `${limit}`, "x-ratelimit-remaining": "0" }, 0)
      assert.strictEqual(concurrencyFor(window ?? { limit: 0, millis: 1 }), expected)
    })
  }

  it("is enough for each plan's limit when both services answer after 300 ms", () => {
    for (const limit of [20, 40, 100, 120]) {
      assert.isAtLeast(concurrencyFor({ limit, millis: 2_000 }) / 0.6, limit / 2)
    }
  })
})
