/** A throttle sends no more than its share of a window that other processes use as well. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Grant, QuotaUse } from "../../src/limits/SharedQuota.ts"
import * as Throttle from "../../src/limits/Throttle.ts"

const window = { limit: 20, millis: 2_000 }

describe("a throttle with a quota", () => {
  const throttleWith = (answer: (use: QuotaUse) => Grant | undefined) => {
    const asked: Array<QuotaUse> = []
    const throttle = Throttle.make({
      concurrency: 100,
      patience: "15 seconds",
      quota: {
        renew: (use) =>
          Effect.sync(() => {
            asked.push(use)
            return answer(use)
          })
      }
    })
    return { throttle, asked }
  }
  const grant = (slots: number, more: Partial<Grant> = {}): Grant => ({
    slots,
    others: 1,
    window: undefined,
    blocked: undefined,
    ...more
  })
  const enter = (throttle: Throttle.Throttle, times: number) => {
    let entered = 0
    return Effect.map(
      Effect.forEach(
        Array.from({ length: times }),
        () => Effect.forkChild(throttle.run(Effect.sync(() => entered++)), { startImmediately: true }),
        { discard: true }
      ),
      () => () => entered
    )
  }

  it.effect(
    "a throttle sends no more than its share, and asks again when the share is used and every two seconds",
    () =>
      Effect.gen(function* () {
        const { asked, throttle } = throttleWith(({ wants }) => grant(Math.min(wants, 8)))
        throttle.setWindow(window)
        const entered = yield* enter(throttle, 20)
        assert.strictEqual(entered(), 8)
        assert.deepStrictEqual(
          asked.map(({ sent, wants }) => [sent, wants]),
          [
            [0, 5],
            [5, 10]
          ]
        )
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual(entered(), 16)
        assert.strictEqual(asked.length, 3)
      })
  )

  it.effect("a throttle without other servers sends all requests at once", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      const before = yield* enter(throttle, 30)
      assert.strictEqual(before(), 30)
      const { throttle: limited } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      limited.setWindow(window)
      assert.strictEqual((yield* enter(limited, 30))(), 20)
    })
  )

  it.effect("a throttle that has the whole window fails at once when the next slot is far away", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      throttle.setWindow({ limit: 20, millis: 60_000 })
      yield* Effect.forEach(Array.from({ length: 20 }), () => throttle.run(Effect.void))
      const throttled = yield* Effect.flip(throttle.run(Effect.void))
      assert.strictEqual(throttled.until, 60_000)
    })
  )

  it.effect("a throttle beside other servers sends one request first while the window is unknown", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants))
      const answer = yield* Deferred.make<void>()
      let entered = 0
      const request = throttle.run(
        Effect.andThen(
          Effect.sync(() => void entered++),
          Deferred.await(answer)
        )
      )
      yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(request, { startImmediately: true }))
      assert.strictEqual(entered, 1)
      yield* Deferred.succeed(answer, undefined)
      yield* TestClock.adjust(0)
      assert.strictEqual(entered, 3)
    })
  )

  it.effect(
    "a throttle goes on for five seconds without an answer of the database, and then sends nothing until one comes",
    () =>
      Effect.gen(function* () {
        let alive = true
        const { throttle } = throttleWith(({ wants }) => (alive ? grant(wants) : undefined))
        throttle.setWindow(window)
        yield* throttle.run(Effect.void)
        alive = false
        yield* TestClock.adjust("4 seconds")
        yield* throttle.run(Effect.void)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Effect.flip(throttle.run(Effect.void)))._tag, "Throttled")
        alive = true
        yield* throttle.run(Effect.void)
      })
  )

  it.effect("a throttle sends nothing when the answer took longer than a share is valid", () =>
    Effect.gen(function* () {
      let slots = 0
      const throttle = Throttle.make({
        concurrency: 100,
        patience: "1 minute",
        quota: {
          renew: () =>
            Effect.delay(
              Effect.sync(() => grant(slots)),
              "3 seconds"
            )
        }
      })
      throttle.setWindow(window)
      const entered = yield* enter(throttle, 1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(entered(), 0)
      slots = 1
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(entered(), 1)
    })
  )

  it.effect("a throttle keeps its share while the last of several requests waits for its response, and no longer", () =>
    Effect.gen(function* () {
      const { asked, throttle } = throttleWith(({ wants }) => grant(wants))
      throttle.setWindow(window)
      const first = yield* Deferred.make<void>()
      const second = yield* Deferred.make<void>()
      for (const response of [first, second]) {
        yield* Effect.forkChild(throttle.run(Deferred.await(response)), { startImmediately: true })
      }
      assert.strictEqual(asked.length, 1)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(asked.length, 2)
      yield* Deferred.succeed(first, undefined)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(asked.length, 3)
      yield* Deferred.succeed(second, undefined)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(asked.length, 3)
    })
  )

  it.effect("a throttle sends nothing during a limit that another server met", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) =>
        grant(wants, { blocked: { until: 60_000, why: "the day is over" } })
      )
      const throttled = yield* Effect.flip(throttle.run(Effect.void))
      assert.deepStrictEqual([throttled.until, throttled.why], [60_000, "the day is over"])
    })
  )
})
