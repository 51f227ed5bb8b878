import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as RateLimit from "../src/RateLimit.ts"

const takeAll = (limit: RateLimit.RateLimit, client: string, now: number, most = 100_000): number => {
  let taken = 0
  while (taken < most && limit.take(client, now) === 0) taken++
  return taken
}

describe("a limit of 60 a minute", () => {
  it("lets 60 pass at once, and one more each second", () => {
    const limit = RateLimit.make({ perMinute: 60 })
    assert.strictEqual(takeAll(limit, "a", 0), 60)
    assert.strictEqual(limit.take("a", 0), 1_000)
    assert.strictEqual(limit.take("a", 400), 600)
    assert.strictEqual(takeAll(limit, "a", 1_000), 1)
    assert.strictEqual(takeAll(limit, "a", 4_999), 3)
    assert.strictEqual(takeAll(limit, "a", 10_000_000), 60)
  })

  it("counts each client for itself", () => {
    const limit = RateLimit.make({ perMinute: 60 })
    takeAll(limit, "a", 0)
    assert.strictEqual(limit.take("b", 0), 0)
  })

  it("reports the wait without taking", () => {
    const limit = RateLimit.make({ perMinute: 2 })
    assert.deepStrictEqual([limit.wait("a", 0), limit.wait("a", 0), limit.wait("a", 0)], [0, 0, 0])
    assert.strictEqual(takeAll(limit, "a", 0), 2)
    assert.strictEqual(limit.wait("a", 0), 30_000)
    assert.strictEqual(limit.wait("a", 30_000), 0)
  })

  it("locks nobody out for long when the clock is set back", () => {
    const limit = RateLimit.make({ perMinute: 60 })
    takeAll(limit, "a", 1e12)
    assert.isAbove(takeAll(limit, "a", 0), 0)
    assert.isAtMost(limit.take("a", 0), 1_000)
    assert.strictEqual(limit.take("a", 1_000), 0)
  })

  it("knows no end when there is none", () => {
    assert.strictEqual(takeAll(RateLimit.make({ perMinute: Number.POSITIVE_INFINITY }), "a", 0, 1_000), 1_000)
  })
})

it("remembers the clients of late, and so many of them only", () => {
  const limit = RateLimit.make({ perMinute: 1, clients: 10 })
  const all = Array.from({ length: 1_000 }, (_, n) => `client-${n}`)
  for (const client of all) assert.strictEqual(limit.take(client, 0), 0)
  const known = all.filter((client) => limit.wait(client, 0) > 0)
  assert.isAtMost(known.length, 10)
  assert.includeMembers(known, all.slice(-5))
})

it("does not forget who keeps coming, however many others do", () => {
  const limit = RateLimit.make({ perMinute: 60, clients: 10 })
  takeAll(limit, "a", 0)
  for (let second = 1; second <= 20; second++) {
    assert.strictEqual(limit.take("a", second * 1_000), 0)
    assert.isAbove(limit.take("a", second * 1_000), 0)
    for (let n = 0; n < 4; n++) limit.take(`${second}-${n}`, second * 1_000)
  }
})

it.prop(
  "never lets more pass in a minute than twice the limit, nor refuses one within it",
  [
    Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_000 }))),
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))
  ],
  ([pauses, perMinute]) => {
    const limit = RateLimit.make({ perMinute })
    let now = 0
    const passed: Array<number> = []
    for (const pause of [...pauses, ...pauses]) {
      now += pause
      const wait = limit.wait("a", now)
      assert.strictEqual(limit.take("a", now), wait)
      if (wait === 0) passed.push(now)
      // A client that waits as long as it was asked to gets a token.
      else assert.strictEqual(limit.wait("a", now + wait), 0)
      assert.isAtMost(passed.filter((at) => at > now - 60_000).length, 2 * perMinute)
      if (passed.length < perMinute) assert.strictEqual(wait, 0)
    }
  }
)
