/** What the list of open deals shows of a user, beside what searches show. */
import { assert, describe, it } from "@effect/vitest"
import { makeDealIndex } from "../../src/pipedrive/dealIndex.ts"
import type { StoredDeal } from "../../src/pipedrive/wire.ts"

const deal = (id: number, title: string, more: Partial<StoredDeal> = {}): StoredDeal => ({
  id,
  title,
  status: "open",
  ...more
})
const ids = (found: ReadonlyArray<{ readonly id: number }>) => found.map(({ id }) => id)
const holding = (value: unknown) => ({ custom_fields: { key: value } })

describe("the index of open deals", () => {
  for (const [what, puts, found] of [
    ["has nothing at first", [], []],
    ["finds a title in another case and with other spaces", [deal(1, " ANN  Lee ")], [1]],
    ["does not find a part of a title", [deal(1, "ann lee deal")], []],
    ["finds each of several with one title", [deal(1, "Ann Lee"), deal(2, "ann lee")], [1, 2]],
    ["finds a deal once that was read twice", [deal(1, "ann lee"), deal(1, "Ann Lee")], [1]],
    ["leaves out a deal with another title now", [deal(1, "ann lee"), deal(1, "bob")], []],
    ["finds a deal by the title that it has now", [deal(1, "bob"), deal(1, "ann lee")], [1]],
    ["leaves out a deal that is lost now", [deal(1, "ann lee"), deal(1, "ann lee", { status: "lost" })], []],
    ["leaves out a deal that is deleted now", [deal(1, "ann lee"), deal(1, "ann lee", { is_deleted: true })], []],
    ["leaves out a deal that is archived now", [deal(1, "ann lee"), deal(1, "ann lee", { is_archived: true })], []],
    ["finds a deal that is open again", [deal(1, "ann lee", { status: "won" }), deal(1, "ann lee")], [1]]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<StoredDeal>, ReadonlyArray<number>]>) {
    it(what, () => {
      const index = makeDealIndex(undefined)
      for (const one of puts) index.put(one)
      assert.deepStrictEqual(ids(index.titled(["Ann Lee", "ann lee"])), found)
    })
  }

  it("forgets a deal, and no other one with its title", () => {
    const index = makeDealIndex(undefined)
    for (const one of [deal(1, "ann"), deal(2, "ann")]) index.put(one)
    index.remove(1)
    index.remove(7)
    assert.deepStrictEqual(ids(index.titled(["ann"])), [2])
  })

  it("shows a deal as a search does: with its owner, person and stage", () => {
    const index = makeDealIndex(undefined)
    index.put(deal(1, "ann", { owner_id: 2, person_id: 3, stage_id: 4 }))
    const [found] = index.titled(["ann"])
    assert.deepInclude(found, { owner: { id: 2 }, person: { id: 3 }, stage: { id: 4 } })
  })

  it("finds the login in the one field, by rising ids", () => {
    const index = makeDealIndex("key")
    index.put(deal(3, "One", holding(" ANN ")))
    index.put(deal(2, "Two", holding("ann")))
    index.put(deal(1, "Three", { custom_fields: { other: "ann" } }))
    index.put(deal(4, "Four", holding("annabel")))
    assert.deepStrictEqual(ids(index.holding("Ann")), [2, 3])
    index.put(deal(2, "Two", holding("bob")))
    assert.deepStrictEqual(ids(index.holding("Ann")), [3])
    assert.deepStrictEqual(ids(index.holding("bob")), [2])
  })
})
