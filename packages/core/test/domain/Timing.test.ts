import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as Timing from "../../src/domain/Timing.ts"

const millis = Duration.toMillis

const delays = [
  ["of a user", Timing.userRetryDelay, Duration.minutes(5), Duration.days(1)],
  ["of a publication", Timing.publicationRetryDelay, Duration.seconds(15), Duration.minutes(15)]
] as const

for (const [whose, delay, first, cap] of delays) {
  describe(`the wait ${whose}`, () => {
    it("a wait begins at its first value and doubles", () => {
      assert.strictEqual(millis(delay(1)), millis(first))
      assert.strictEqual(millis(delay(2)), 2 * millis(first))
      assert.strictEqual(millis(delay(3)), 4 * millis(first))
    })

    it.prop("a wait never shrinks and never passes its cap", [Schema.Int], ([n]) => {
      assert.isAtMost(millis(delay(n)), millis(delay(n + 1)))
      assert.isAtLeast(millis(delay(n)), millis(first))
      assert.isAtMost(millis(delay(n)), millis(cap))
    })

    it("a wait reaches its cap and stays there, however many failures came before", () => {
      for (const n of [20, 31, 32, 1_000, Number.MAX_SAFE_INTEGER]) assert.strictEqual(millis(delay(n)), millis(cap))
    })
  })
}

describe("jitter", () => {
  it.prop(
    "jitter spreads a wait over 80 % to 120 % of it",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })),
      Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
    ],
    ([wait, random]) => {
      const spread = millis(Timing.jittered(Duration.millis(wait), random))
      assert.isAtLeast(spread, 0.8 * wait - 0.001)
      assert.isAtMost(spread, 1.2 * wait + 0.001)
    }
  )

  it("jitter makes waits longer and shorter", () => {
    assert.isBelow(millis(Timing.jittered(Duration.seconds(10), 0)), 8_001)
    assert.isAbove(millis(Timing.jittered(Duration.seconds(10), 1)), 11_999)
  })
})

describe("the wait of an audit or a deletion that failed", () => {
  it.each([
    ["0 seconds", "15 minutes"],
    ["1 hour", "15 minutes"],
    ["2 hours", "30 minutes"],
    ["2 days", "12 hours"],
    ["4 days", "1 day"],
    ["365 days", "1 day"]
  ] as const)("after %s is %s", (age, wait) => {
    const [old, expected] = [age, wait].map((text) => Duration.fromInputUnsafe(text as Duration.Input))
    if (old === undefined || expected === undefined) return assert.fail()
    assert.strictEqual(millis(Timing.upkeepRetryDelay(old)), millis(expected))
  })
})

describe("leases", () => {
  it("leases outlast the request they cover, its answer's delay, and a paused process's check", () => {
    // A request sent with just more than the margin left has ended and settled before another may claim the row.
    assert.isAtLeast(millis(Timing.sendMargin), millis(Timing.createTimeout) + millis(Timing.settleDelay))
    assert.isAbove(millis(Timing.publicationLease), 2 * millis(Timing.sendMargin))
    assert.isAtLeast(millis(Timing.scanLease), 3 * millis(Timing.scanHeartbeat))
  })
})
