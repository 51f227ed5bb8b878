/** The throttle keeps requests within a sliding window, in order of arrival. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Throttle from "../../src/limits/Throttle.ts"
import { logged } from "./throttles.ts"

describe("the sliding window", () => {
  it.effect("no more requests than the limit leave within any stretch of the window's length", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      throttle.setWindow({ limit: 5, millis: 1_000 })
      yield* enterTimes(3)
      yield* TestClock.adjust(600)
      yield* enterTimes(20)
      for (let step = 0; step < 100; step++) yield* TestClock.adjust(50)
      const starts = times()
      assert.strictEqual(starts.length, 23)
      for (const [n, at] of starts.entries()) {
        const later = starts[n + 5]
        if (later !== undefined) assert.isAtLeast(later - at, 1_000)
      }
      // No time is wasted: each request leaves as soon as the fifth before it is that long ago.
      assert.deepStrictEqual(starts.slice(0, 10), [0, 0, 0, 600, 600, 1_000, 1_000, 1_000, 1_600, 1_600])
    })
  )

  /** A service that counts requests within two seconds, which travel for different times. */
  const travel = Effect.fnUntraced(function* (limit: number, ways: (n: number) => number) {
    const throttle = Throttle.make({ concurrency: 12, patience: 30_000 })
    const arrived: Array<number> = []
    let refused = 0
    const request = (n: number) =>
      throttle.run(
        Effect.gen(function* () {
          const startedAt = yield* Clock.currentTimeMillis
          yield* Effect.sleep(ways(n))
          const at = yield* Clock.currentTimeMillis
          const inWindow = arrived.filter((one) => one > at - 2_000 && one <= at)
          if (inWindow.length >= limit) refused++
          else arrived.push(at)
          const remaining = Math.max(limit - inWindow.length - 1, 0)
          const reset = Math.max(1, Math.ceil(((inWindow[0] ?? at) + 2_000 - at) / 1_000))
          yield* Effect.sleep(ways(n + 1))
          const now = yield* Clock.currentTimeMillis
          throttle.learnWindow({ limit, millis: 2_050, remaining, resetAt: now + reset * 1_000, startedAt })
        })
      )
    const count = limit * 10
    const work = yield* Effect.forkChild(
      Effect.forEach(Array.from({ length: count }), (_, n) => request(n), { concurrency: "unbounded" }),
      { startImmediately: true }
    )
    while (work.pollUnsafe() === undefined) yield* TestClock.adjust(5)
    yield* Fiber.join(work)
    return { refused, quota: count / ((yield* Clock.currentTimeMillis) / 2_000) / limit }
  })

  it.effect("the window is never overrun, and used well, when requests travel for a while", () =>
    Effect.gen(function* () {
      const { refused, quota } = yield* travel(100, () => 50)
      assert.strictEqual(refused, 0)
      assert.isAbove(quota, 0.95)
    })
  )

  it.effect("the window is never overrun when requests travel for very different times", () =>
    Effect.gen(function* () {
      // The first requests leave before the limit is known: no more than may be under way at once.
      for (const limit of [12, 20, 60]) {
        const { refused } = yield* travel(limit, (n) => (n * 7_919) % 900)
        assert.strictEqual(refused, 0)
      }
    })
  )

  it.effect("slots that others take, by what the responses show, are left to them", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      yield* TestClock.adjust(10_000)
      yield* throttle.run(
        Effect.sync(() =>
          throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 4, resetAt: 11_000, startedAt: 10_000 })
        )
      )
      // One of the sixteen was an own request, and fifteen were others'.
      yield* enterTimes(30)
      assert.strictEqual(times().length, 4)
      yield* TestClock.adjust(999)
      assert.strictEqual(times().length, 4)
      yield* TestClock.adjust(1)
      assert.strictEqual(times().length, 19)
      yield* TestClock.adjust(1_000)
      assert.strictEqual(times().length, 20 + 4)
    })
  )

  it.effect("a slot is free one window after the response, and not a moment sooner", () =>
    Effect.gen(function* () {
      const { enter, throttle, times } = logged()
      throttle.setWindow({ limit: 1, millis: 1_000 })
      const slow = yield* Effect.forkChild(throttle.run(Effect.sleep(5_000)), { startImmediately: true })
      yield* Effect.forkChild(enter(), { startImmediately: true })
      yield* TestClock.adjust(5_000)
      yield* Fiber.join(slow)
      yield* TestClock.adjust(990)
      yield* Effect.forkChild(enter(), { startImmediately: true })
      assert.deepStrictEqual(times(), [])
      yield* TestClock.adjust(2_000)
      assert.deepStrictEqual(times(), [6_000, 7_000])
    })
  )

  it.effect("requests that left after the answered one do not count as use that the service had reported", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      const left = (millis: number) => Effect.forkChild(throttle.run(Effect.sleep(millis)), { startImmediately: true })
      yield* left(500)
      yield* TestClock.adjust(100)
      yield* Effect.all([left(500), left(500)])
      throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 4, resetAt: 2_000, startedAt: 0 })
      // Others have fifteen slots and three requests are under way, so two slots are left.
      yield* enterTimes(10)
      assert.strictEqual(times().length, 2)
    })
  )

  it.effect("requests wait until the requests of others have left the window, when others took all slots", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 0, resetAt: 1_500, startedAt: 0 })
      yield* enterTimes(1)
      yield* TestClock.adjust(1_499)
      assert.deepStrictEqual(times(), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(times(), [1_500])
    })
  )

  it.effect("requests that wait for a slot leave in the order in which they came", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, log } = logged()
      throttle.setWindow({ limit: 2, millis: 100 })
      yield* enterTimes(9)
      for (let step = 0; step < 10; step++) yield* TestClock.adjust(100)
      assert.deepStrictEqual(
        log.map(([name]) => name),
        [0, 1, 2, 3, 4, 5, 6, 7, 8]
      )
    })
  )

  it.effect("a limit that becomes smaller while it is in use is obeyed", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      throttle.setWindow({ limit: 4, millis: 1_000 })
      yield* enterTimes(4)
      throttle.setWindow({ limit: 2, millis: 1_000 })
      yield* enterTimes(3)
      yield* TestClock.adjust(999)
      assert.strictEqual(times().length, 4)
      yield* TestClock.adjust(1)
      assert.strictEqual(times().length, 6)
      yield* TestClock.adjust(1_000)
      assert.strictEqual(times().length, 7)
    })
  )
})

describe("a slot in the window", () => {
  it.effect("a request with `whenFull: wait` waits for a slot, however long", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged({ patience: 1_000 })
      throttle.setWindow({ limit: 3, millis: 60_000 })
      yield* enterTimes(3)
      let passed = false
      const waiting = yield* Effect.forkChild(
        throttle.run(
          Effect.sync(() => {
            passed = true
          }),
          { whenFull: "wait" }
        ),
        { startImmediately: true }
      )
      assert.match((yield* Effect.flip(throttle.run(Effect.void))).why, /at a time have been sent/)
      yield* TestClock.adjust(59_999)
      assert.isFalse(passed)
      yield* TestClock.adjust(1)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual([times().length, passed], [3, true])
    })
  )

  it.effect("a request with `whenFull: wait` fails at once during a long block", () =>
    Effect.gen(function* () {
      const { throttle } = logged({ patience: 1_000 })
      throttle.block(100_000, "for long")
      assert.strictEqual((yield* Effect.flip(throttle.run(Effect.void, { whenFull: "wait" }))).why, "for long")
    })
  )
})
