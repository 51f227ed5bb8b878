import { assert, describe, it } from "@effect/vitest"
import { activityPrice, dealPrice, forecast } from "../../src/publish/Sink.ts"

describe("the forecast of a user's files", () => {
  const nothing = { activities: 0, deals: 0, tokens: 0 }
  for (const [what, price, files, expected] of [
    ["activities on one deal", activityPrice, 40, { activities: 40, deals: 1, tokens: 40 * 5 + 25 }],
    ["a deal with a note for each", dealPrice, 40, { activities: 0, deals: 40, tokens: 40 * 15 }],
    ["nothing as activities", activityPrice, 0, nothing],
    ["nothing as deals", dealPrice, 0, nothing],
    ["activities of a sink without a budget", undefined, 2, { ...nothing, activities: 2 }]
  ] as const) {
    it(what, () => assert.deepStrictEqual(forecast(price, files), expected))
  }
})
