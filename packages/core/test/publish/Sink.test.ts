import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { activityPrice, dealPrice, forecast } from "../../src/publish/Sink.ts"

const priceOf = (mode: "create" | "link" | "off", field?: string) =>
  activityPrice({ mode, field: Option.fromUndefinedOr(field) })

describe("the forecast of a user's files", () => {
  const nothing = { activities: 0, deals: 0, tokens: 0 }
  for (const [what, price, files, expected] of [
    ["activities on one deal", priceOf("off"), 40, { activities: 40, deals: 1, tokens: 40 * 5 + 25 }],
    ["a person who is found", priceOf("link"), 1, { activities: 1, deals: 1, tokens: 5 + 25 + 20 }],
    ["a person who is created", priceOf("create"), 1, { activities: 1, deals: 1, tokens: 5 + 25 + 20 + 5 }],
    ["a person with a field", priceOf("create", "GitHub"), 1, { activities: 1, deals: 1, tokens: 5 + 25 + 48 }],
    ["a deal with a note for each", dealPrice, 40, { activities: 0, deals: 40, tokens: 40 * 15 }],
    ["nothing as activities", priceOf("create"), 0, nothing],
    ["nothing as deals", dealPrice, 0, nothing],
    ["activities of a sink without a budget", undefined, 2, { ...nothing, activities: 2 }]
  ] as const) {
    it(what, () => assert.deepStrictEqual(forecast(price, files), expected))
  }
})
