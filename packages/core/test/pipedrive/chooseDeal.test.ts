/** Which deal that a person made is a user's own. */
import { assert, describe, it } from "@effect/vitest"
import { chooseDeal, isInUnknownStage, mergedInto, severalDeals } from "../../src/pipedrive/chooseDeal.ts"
import type { FoundDeal } from "../../src/pipedrive/wire.ts"

const deal = (id: number, title: string, more: Partial<FoundDeal> = {}): FoundDeal => ({
  id,
  title,
  status: "open",
  stage: { id: 1 },
  ...more
})

const titled = (deals: ReadonlyArray<FoundDeal>) => ({ holding: [], titled: deals })

const rule = { login: "ann", title: "ann", stages: undefined }

describe("the choice among deals that people made", () => {
  for (const [what, deals, chosen] of [
    ["no deal is chosen of none", [], []],
    ["a deal in another case is chosen", [deal(1, "ANN")], [1]],
    ["a deal with a space at the end is chosen", [deal(1, "Ann ")], [1]],
    ["a deal as Pipedrive proposes it is chosen", [deal(1, "Ann deal")], [1]],
    [
      "a deal that merely contains the name is not chosen",
      [deal(1, "annabel"), deal(2, "call ann"), deal(3, "ann deals")],
      []
    ],
    ["the very title comes before Pipedrive's proposal", [deal(1, "ann deal"), deal(2, "ann")], [2]],
    [
      "a lost, won, archived or deleted deal is not chosen",
      [
        deal(1, "ann", { status: "lost" }),
        deal(2, "ann", { status: "won" }),
        deal(3, "ann", { is_archived: true }),
        deal(4, "ann", { is_deleted: true })
      ],
      []
    ],
    ["an open deal is chosen beside a lost one", [deal(1, "ann", { status: "lost" }), deal(2, "ann")], [2]],
    ["two open deals are both named, by rising ids", [deal(9, "Ann"), deal(4, "ann ")], [4, 9]],
    ["two proposals are both named", [deal(9, "Ann deal"), deal(4, "ann deal")], [4, 9]]
  ] as const) {
    it(what, () => {
      const choice = chooseDeal(titled(deals), rule)
      const ids =
        choice._tag === "None" ? [] : choice._tag === "One" ? [choice.deal.id] : choice.deals.map(({ id }) => id)
      assert.deepStrictEqual(ids, [...chosen])
    })
  }

  it("with a set pipeline a deal elsewhere is not chosen", () => {
    const own = deal(2, "ann", { stage: { id: 1 } })
    const deals = [deal(1, "ann", { stage: { id: 7 } }), own, deal(3, "ann", { stage: null })]
    assert.deepInclude(chooseDeal(titled(deals), { ...rule, stages: new Set([1, 2]) }), { deal: own })
  })

  it("with a template of its own the template's title comes before the login alone", () => {
    const withTemplate = { ...rule, title: "GitHub: ann" }
    assert.deepInclude(chooseDeal(titled([deal(1, "ann"), deal(2, "github: ann")]), withTemplate), {
      deal: deal(2, "github: ann")
    })
    assert.deepInclude(chooseDeal(titled([deal(1, "ann")]), withTemplate), { deal: deal(1, "ann") })
  })

  it("a message names the user, the deals, and what to do", () => {
    assert.strictEqual(
      severalDeals("ann", [deal(4, "ann "), deal(9, "Ann")]),
      'Pipedrive has 2 open deals that may be ann\'s: "ann" (4), "Ann" (9). Close, merge or rename all but one, or name one by `gitpip track ann --deal ID`; the files are sent then'
    )
  })
})

describe("a stage that was not there when the stages were read", () => {
  const pipeline = { ...rule, stages: new Set([1, 2]), otherStages: new Set([7]) }
  const elsewhere = { stage: { id: 9 } }
  for (const [what, deals, own, is] of [
    ["is that of a deal with the title", [deal(1, "Ann deal", elsewhere)], pipeline, true],
    [
      "is that of a deal with the title, beside another deal",
      [deal(1, "ann"), deal(2, "ann", elsewhere)],
      pipeline,
      true
    ],
    ["is not a known stage of the pipeline", [deal(1, "ann")], pipeline, false],
    ["is not a known stage of another pipeline", [deal(1, "ann", { stage: { id: 7 } })], pipeline, false],
    ["does not count for a deal with another title", [deal(1, "annabel", elsewhere)], pipeline, false],
    ["does not count for a lost deal", [deal(1, "ann", { ...elsewhere, status: "lost" })], pipeline, false],
    ["does not count in any pipeline", [deal(1, "ann", elsewhere)], { ...pipeline, stages: undefined }, false]
  ] as const) {
    it(what, () => assert.strictEqual(isInUnknownStage(deals, own), is))
  }
})

describe("the deal that a gone deal was merged into", () => {
  for (const [what, deals, survivor] of [
    ["is none without activities", [], undefined],
    ["is where the newest activities are", [7, 7, 7], 7],
    ["is where the one activity is", [7], 7],
    ["is none when a person has moved one activity", [7, 1, 1], undefined],
    ["is none when the activities are on several deals", [7, 8], undefined],
    ["is none when the activities are on no deal", [null, undefined], undefined],
    ["is none when the activities are still on the deal", [1, 1], undefined]
  ] as const) {
    it(what, () =>
      assert.strictEqual(
        mergedInto(
          deals.map((deal_id) => ({ deal_id })),
          1
        ),
        survivor
      )
    )
  }
})
