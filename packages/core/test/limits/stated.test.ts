/** What a service's headers and answers state about its limit, and what keeps requests back then. */
import { assert, describe, it } from "@effect/vitest"
import * as Stated from "../../src/limits/stated.ts"

const block = (until: number, more: Partial<Stated.LimitBlock> = {}): Stated.LimitBlock => ({
  until,
  why: `until ${until}`,
  enforcedBy: "service",
  isStored: false,
  ...more
})
const stored = { isStored: true }
const self = { enforcedBy: "self" } as const

describe("of two blocks", () => {
  const hour = 3_600_000
  for (const [what, first, second, left] of [
    ["the later end counts", block(1_000), block(2_000), block(2_000)],
    ["a later one that ends sooner changes nothing", block(2_000), block(1_000), block(2_000)],
    [
      "a stored one that ends with the present one marks it as stored",
      block(hour),
      block(hour, stored),
      block(hour, stored)
    ],
    [
      "a stored one that was read by a slow statement marks the present one as stored",
      block(hour),
      block(hour - 4_000, stored),
      block(hour, stored)
    ],
    ["a stored one that ends much sooner changes nothing", block(hour), block(hour - 6_000, stored), block(hour)],
    ["a longer one that is not stored yet replaces a stored one", block(1_000, stored), block(hour), block(hour)],
    [
      "a burst that lasts longer than a spent day is this process's own",
      block(1_000),
      block(hour, self),
      block(hour, self)
    ],
    ["a spent day that lasts longer than a burst is the service's", block(1_000, self), block(hour), block(hour)]
  ] as const) {
    it(what, () => {
      const both = Stated.blocked(Stated.blocked(Stated.nothing, first), second)
      assert.deepStrictEqual(both.block, left)
    })
  }
})

describe("a request is kept back", () => {
  const budget = (remaining: number, resetAt: number) =>
    Stated.reported(Stated.nothing, { limit: 9, remaining, resetAt }, 1)
  const both = Stated.blocked(budget(0, 50), block(20))
  for (const [what, stated, now, until] of [
    ["by nothing when nothing is known", Stated.nothing, 10, undefined],
    ["by a block until its end", Stated.blocked(Stated.nothing, block(20)), 10, 20],
    ["by no block at its end", Stated.blocked(Stated.nothing, block(20)), 20, undefined],
    ["by no budget that leaves a request", budget(1, 50), 10, undefined],
    ["by a budget that is used up until its renewal", budget(0, 50), 10, 50],
    ["by no budget after its renewal", budget(0, 50), 50, undefined],
    ["by the last request that left", Stated.spent(budget(1, 50)), 10, 50],
    ["by the block first when both hold", both, 10, 20],
    ["by the budget when its block is over", both, 20, 50]
  ] as ReadonlyArray<readonly [string, Stated.Stated, number, number | undefined]>) {
    it(what, () => {
      assert.strictEqual(Stated.holding(Stated.current(stated, now), now)?.until, until)
    })
  }
})

describe("a reported budget", () => {
  const facts = { limit: 9, remaining: 5, resetAt: 50 }
  it("counts requests under way as spent, except the answered one", () => {
    assert.strictEqual(Stated.reported(Stated.nothing, facts, 3).budget?.remaining, 3)
  })
  it("is not raised by an answer of the same period that a newer one overtook", () => {
    const newer = Stated.reported(Stated.nothing, { ...facts, remaining: 2 }, 1)
    assert.strictEqual(Stated.reported(newer, facts, 1).budget?.remaining, 2)
  })
  it("is raised by an answer of the next period", () => {
    const before = Stated.reported(Stated.nothing, { ...facts, remaining: 0 }, 1)
    assert.strictEqual(Stated.reported(before, { ...facts, resetAt: 90 }, 1).budget?.remaining, 5)
  })
})
