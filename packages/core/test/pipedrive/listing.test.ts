/** Whether a list is read in place of searches. */
import { assert, describe, it } from "@effect/vitest"
import { costOfFinding, maxPages, type Need, pagesWorth } from "../../src/pipedrive/listing.ts"

describe("the pages that may be read in place of searches", () => {
  for (const [what, need, pages] of [
    ["are none for one user", { users: 1, searchesCost: 20 }, 0],
    ["are none for nine users", { users: 9, searchesCost: 40 }, 0],
    ["cost half of ten users' searches, with the reads of changes", { users: 10, searchesCost: 20 }, 8],
    ["are more when each user takes two searches", { users: 10, searchesCost: 40 }, 18],
    ["have an upper bound", { users: 100_000, searchesCost: 20 }, maxPages],
    [
      "are none when not even twice the pages that were too few are worth it",
      { users: 10, searchesCost: 20, tooFew: 5 },
      0
    ],
    ["are read again when twice the pages are worth it", { users: 20, searchesCost: 20, tooFew: 8 }, 18],
    ["are none after the most pages were too few", { users: 100_000, searchesCost: 20, tooFew: maxPages }, 0]
  ] as ReadonlyArray<readonly [string, Need, number]>) {
    it(what, () => assert.strictEqual(pagesWorth(need), pages))
  }

  for (let users = 0; users <= 200; users++) {
    it(`cost ${users} users no more than half of their searches`, () =>
      assert.isAtMost(
        (pagesWorth({ users, searchesCost: 20 }) && pagesWorth({ users, searchesCost: 20 }) + 2) * 10,
        users * 10
      ))
  }
})

describe("the tokens for finding users' deals", () => {
  for (const [what, need, tokens] of [
    ["are those of the list for many users", { users: 1_000, searchesCost: 20, items: 10_000 }, 220],
    ["are those of the searches when the list is too long", { users: 20, searchesCost: 20, items: 100_000 }, 400],
    ["are those of the searches when nobody knows how long the list is", { users: 20, searchesCost: 20 }, 400],
    ["are those of the searches for few users", { users: 3, searchesCost: 20, items: 1 }, 60],
    ["count a page for an empty list", { users: 10, searchesCost: 20, items: 0 }, 30],
    ["are none for nobody", { users: 0, searchesCost: 20, items: 10 }, 0]
  ] as ReadonlyArray<readonly [string, Parameters<typeof costOfFinding>[0], number]>) {
    it(what, () => assert.strictEqual(costOfFinding(need), tokens))
  }
})
