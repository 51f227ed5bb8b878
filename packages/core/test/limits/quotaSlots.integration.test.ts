/** A slot in a service's window belongs to one process at a time, also when a response is lost or late, or a process ends. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Quota, SharedQuota } from "../../src/limits/SharedQuota.ts"
import * as Throttle from "../../src/limits/Throttle.ts"
import * as Live from "../../src/store/Quotas.ts"
import { layerPostgres, withDatabaseClock } from "../database.ts"

const window = { limit: 20, millis: 2_000 }

/** Another process's quota of the same window, until the scope ends. */
const join = Effect.gen(function* () {
  const made = yield* Layer.build(Layer.fresh(Live.layer))
  return (yield* SharedQuota.pipe(Effect.provide(made))).quota("limit") as Quota
})

const throttleOf = (quota: Quota, patience: 0 | "1 minute" = 0) => {
  const throttle = Throttle.make({ concurrency: 100, patience, quota })
  throttle.setWindow(window)
  return throttle
}

/** Sends `times` requests at once, and counts the requests that left. */
const crowd = (throttle: Throttle.Throttle, times: number, effect: Effect.Effect<unknown> = Effect.void) => {
  let entered = 0
  const one = throttle.run(
    Effect.andThen(
      Effect.sync(() => void entered++),
      effect
    )
  )
  return Effect.map(
    Effect.forEach(Array(times), () => Effect.forkChild(Effect.ignore(one), { startImmediately: true })),
    (fibers) => ({ entered: () => entered, ended: Effect.forEach(fibers, Fiber.await, { discard: true }) })
  )
}

/** The number of `times` requests that left, after all have ended. */
const leaving = (throttle: Throttle.Throttle, times: number) =>
  Effect.flatMap(crowd(throttle, times), ({ ended, entered }) => Effect.map(ended, entered))

/** Moves the test's clock, and the database's clock with it. */
const pass = (seconds: number) => TestClock.adjust(`${seconds} seconds`)

/** Waits while the clock stands still. */
const waitUntil = (isDone: () => boolean) =>
  Effect.promise(async () => {
    while (!isDone()) await new Promise((resolve) => setImmediate(resolve))
  })

it.effect("slots of a quota whose response was lost are not used by two servers", () =>
  Effect.gen(function* () {
    const live = yield* join
    let lose = false
    const a = throttleOf({ renew: (use) => Effect.map(live.renew(use), (grant) => (lose ? undefined : grant)) })
    const b = throttleOf(yield* join)
    assert.strictEqual(yield* leaving(a, 20), 20)
    yield* pass(2.5)
    yield* leaving(a, 1)
    yield* pass(2.5)
    lose = true
    const left = [yield* leaving(a, 1), yield* leaving(b, 20), yield* leaving(a, 20)]
    assert.isAtMost(
      left.reduce((sum, count) => sum + count, 0),
      window.limit
    )
  }).pipe(withDatabaseClock, Effect.scoped, Effect.provide(layerPostgres))
)

it.effect("slots of a quota whose response came too late are not used", () =>
  Effect.gen(function* () {
    const live = yield* join
    let slow = true
    const a = throttleOf(
      {
        renew: (use) =>
          Effect.tap(live.renew(use), () => {
            const wait = slow
            slow = false
            return wait ? Effect.sleep("12 seconds") : Effect.void
          })
      },
      "1 minute"
    )
    const b = throttleOf(yield* join)
    const late = yield* crowd(a, 1)
    // The clock must not pass before the answer waits for it.
    yield* waitUntil(() => !slow)
    yield* pass(11.9)
    const all = yield* leaving(b, 20)
    yield* TestClock.adjust("100 millis")
    yield* late.ended
    assert.isAtMost(all + late.entered(), window.limit)
  }).pipe(withDatabaseClock, Effect.scoped, Effect.provide(layerPostgres))
)

it.effect("slots of requests that are still under way are not given to another server", () =>
  Effect.gen(function* () {
    const live = yield* join
    let answers = 0
    const a = throttleOf({ renew: (use) => Effect.tap(live.renew(use), () => Effect.sync(() => void answers++)) })
    const b = throttleOf(yield* join)
    const answer = yield* Deferred.make<void>()
    const slow = yield* crowd(a, 20, Deferred.await(answer))
    yield* waitUntil(() => slow.entered() === 20)
    for (let round = 0; round < 3; round++) {
      const before = answers
      yield* pass(5)
      // The next renewal is due five seconds after this one's answer, so the clock must not pass before it.
      yield* waitUntil(() => answers > before)
    }
    assert.strictEqual(yield* leaving(b, 20), 0)
    yield* Deferred.succeed(answer, undefined)
    yield* slow.ended
  }).pipe(withDatabaseClock, Effect.scoped, Effect.provide(layerPostgres))
)

it.effect("slots of a server that shut down cleanly are freed when its requests leave the window", () =>
  Effect.gen(function* () {
    const server = Effect.scoped(Effect.flatMap(join, (quota) => leaving(throttleOf(quota), 20)))
    assert.strictEqual(yield* server, 20)
    assert.strictEqual(yield* server, 0)
    yield* pass(2.001)
    assert.strictEqual(yield* server, 20)
  }).pipe(withDatabaseClock, Effect.scoped, Effect.provide(layerPostgres))
)

it.effect("a request that waits for a slot does not delay the error of another that does not wait", () =>
  Effect.gen(function* () {
    const throttle = Throttle.make({ concurrency: 1, patience: "1 second" })
    throttle.setWindow({ limit: 1, millis: 60_000 })
    yield* throttle.run(Effect.void)
    yield* Effect.forkChild(throttle.run(Effect.void, { whenFull: "wait" }), { startImmediately: true })
    assert.strictEqual((yield* Effect.flip(throttle.run(Effect.void))).until, 60_000)
  })
)
