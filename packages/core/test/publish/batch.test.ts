/** How a batch of claims grows while it is attempted, and what becomes of it when it fails. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch } from "effect"
import { attemptAll } from "../../src/publish/batch.ts"
import type { Claim } from "../../src/store/Publications.ts"

const claims = (from: number, count: number) => Array.from({ length: count }, (_, n) => ({ key: from + n }) as Claim)
const keys = (found: ReadonlyArray<Claim>) => found.map(({ key }) => key)

/** A batch of at most two attempts at a time, of an outbox with `due` files. Attempts wait to be let go. `claiming`: how long a claim takes. */
const batch = Effect.fnUntraced(function* (first: number, due: number, claiming: Effect.Effect<void> = Effect.void) {
  const answers = new Map<number, Deferred.Deferred<void, string>>()
  const asked: Array<number> = []
  const released: Array<number> = []
  let next = first
  const fiber = yield* Effect.forkChild(
    attemptAll(claims(0, first), {
      concurrency: 2,
      attempt: ({ key }) =>
        Effect.suspend(() => {
          const answer = Deferred.makeUnsafe<void, string>()
          answers.set(key, answer)
          return Deferred.await(answer)
        }),
      more: (held) =>
        Effect.gen(function* () {
          asked.push(held)
          const found = claims(next, Math.min(4 - held, due))
          next += found.length
          due -= found.length
          yield* claiming
          return found
        }),
      release: (held) => Effect.sync(() => released.push(...keys(held))),
      onEnd: () => undefined
    }),
    { startImmediately: true }
  )
  const turns = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })
  yield* turns
  const end = (key: number) =>
    Effect.andThen(Deferred.succeed(answers.get(key) as Deferred.Deferred<void, string>, undefined), turns)
  return { asked, end, fiber, answers, released, turns, started: () => [...answers.keys()] }
})

describe("a batch", () => {
  it.effect("takes the next claim when any attempt ends, and is extended before the last one is taken", () =>
    Effect.gen(function* () {
      const { asked, end, fiber, started } = yield* batch(4, 3)
      assert.deepStrictEqual(started(), [0, 1])
      // The attempt of 0 lasts.
      yield* end(1)
      assert.deepStrictEqual(started(), [0, 1, 2])
      yield* end(2)
      assert.deepStrictEqual([started(), asked], [[0, 1, 2, 3], [2]])
      yield* end(3)
      assert.deepStrictEqual(started(), [0, 1, 2, 3, 4])
      for (const key of [4, 5, 6, 0]) yield* end(key)
      assert.deepStrictEqual(started(), [0, 1, 2, 3, 4, 5, 6])
      // A claim that did not fill the batch has found all that is due.
      assert.deepStrictEqual(asked, [2, 2])
      yield* Fiber.join(fiber)
    })
  )

  it.effect("is not held up by a claim, and goes on when attempts end meanwhile", () =>
    Effect.gen(function* () {
      const claimed = yield* Latch.make()
      // A claim cannot be interrupted, and would keep a test that fails from ending.
      yield* Effect.addFinalizer(() => claimed.open)
      const { asked, end, fiber, started, turns } = yield* batch(4, 4, claimed.await)
      yield* end(0)
      yield* end(1)
      assert.deepStrictEqual([started(), asked], [[0, 1, 2, 3], [2]])
      yield* end(2)
      yield* end(3)
      yield* Effect.andThen(claimed.open, turns)
      for (const key of [4, 5, 6, 7]) yield* end(key)
      assert.deepStrictEqual(started(), [0, 1, 2, 3, 4, 5, 6, 7])
      yield* Fiber.join(fiber)
      // The claim of two filled the batch, so more may be due.
      assert.strictEqual(asked.length > 1, true)
    })
  )

  it.effect("that is not full ends without another claim", () =>
    Effect.gen(function* () {
      const { asked, end, fiber } = yield* batch(1, 3)
      yield* end(0)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("that fails or is interrupted releases what it still holds", () =>
    Effect.gen(function* () {
      const failed = yield* batch(4, 0)
      yield* failed.end(0)
      yield* Deferred.fail(failed.answers.get(1) as Deferred.Deferred<void, string>, "no")
      assert.deepStrictEqual(yield* Fiber.await(failed.fiber), Exit.fail("no"))
      assert.deepStrictEqual(failed.released, [1, 2, 3])
      const stopped = yield* batch(4, 0)
      yield* stopped.end(0)
      yield* Fiber.interrupt(stopped.fiber)
      assert.deepStrictEqual(stopped.released, [1, 2, 3])
    })
  )
})
