/** The throttle keeps requests within concurrency, the stated budget, and blocks. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Throttle from "../../src/limits/Throttle.ts"
import { logged } from "./throttles.ts"

describe("concurrency", () => {
  it.effect(
    "no more requests are under way than allowed, and requests that wait leave in the order in which they came",
    () =>
      Effect.gen(function* () {
        const throttle = Throttle.make({ concurrency: 3, patience: 1_000 })
        const answers = yield* Effect.forEach(Array.from({ length: 9 }), () => Deferred.make<void>())
        const started: Array<number> = []
        let inside = 0
        let max = 0
        const fibers = yield* Effect.forEach(answers, (answer, n) =>
          throttle
            .run(
              Effect.gen(function* () {
                started.push(n)
                max = Math.max(max, ++inside)
                yield* Deferred.await(answer)
                inside--
              })
            )
            .pipe((run) => Effect.forkChild(run, { startImmediately: true }))
        )
        assert.deepStrictEqual(started, [0, 1, 2])
        for (const n of [1, 0, 2, 3, 4, 5, 6, 7, 8]) {
          yield* Deferred.succeed(answers[n] as Deferred.Deferred<void>, undefined)
          yield* Fiber.join(fibers[n] as Fiber.Fiber<void>)
        }
        assert.deepStrictEqual(started, [0, 1, 2, 3, 4, 5, 6, 7, 8])
        assert.strictEqual(max, 3)
      })
  )

  it.effect("more requests are under way at once when more are allowed", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ concurrency: 1, patience: 1_000 })
      let inside = 0
      for (const _ of [1, 2, 3, 4]) {
        const request = throttle.run(
          Effect.andThen(
            Effect.sync(() => inside++),
            Effect.never
          )
        )
        yield* Effect.forkChild(request, { startImmediately: true })
      }
      assert.strictEqual(inside, 1)
      yield* throttle.setConcurrency(3)
      yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.yieldNow)
      assert.strictEqual(inside, 3)
    })
  )

  it.effect("an effect that fails, dies or is interrupted frees its place", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ concurrency: 1, patience: 1_000 })
      yield* Effect.exit(throttle.run(Effect.fail("no")))
      yield* Effect.exit(throttle.run(Effect.die("no")))
      const hanging = yield* Effect.forkChild(throttle.run(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(hanging)
      assert.strictEqual(yield* throttle.run(Effect.succeed(1)), 1)
      // No request counts as under way any more, so a response's budget is taken as it is.
      throttle.learn({ limit: 10, remaining: 7, resetAt: 1_000 })
      assert.strictEqual(throttle.state().budget?.remaining, 7)
    })
  )
})

describe("the budget of the service's headers", () => {
  it.effect("a stated budget is spent down to nothing and waited for", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      throttle.learn({ limit: 60, remaining: 3, resetAt: 10_000 })
      yield* enterTimes(5)
      yield* TestClock.adjust(9_999)
      assert.deepStrictEqual(times(), [0, 0, 0])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(times(), [0, 0, 0, 10_000, 10_000])
    })
  )

  it.effect(
    "a stated budget is taken from each response, when others spend some of it and when a response costs nothing",
    () =>
      Effect.gen(function* () {
        const { enter, throttle } = logged()
        throttle.learn({ limit: 60, remaining: 50, resetAt: 10_000 })
        yield* enter()
        assert.strictEqual(throttle.state().budget?.remaining, 49)
        throttle.learn({ limit: 60, remaining: 50, resetAt: 10_000 })
        assert.strictEqual(throttle.state().budget?.remaining, 50)
        throttle.learn({ limit: 60, remaining: 2, resetAt: 10_000 })
        assert.strictEqual(throttle.state().budget?.remaining, 2)
      })
  )

  it.effect("requests under way count as spent, except the answered one", () =>
    Effect.gen(function* () {
      const { throttle } = logged()
      yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(throttle.run(Effect.never), { startImmediately: true }))
      yield* throttle.run(Effect.sync(() => throttle.learn({ limit: 60, remaining: 10, resetAt: 10_000 })))
      assert.strictEqual(throttle.state().budget?.remaining, 7)
    })
  )

  it.effect("a stated budget is not raised by a response that a newer one overtook", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = logged()
      throttle.learn({ limit: 60, remaining: 1, resetAt: 10_000 })
      throttle.learn({ limit: 60, remaining: 2, resetAt: 10_000 })
      yield* enterTimes(3)
      assert.strictEqual(times().length, 1)
      // After the renewal, more is left again.
      yield* TestClock.adjust(10_000)
      throttle.learn({ limit: 60, remaining: 60, resetAt: 20_000 })
      assert.strictEqual(throttle.state().budget?.remaining, 60)
    })
  )

  it.effect("a budget that is used up for longer than the throttle waits fails at once", () =>
    Effect.gen(function* () {
      const { enter, throttle } = logged({ patience: 30_000 })
      throttle.learn({ limit: 60, remaining: 0, resetAt: 30_001 })
      const throttled = yield* Effect.flip(enter())
      assert.strictEqual(throttled.until, 30_001)
      assert.match(throttled.why, /used up/)
    })
  )
})

describe("a block", () => {
  it.effect("a short block is waited for, in order, and no request leaves before its end", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, log } = logged()
      throttle.block(5_000, "too fast")
      yield* enterTimes(4)
      yield* TestClock.adjust(4_999)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(
        log,
        [0, 1, 2, 3].map((n) => [n, 5_000] as const)
      )
    })
  )

  it.effect(
    "a block that lasts longer than the throttle waits fails requests at once, with the instant and the reason",
    () =>
      Effect.gen(function* () {
        const { enter, throttle, log } = logged({ patience: 5_000 })
        throttle.block(5_001, "the day is over")
        const throttled = yield* Effect.flip(enter())
        assert.deepStrictEqual(
          [throttled._tag, throttled.until, throttled.why],
          ["Throttled", 5_001, "the day is over"]
        )
        yield* TestClock.adjust(1)
        // One millisecond later the throttle waits for the rest.
        const waiting = yield* Effect.forkChild(enter(), { startImmediately: true })
        yield* TestClock.adjust(5_000)
        yield* Fiber.join(waiting)
        assert.strictEqual(log.length, 1)
      })
  )

  it.effect("a block that becomes longer fails requests that wait already", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = logged({ patience: 5_000 })
      throttle.block(1_000, "a moment")
      const waiting = yield* Effect.forkChild(Effect.flip(enter()), { startImmediately: true })
      throttle.block(100_000, "for long")
      yield* TestClock.adjust(1_000)
      assert.strictEqual((yield* Fiber.join(waiting)).why, "for long")
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("a block is never ended earlier by a later report", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = logged()
      throttle.block(2_000, "first")
      throttle.block(1_000, "second")
      throttle.learn({ limit: 60, remaining: 60, resetAt: 500 })
      const waiting = yield* Effect.forkChild(enter(), { startImmediately: true })
      yield* TestClock.adjust(1_999)
      assert.deepStrictEqual(log, [])
      assert.strictEqual(throttle.state().why, "first")
      yield* TestClock.adjust(1)
      yield* Fiber.join(waiting)
    })
  )

  it.effect("a request that waits for the end of a block can be interrupted at once", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = logged()
      throttle.block(20_000, "a while")
      const waiting = yield* Effect.forkChild(enter(), { startImmediately: true })
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.interrupt(waiting).pipe(Effect.andThen(Fiber.await(waiting)))))
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(log, [])
      // The place in the throttle is free again.
      yield* enter()
    })
  )
})

describe("a clock that is set back", () => {
  it.effect("a clock that is set back ends blocks that were noted before", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = logged({ patience: 1_000 })
      yield* TestClock.setTime(86_400_000)
      throttle.block(86_400_000 + 5_000, "limit")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(enter("kept out"))))
      yield* TestClock.setTime(0)
      yield* enter("let in")
      assert.deepStrictEqual(log, [["let in", 0]])
    })
  )
})
