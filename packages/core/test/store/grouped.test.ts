/** Group commit: which calls share a statement, and what becomes of each when one fails or is interrupted. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { grouped } from "../../src/store/grouped.ts"

/** A call for many that waits to be let go, and the groups that it has run for. */
const make = Effect.gen(function* () {
  const groups: Array<ReadonlyArray<number>> = []
  const ends: Array<Deferred.Deferred<void, string>> = []
  const call = grouped((items: ReadonlyArray<number>) => {
    groups.push(items)
    const end = Deferred.makeUnsafe<void, string>()
    ends.push(end)
    return Effect.as(
      Deferred.await(end),
      items.map((item) => item * 10)
    )
  })
  const start = (item: number) => Effect.forkChild(call(item), { startImmediately: true })
  return { ends, groups, start }
})

const turns = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

describe("calls in groups", () => {
  it.effect("a call alone runs at once, and those that come meanwhile share the next one", () =>
    Effect.gen(function* () {
      const { ends, groups, start } = yield* make
      const fibers = [yield* start(1), yield* start(2), yield* start(3)]
      yield* turns
      assert.deepStrictEqual(groups, [[1]])
      yield* Deferred.succeed(ends[0] as never, undefined)
      yield* turns
      assert.deepStrictEqual(groups, [[1], [2, 3]])
      yield* Deferred.succeed(ends[1] as never, undefined)
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [10, 20, 30])
    })
  )

  it.effect("a failure is that of its group alone", () =>
    Effect.gen(function* () {
      const { ends, groups, start } = yield* make
      const fibers = [yield* start(1), yield* start(2)]
      yield* Deferred.fail(ends[0] as never, "no")
      yield* turns
      yield* Deferred.succeed(ends[1] as never, undefined)
      const [first, second] = yield* Effect.forEach(fibers, Fiber.await)
      assert.deepStrictEqual(first, Exit.fail("no"))
      assert.deepStrictEqual(second, Exit.succeed(20))
      assert.deepStrictEqual(groups, [[1], [2]])
    })
  )

  it.effect("an interrupted caller takes its own item away, and the rest of its group runs again", () =>
    Effect.gen(function* () {
      const { ends, groups, start } = yield* make
      const [first, leader, third, fourth] = [yield* start(1), yield* start(2), yield* start(3), yield* start(4)]
      yield* Deferred.succeed(ends[0] as never, undefined)
      yield* turns
      yield* Fiber.interrupt(third)
      yield* Fiber.interrupt(leader)
      yield* turns
      assert.deepStrictEqual(groups, [[1], [2, 3, 4], [4]])
      yield* Deferred.succeed(ends[2] as never, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(fourth)], [10, 40])
    })
  )
})
