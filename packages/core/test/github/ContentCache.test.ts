import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { ContentCache } from "../../src/github/ContentCache.ts"

const file = (n: number) => ({ gistId: "gist", filename: `${n}.txt` })
const content = (text: string) => ({ text, description: null })

describe("contents", () => {
  it.effect("contents are kept by gist and name, and taken once", () =>
    Effect.gen(function* () {
      const contents = yield* ContentCache
      yield* contents.put({ gistId: "a", filename: "b" }, { text: "1", description: "what", isFork: false })
      yield* contents.put({ gistId: "a", filename: "b2" }, content("2"))
      assert.deepStrictEqual(yield* contents.take({ gistId: "ab", filename: "" }), Option.none())
      const taken = contents.take({ gistId: "a", filename: "b" })
      assert.deepStrictEqual(yield* taken, Option.some({ text: "1", description: "what", isFork: false }))
      assert.deepStrictEqual(yield* taken, Option.none())
      assert.deepStrictEqual(yield* contents.take({ gistId: "a", filename: "b2" }), Option.some(content("2")))
    }).pipe(Effect.provide(ContentCache.layer))
  )

  it.effect("contents are too old after a minute", () =>
    Effect.gen(function* () {
      const contents = yield* ContentCache
      yield* contents.put(file(1), content("1"))
      yield* contents.put(file(2), content("2"))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Option.isSome(yield* contents.take(file(1))))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Option.isNone(yield* contents.take(file(2))))
    }).pipe(Effect.provide(ContentCache.layer))
  )

  it.effect("contents are too old when the clock has been set back since", () =>
    Effect.gen(function* () {
      const contents = yield* ContentCache
      yield* TestClock.setTime(3_600_000)
      yield* contents.put(file(1), content("1"))
      yield* TestClock.setTime(0)
      assert.isTrue(Option.isNone(yield* contents.take(file(1))))
    }).pipe(Effect.provide(ContentCache.layer))
  )

  it.effect(
    "contents never take more than 32 MB: the oldest are dropped, and a content that was replaced or taken no longer counts",
    () =>
      Effect.gen(function* () {
        const contents = yield* ContentCache
        const megabyte = content("x".repeat(512 * 1024 - 1_000))
        for (let n = 0; n < 100; n++) yield* contents.put(file(0), megabyte)
        for (let n = 1; n < 32; n++) yield* contents.put(file(n), megabyte)
        assert.isTrue(Option.isSome(yield* contents.take(file(0))))
        for (let n = 32; n < 40; n++) yield* contents.put(file(n), megabyte)
        const kept: Array<number> = []
        for (let n = 0; n < 40; n++) if (Option.isSome(yield* contents.take(file(n)))) kept.push(n)
        assert.deepStrictEqual(
          kept,
          Array.from({ length: 32 }, (_, n) => n + 8)
        )
        // A text that can never fit drops no other text.
        yield* contents.put(file(1), megabyte)
        yield* contents.put(file(2), content("x".repeat(17 * 1024 * 1024)))
        assert.deepStrictEqual(
          [Option.isSome(yield* contents.take(file(1))), Option.isSome(yield* contents.take(file(2)))],
          [true, false]
        )
      }).pipe(Effect.provide(ContentCache.layer))
  )
})
