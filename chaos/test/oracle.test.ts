/** The oracle counts what Pipedrive holds: nothing twice, and nothing with another user's deal or person. */
import { assert, describe, it } from "@effect/vitest"
import { isClean, publications } from "../src/Oracle.ts"
import type { World } from "../src/World.ts"

const file = "ann-0.md"

const held = {
  deals: [{ id: 1, title: "ann" }],
  persons: [{ id: 2, name: "ann" }],
  organizations: [{ name: "Example" }],
  activities: [{ deal_id: 1, subject: file }],
  leads: [] as ReadonlyArray<{ readonly person_id: number; readonly title: string }>
}

const lead = (person_id: number) => ({ person_id, title: `${file} · a gist` })

const verdictOf = (pipedrive: object) => ({
  ...publications({ pipedrive } as unknown as World, {
    files: new Map([[file, "ann"]]),
    visits: [],
    unanswered: 0
  }),
  visits: [],
  leaks: []
})

describe("the oracle", () => {
  it.each([
    ["an activity on the user's deal", held],
    ["a lead of the user's person", { ...held, activities: [], leads: [lead(2)] }]
  ])("is content with %s", (_, pipedrive) => {
    assert.isTrue(isClean(verdictOf(pipedrive)))
  })

  it.each([
    ["no item for a file", { ...held, activities: [] }, { lost: [file] }],
    ["two activities", { ...held, activities: [...held.activities, ...held.activities] }, { doubled: [file] }],
    ["two leads", { ...held, activities: [], leads: [lead(2), lead(2)] }, { doubled: [file] }],
    ["an activity and a lead", { ...held, leads: [lead(2)] }, { doubled: [file] }],
    ["another user's deal", { ...held, deals: [{ id: 1, title: "bob" }] }, { misplaced: [file] }],
    ["another user's person", { ...held, activities: [], leads: [lead(9)] }, { misplaced: [file] }],
    ["two deals", { ...held, deals: [...held.deals, { id: 3, title: "ann" }] }, { doubledDeals: ["ann"] }],
    ["two persons", { ...held, persons: [...held.persons, { id: 3, name: "ann" }] }, { doubledDeals: ["person ann"] }],
    [
      "two organizations",
      { ...held, organizations: [...held.organizations, { name: "EXAMPLE" }] },
      { doubledDeals: ["organization example"] }
    ]
  ])("notices %s", (_, pipedrive, wrong) => {
    const verdict = verdictOf(pipedrive)
    assert.isFalse(isClean(verdict))
    assert.deepInclude(verdict, wrong)
  })
})
