import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { activityPrice, dealPrice, forecast, leadPrice } from "../../src/publish/Sink.ts"
import { load } from "../settings/load.ts"

/** Of a default installation. */
const settings = Effect.runSync(load({}))

type Mode = "create" | "link" | "off"

interface Fields {
  readonly deal?: string
  readonly person?: string
  readonly organization?: Mode
}

const settingsOf = (mode: Mode, { deal, organization = "off", person }: Fields) => ({
  deal: { ...settings.deal, field: Option.fromUndefinedOr(deal) },
  organization: { mode: organization },
  person: { mode, field: Option.fromUndefinedOr(person) }
})

const priceOf = (mode: Mode, fields: Fields = {}) => activityPrice(settingsOf(mode, fields))
const priceOfDeals = (mode: Mode, fields: Fields = {}) => dealPrice(settingsOf(mode, fields))

const priceOfLeads = (mode: "create" | "link", fields: Fields = {}) => leadPrice(settingsOf(mode, fields))

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
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 20, searchTokens: 40 }
    ],
    [
      "a person who is created",
      priceOf("create"),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 20 + 5, searchTokens: 40 }
    ],
    [
      "a deal with a field",
      priceOf("off", { deal: "GitHub" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 3 + 25, searchTokens: 23 }
    ],
    [
      "a deal and a person with a field each",
      priceOf("create", { deal: "GitHub", person: "GitHub" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 60, searchTokens: 43 }
    ],
    [
      "deals for each file with a person's field",
      priceOfDeals("create", { person: "GitHub" }),
      1,
      { activities: 0, deals: 1, leads: 0, tokens: 15 + 22 + 25, searchTokens: 40 }
    ],
    [
      "a person with a field",
      priceOf("create", { person: "GitHub" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 2 + 25, searchTokens: 40 }
    ],
    [
      "an organization that is found",
      priceOf("off", { organization: "link" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 20, searchTokens: 20 }
    ],
    [
      "an organization that is created",
      priceOf("off", { organization: "create" }),
      1,
      { activities: 1, deals: 1, leads: 0, tokens: 5 + 25 + 25, searchTokens: 20 }
    ],
    [
      "a deal with a note for each",
      priceOfDeals("off"),
      40,
      { activities: 0, deals: 40, leads: 0, tokens: 40 * 15, searchTokens: 0 }
    ],
    [
      "a deal with a note for each, a person and an organization",
      priceOfDeals("create", { organization: "create" }),
      40,
      { activities: 0, deals: 40, leads: 0, tokens: 40 * 15 + 25 + 25, searchTokens: 20 }
    ],
    [
      "a lead with a note for each, of a person",
      priceOfLeads("create"),
      40,
      { ...nothing, leads: 40, tokens: 40 * 20 + 25, searchTokens: 20 }
    ],
    [
      "a lead of a person who is found",
      priceOfLeads("link"),
      1,
      { ...nothing, leads: 1, tokens: 20 + 20, searchTokens: 20 }
    ],
    [
      "a lead of a person with a field",
      priceOfLeads("create", { person: "GitHub" }),
      1,
      { ...nothing, leads: 1, tokens: 20 + 47, searchTokens: 40 }
    ],
    [
      "a lead with a note for each, a person and an organization",
      priceOfLeads("create", { organization: "create" }),
      40,
      { ...nothing, leads: 40, tokens: 40 * 20 + 25 + 25, searchTokens: 20 }
    ],
    [
      "a lead of an organization that is found",
      priceOfLeads("create", { organization: "link" }),
      1,
      { ...nothing, leads: 1, tokens: 20 + 25 + 20, searchTokens: 20 }
    ],
    ["nothing as leads", priceOfLeads("create"), 0, nothing],
    ["nothing as activities", priceOf("create"), 0, nothing],
    ["nothing as deals", priceOfDeals("create"), 0, nothing],
    ["activities of a sink without a budget", undefined, 2, { ...nothing, activities: 2 }]
  ] as const) {
    it(what, () => assert.deepStrictEqual(forecast(price, files), expected))
  }

  for (const [what, price, files, expected] of [
    ["activities are on that deal", priceOf("create"), 40, { ...nothing, activities: 40, tokens: 40 * 5 + 1 }],
    ["there are none", priceOf("create"), 0, nothing],
    ["files become deals", priceOfDeals("create"), 1, forecast(priceOfDeals("create"), 1)],
    ["files become leads", priceOfLeads("create"), 1, forecast(priceOfLeads("create"), 1)]
  ] as const) {
    it(`of whom the deal is known, when ${what}`, () =>
      assert.deepStrictEqual(forecast(price, files, { isDealKnown: true }), expected))
  }
})
