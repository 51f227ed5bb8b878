import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { activityPrice, dealPrice, forecast, leadPrice } from "../../src/publish/Sink.ts"
import { load } from "../settings/load.ts"

/** Of a default installation. */
const settings = Effect.runSync(load({}))

const priceOf = (
  mode: "create" | "link" | "off",
  { deal, person }: { readonly deal?: string; readonly person?: string } = {}
) =>
  activityPrice({
    deal: { ...settings.deal, field: Option.fromUndefinedOr(deal) },
    person: { mode, field: Option.fromUndefinedOr(person) }
  })

const leadPriceOf = (mode: "create" | "link", field?: string) =>
  leadPrice({ person: { mode, field: Option.fromUndefinedOr(field) } })

describe("the forecast of a user's files", () => {
  const nothing = { activities: 0, deals: 0, leads: 0, tokens: 0, searchTokens: 0 }
  for (const [what, price, files, expected] of [
    [
      "activities on one deal",
      priceOf("off"),
      40,
      { activities: 40, deals: 1, leads: 0, tokens: 40 * 5 + 25, searchTokens: 20 }
    ],
    [
      "a person who is found",
      priceOf("link"),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 20, searchTokens: 20 }
    ],
    [
      "a person who is created",
      priceOf("create"),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 20 + 5, searchTokens: 20 }
    ],
    [
      "a deal with a field",
      priceOf("off", { deal: "GitHub" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 23 + 25, searchTokens: 43 }
    ],
    [
      "a person with a field",
      priceOf("create", { person: "GitHub" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 48, searchTokens: 20 }
    ],
    [
      "a deal with a note for each",
      dealPrice,
      40,
      { activities: 0, deals: 40, leads: 0, tokens: 40 * 15, searchTokens: 0 }
    ],
    [
      "a lead with a note for each, of a person",
      leadPriceOf("create"),
      40,
      { ...nothing, leads: 40, tokens: 40 * 20 + 25 }
    ],
    ["a lead of a person who is found", leadPriceOf("link"), 1, { ...nothing, leads: 1, tokens: 20 + 20 }],
    ["a lead of a person with a field", leadPriceOf("create", "GitHub"), 1, { ...nothing, leads: 1, tokens: 20 + 48 }],
    ["nothing as leads", leadPriceOf("create"), 0, nothing],
    ["nothing as activities", priceOf("create"), 0, nothing],
    ["nothing as deals", dealPrice, 0, nothing],
    ["activities of a sink without a budget", undefined, 2, { ...nothing, activities: 2 }]
  ] as const) {
    it(what, () => assert.deepStrictEqual(forecast(price, files), expected))
  }
})
