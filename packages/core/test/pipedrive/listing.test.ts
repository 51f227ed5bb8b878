/** Whether a list is read in place of searches. */
import { assert, describe, it } from "@effect/vitest"
import { maxPages, type Need, pagesWorth, type Saving, savedBy } from "../../src/pipedrive/listing.ts"

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

describe("what lists save", () => {
  for (const [what, given, saving] of [
    ["is most for many users", { users: 1_000, searchTokens: 20_000 }, { maxItems: 50_000, maxTokens: 1_020 }],
    ["is half of the searches for ten users", { users: 10, searchTokens: 200 }, { maxItems: 4_000, maxTokens: 100 }],
    [
      "is twice the tokens when searches for deals and persons are saved",
      { users: 10, searchTokens: 430 },
      { maxItems: 4_000, maxTokens: 200 }
    ],
    ["is nothing for few users", { users: 9, searchTokens: 180 }, undefined],
    ["is nothing without searches", { users: 1_000, searchTokens: 0 }, undefined],
    ["is nothing for nobody", { users: 0, searchTokens: 0 }, undefined]
  ] as ReadonlyArray<readonly [string, Parameters<typeof savedBy>[0], Saving | undefined]>) {
    it(what, () => assert.deepStrictEqual(savedBy(given), saving))
  }
})
