import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Throttle from "../../src/net/Throttle.ts"

/** A gate, and a log of the clock at which each request went through it. */
const limitKey = (options: { readonly concurrency?: number; readonly patience?: number } = {}) => {
  const throttle = Throttle.make({ concurrency: options.concurrency ?? 100, patience: options.patience ?? 30_000 })
  const log: Array<readonly [name: string | number, at: number]> = []
  const enter = (name: string | number = "") =>
    throttle.run(Effect.flatMap(Clock.currentTimeMillis, (at) => Effect.sync(() => void log.push([name, at]))))
  const enterTimes = (times: number) =>
    Effect.forEach(
      Array.from({ length: times }, (_, n) => n),
      (n) => Effect.forkChild(enter(n), { startImmediately: true })
    )
  return { throttle, log, enter, enterTimes, times: () => log.map(([, at]) => at) }
}

describe("concurrency", () => {
  it.effect("is never more than allowed, and those who wait go in the order they came", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ concurrency: 3, patience: 1_000 })
      const answers = yield* Effect.forEach(Array.from({ length: 9 }), () => Deferred.make<void>())
      const started: Array<number> = []
      let inside = 0
      let most = 0
      const fibers = yield* Effect.forEach(answers, (answer, n) =>
        throttle
          .run(
            Effect.gen(function* () {
              started.push(n)
              most = Math.max(most, ++inside)
              yield* Deferred.await(answer)
              inside--
            })
          )
          .pipe((pass) => Effect.forkChild(pass, { startImmediately: true }))
      )
      assert.deepStrictEqual(started, [0, 1, 2])
      for (const n of [1, 0, 2, 3, 4, 5, 6, 7, 8]) {
        yield* Deferred.succeed(answers[n] as Deferred.Deferred<void>, undefined)
        yield* Fiber.join(fibers[n] as Fiber.Fiber<void>)
      }
      assert.deepStrictEqual(started, [0, 1, 2, 3, 4, 5, 6, 7, 8])
      assert.strictEqual(most, 3)
    })
  )

  it.effect("is given back by what fails, dies or is interrupted", () =>
    Effect.gen(function* () {
      const throttle = Throttle.make({ concurrency: 1, patience: 1_000 })
      yield* Effect.exit(throttle.run(Effect.fail("no")))
      yield* Effect.exit(throttle.run(Effect.die("no")))
      const hanging = yield* Effect.forkChild(throttle.run(Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(hanging)
      assert.strictEqual(yield* throttle.run(Effect.succeed(1)), 1)
      // Nothing is counted as under way any more: an answer's word is taken as it is.
      throttle.learn({ limit: 10, remaining: 7, resetAt: 1_000 })
      assert.strictEqual(throttle.state().budget?.remaining, 7)
    })
  )
})

describe("the sliding window", () => {
  it.effect("holds any stretch of its length to its limit", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
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
      // And it wastes nothing: each goes as soon as the fifth before it is that long ago.
      assert.deepStrictEqual(starts.slice(0, 10), [0, 0, 0, 600, 600, 1_000, 1_000, 1_000, 1_600, 1_600])
    })
  )

  /** A service that counts what arrives within two seconds, at the end of ways of different lengths. */
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

  it.effect("is never overrun, and used well, when requests travel for a while", () =>
    Effect.gen(function* () {
      const { refused, quota } = yield* travel(100, () => 50)
      assert.strictEqual(refused, 0)
      assert.isAbove(quota, 0.95)
    })
  )

  it.effect("is never overrun when requests travel for very different times", () =>
    Effect.gen(function* () {
      // The first requests leave before the limit is told: no more than may be under way at once.
      for (const limit of [12, 20, 60]) {
        const { refused } = yield* travel(limit, (n) => (n * 7_919) % 900)
        assert.strictEqual(refused, 0)
      }
    })
  )

  it.effect("leaves the places to others that their use, shown by the answers, takes", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
      yield* TestClock.adjust(10_000)
      yield* throttle.run(
        Effect.sync(() =>
          throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 4, resetAt: 11_000, startedAt: 10_000 })
        )
      )
      // One of the sixteen was its own, fifteen were others'.
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

  it.effect("frees a place only after the answer, and not a moment sooner", () =>
    Effect.gen(function* () {
      const { enter, throttle, times } = limitKey()
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

  it.effect("does not take requests that left after the answered one for ones that the service had counted", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
      const left = (millis: number) => Effect.forkChild(throttle.run(Effect.sleep(millis)), { startImmediately: true })
      yield* left(500)
      yield* TestClock.adjust(100)
      yield* Effect.all([left(500), left(500)])
      throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 4, resetAt: 2_000, startedAt: 0 })
      // Fifteen are others', three are under way: two are left.
      yield* enterTimes(10)
      assert.strictEqual(times().length, 2)
    })
  )

  it.effect("waits until others have left it, when they took all of it", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
      throttle.learnWindow({ limit: 20, millis: 2_000, remaining: 0, resetAt: 1_500, startedAt: 0 })
      yield* enterTimes(1)
      yield* TestClock.adjust(1_499)
      assert.deepStrictEqual(times(), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(times(), [1_500])
    })
  )

  it.effect("lets those who wait go in the order they came", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, log } = limitKey()
      throttle.setWindow({ limit: 2, millis: 100 })
      yield* enterTimes(9)
      for (let step = 0; step < 10; step++) yield* TestClock.adjust(100)
      assert.deepStrictEqual(
        log.map(([name]) => name),
        [0, 1, 2, 3, 4, 5, 6, 7, 8]
      )
    })
  )

  it.effect("obeys a limit that is made smaller while it is in use", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
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

describe("the budget of the service's headers", () => {
  it.effect("is spent down to nothing and waited for", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
      throttle.learn({ limit: 60, remaining: 3, resetAt: 10_000 })
      yield* enterTimes(5)
      yield* TestClock.adjust(9_999)
      assert.deepStrictEqual(times(), [0, 0, 0])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(times(), [0, 0, 0, 10_000, 10_000])
    })
  )

  it.effect("is believed when others spend of it, and when answers cost nothing", () =>
    Effect.gen(function* () {
      const { enter, throttle } = limitKey()
      throttle.learn({ limit: 60, remaining: 50, resetAt: 10_000 })
      yield* enter()
      assert.strictEqual(throttle.state().budget?.remaining, 49)
      throttle.learn({ limit: 60, remaining: 50, resetAt: 10_000 })
      assert.strictEqual(throttle.state().budget?.remaining, 50)
      throttle.learn({ limit: 60, remaining: 2, resetAt: 10_000 })
      assert.strictEqual(throttle.state().budget?.remaining, 2)
    })
  )

  it.effect("counts requests under way as spent, but for the one that was answered", () =>
    Effect.gen(function* () {
      const { throttle } = limitKey()
      yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(throttle.run(Effect.never), { startImmediately: true }))
      yield* throttle.run(Effect.sync(() => throttle.learn({ limit: 60, remaining: 10, resetAt: 10_000 })))
      assert.strictEqual(throttle.state().budget?.remaining, 7)
    })
  )

  it.effect("is not raised by an answer that was overtaken by a newer one", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey()
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

  it.effect("that is used up for longer than the gate waits is said at once", () =>
    Effect.gen(function* () {
      const { enter, throttle } = limitKey({ patience: 30_000 })
      throttle.learn({ limit: 60, remaining: 0, resetAt: 30_001 })
      const closed = yield* Effect.flip(enter())
      assert.strictEqual(closed.until, 30_001)
      assert.match(closed.why, /used up/)
    })
  )
})

describe("a place in the window", () => {
  it.effect("is waited for by whoever has nothing else to do, however long that takes", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, times } = limitKey({ patience: 1_000 })
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

  it.effect("is not waited for behind a door that is closed", () =>
    Effect.gen(function* () {
      const { throttle } = limitKey({ patience: 1_000 })
      throttle.block(100_000, "for long")
      assert.strictEqual((yield* Effect.flip(throttle.run(Effect.void, { whenFull: "wait" }))).why, "for long")
    })
  )
})

describe("a closed door", () => {
  it.effect("is waited at for a short time, in order, and nothing leaves before it opens", () =>
    Effect.gen(function* () {
      const { enterTimes, throttle, log } = limitKey()
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

  it.effect("fails at once when it stays closed for longer, with the instant and the reason", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = limitKey({ patience: 5_000 })
      throttle.block(5_001, "the day is over")
      const closed = yield* Effect.flip(enter())
      assert.deepStrictEqual([closed._tag, closed.until, closed.why], ["Throttled", 5_001, "the day is over"])
      yield* TestClock.adjust(1)
      // One millisecond later the rest is worth waiting for.
      const waiting = yield* Effect.forkChild(enter(), { startImmediately: true })
      yield* TestClock.adjust(5_000)
      yield* Fiber.join(waiting)
      assert.strictEqual(log.length, 1)
    })
  )

  it.effect("that closes for longer turns away those who wait already", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = limitKey({ patience: 5_000 })
      throttle.block(1_000, "a moment")
      const waiting = yield* Effect.forkChild(Effect.flip(enter()), { startImmediately: true })
      throttle.block(100_000, "for long")
      yield* TestClock.adjust(1_000)
      assert.strictEqual((yield* Fiber.join(waiting)).why, "for long")
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("is never opened earlier by a later word", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = limitKey()
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

  it.effect("can be left by whoever waits there, at once", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = limitKey()
      throttle.block(20_000, "a while")
      const waiting = yield* Effect.forkChild(enter(), { startImmediately: true })
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.interrupt(waiting).pipe(Effect.andThen(Fiber.await(waiting)))))
      yield* TestClock.adjust(20_000)
      assert.deepStrictEqual(log, [])
      // The place was given back.
      yield* enter()
    })
  )
})

describe("a clock that is set back", () => {
  it.effect("ends what the service said by the wrong one", () =>
    Effect.gen(function* () {
      const { enter, throttle, log } = limitKey({ patience: 1_000 })
      yield* TestClock.setTime(86_400_000)
      throttle.block(86_400_000 + 5_000, "limit")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(enter("kept out"))))
      yield* TestClock.setTime(0)
      yield* enter("let in")
      assert.deepStrictEqual(log, [["let in", 0]])
    })
  )
})
