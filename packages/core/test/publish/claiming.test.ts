/** When a batch of claims is extended, and with how many. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import * as Claiming from "../../src/publish/claiming.ts"
import * as Pauses from "../../src/publish/Pauses.ts"
import type { Store } from "../../src/store/Store.ts"

/** The limits and the users that claims asked for. */
const make = (options: { readonly files?: number; readonly concurrency?: number } = {}) => {
  const asked: Array<readonly [limit: number, which: string]> = []
  const pauses = Pauses.make()
  let concurrency = options.concurrency ?? 12
  const claiming = Claiming.make({
    allowance: Effect.succeed({ files: options.files ?? Number.POSITIVE_INFINITY, wait: Option.none() }),
    pauses,
    publications: {
      claim: (limit: number, _lease: Duration.Duration, { which = "all" }: { readonly which?: string }) =>
        Effect.sync(() => {
          asked.push([limit, which])
          return []
        })
    } as unknown as Store["Service"]["publications"],
    sink: { concurrency: Effect.sync(() => concurrency) }
  })
  return {
    asked,
    claiming,
    pauses,
    setConcurrency: (next: number) => {
      concurrency = next
    }
  }
}

const block = (scope: "user" | "service") =>
  ({
    scope,
    until: { _tag: "After", wait: Duration.minutes(1) },
    message: "no",
    enforcedBy: "service",
    cause: "limit"
  }) as never

describe("a batch is extended", () => {
  it.effect("to twice as many claims as are attempted at a time", () =>
    Effect.gen(function* () {
      const { asked, claiming } = make()
      yield* claiming.more({ concurrency: 12, held: 18 })
      assert.deepStrictEqual(asked, [[6, "all"]])
    })
  )

  it.effect("with no more of a backlog than the allowance leaves beside the held ones", () =>
    Effect.gen(function* () {
      const some = make({ files: 20 })
      yield* some.claiming.more({ concurrency: 12, held: 18 })
      const none = make({ files: 18 })
      yield* none.claiming.more({ concurrency: 12, held: 18 })
      assert.deepStrictEqual([some.asked, none.asked], [[[2, "all"]], [[6, "fresh"]]])
    })
  )

  it.effect("not in a pause, nor when one file at a time is attempted after a pause", () =>
    Effect.gen(function* () {
      const { asked, claiming, pauses } = make()
      pauses.block(block("service"), { service: "sink", user: 1 }, 0)
      yield* claiming.more({ concurrency: 12, held: 18 })
      yield* TestClock.adjust("2 minutes")
      yield* claiming.more({ concurrency: 12, held: 18 })
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect("not when a user's wait has ended, who would wait for the end of a long backlog", () =>
    Effect.gen(function* () {
      const { asked, claiming, pauses } = make()
      pauses.block(block("user"), { service: "sink", user: 1 }, 0)
      yield* claiming.more({ concurrency: 12, held: 18 })
      assert.lengthOf(asked, 1)
      yield* TestClock.adjust(Timing.outageDelay(1))
      yield* claiming.more({ concurrency: 12, held: 18 })
      assert.lengthOf(asked, 1)
    })
  )

  it.effect("not when the number at a time has changed", () =>
    Effect.gen(function* () {
      const { asked, claiming, setConcurrency } = make()
      setConcurrency(40)
      yield* claiming.more({ concurrency: 12, held: 18 })
      assert.deepStrictEqual(asked, [])
      yield* claiming.next
      assert.deepStrictEqual(asked, [[80, "all"]])
    })
  )
})
