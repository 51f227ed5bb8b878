/** The sliding window by itself: when a slot is free. The throttle's own tests show that no window is ever overrun. */
import { assert, describe, it } from "@effect/vitest"
import * as SlidingWindow from "../../src/limits/window.ts"

const size = { limit: 3, millis: 100 }
const sent = (...endedAt: ReadonlyArray<number>) => endedAt.map((endedAt) => ({ startedAt: 0, endedAt }))
const underWay = Number.POSITIVE_INFINITY
const others = { slots: 1, until: 70 }
const share = { slots: 1, renewedAt: 60 }

describe("a slot of the sliding window is free", () => {
  it.each([
    ["at once while the size of the window is unknown", { size: undefined, sent: sent(1, 2, 3, 4) }, undefined, 50],
    ["at once while fewer requests count than the limit", { sent: sent(10, 20) }, undefined, 50],
    ["a window after the first response", { sent: sent(30, 10, 20) }, undefined, 110],
    [
      "a window from now at the earliest when all requests are under way",
      { sent: sent(underWay, underWay, underWay) },
      undefined,
      150
    ],
    ["when others free theirs, if that is sooner", { sent: sent(10, 20), others }, undefined, 70],
    [
      "a window after the own response when others free theirs later",
      { sent: sent(10, 20), others: { slots: 1, until: 500 } },
      undefined,
      110
    ],
    ["at once when the use of others is over", { sent: sent(10, 20), others: { slots: 2, until: 50 } }, undefined, 50],
    ["when a larger share may be granted, if that is sooner", { sent: sent(10) }, share, 60],
    ["a moment from now when the share is overdue", { sent: sent(10) }, { slots: 1, renewedAt: 20 }, 51],
    [
      "a window after the own response when the share is the whole window",
      { sent: sent(10, 20, 30) },
      { slots: 3, renewedAt: 60 },
      110
    ]
  ] as const)("%s", (_, window, share, expected) => {
    assert.strictEqual(
      SlidingWindow.freeSlotAt({ ...SlidingWindow.empty, size, ...window }, { now: 50, share }),
      expected
    )
  })
})

describe("the sliding window", () => {
  const first = { startedAt: 1, endedAt: underWay }
  const second = { startedAt: 2, endedAt: underWay }
  const both = SlidingWindow.leave(SlidingWindow.leave({ ...SlidingWindow.empty, size }, first), second)

  it("the window forgets a request one window after its response, and none that is under way", () => {
    const ended = SlidingWindow.end(both, first, 10)
    assert.strictEqual(SlidingWindow.forget(ended, 109).sent.length, 2)
    assert.deepStrictEqual(SlidingWindow.forget(ended, 110).sent, [second])
    assert.deepStrictEqual(SlidingWindow.forget(both, 1_000_000).sent, [first, second])
  })

  it("the window remembers the last hundred requests while its size is unknown", () => {
    let window = SlidingWindow.empty
    for (let n = 0; n < 101; n++) window = SlidingWindow.leave(window, { startedAt: n, endedAt: n })
    assert.deepStrictEqual([window.sent.length, window.sent[0]?.startedAt], [100, 1])
    assert.strictEqual(SlidingWindow.forget(window, 1_000_000), window)
  })

  it("use that requests up to the answered one do not explain counts as that of others", () => {
    const facts = { limit: 10, millis: 100, remaining: 4, resetAt: 90 }
    assert.deepStrictEqual(SlidingWindow.learn(both, { ...facts, startedAt: 1 }).others, { slots: 5, until: 90 })
    assert.deepStrictEqual(SlidingWindow.learn(both, { ...facts, startedAt: 2 }).others, { slots: 4, until: 90 })
    assert.strictEqual(SlidingWindow.learn(both, { ...facts, remaining: 10, startedAt: 2 }).others.slots, 0)
  })
})
