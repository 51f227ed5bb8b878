import { assert, describe, it } from "@effect/vitest"
import { Gitpip, type Publication, type Status } from "@gitpip/core"
import { Clock, DateTime, Effect, Fiber, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import type { Counted } from "../src/Progress.ts"
import { publishAll } from "../src/publishing.ts"

/** One publication that Pipedrive accepts at the `tries`-th attempt; each earlier attempt snoozes it by `delay` milliseconds. */
const outbox = (options: {
  readonly tries: number
  readonly delay: number
  readonly sending?: number
  readonly stuck?: boolean
  readonly state?: "on" | "paused"
  /** Of the pending publications, newest first. */
  readonly reasons?: ReadonlyArray<string | null>
}) =>
  Effect.gen(function* () {
    const tried = yield* Ref.make(0)
    const due = yield* Ref.make(0)
    const gitpip = Layer.mock(Gitpip, {
      publish: Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (options.stuck === true || now < (yield* Ref.get(due)) || (yield* Ref.get(tried)) >= options.tries)
          return { published: 0, failed: 0, gone: 0, skipped: 0, snoozed: 0 }
        if ((yield* Ref.updateAndGet(tried, (n) => n + 1)) === options.tries)
          return { published: 1, failed: 0, gone: 0, skipped: 0, snoozed: 0 }
        yield* Ref.set(due, now + options.delay)
        return { published: 0, failed: 0, gone: 0, skipped: 0, snoozed: 1 }
      }),
      publications: () =>
        Effect.succeed((options.reasons ?? []).map((errorMessage) => ({ errorMessage }) as Publication)),
      status: Effect.gen(function* () {
        const waiting = (yield* Ref.get(tried)) < options.tries
        return {
          publications: {
            pending: waiting ? 1 : 0,
            sending: options.sending ?? 0,
            failed: 0,
            oldestDue: waiting ? DateTime.makeUnsafe(yield* Ref.get(due)) : null
          },
          publishing: {
            state: options.state ?? "on",
            message: null,
            since: null,
            until: null,
            tokensLeft: null,
            tokensLimit: null,
            pipedriveUrl: null,
            publishAs: "activity"
          }
        } as Status
      })
    })
    const messages: Array<string> = []
    const progress = {
      update: (how: string | Counted) =>
        Effect.sync(() => void messages.push(typeof how === "string" ? how : how.doing)),
      done: Effect.void
    }
    const published = yield* Effect.forkChild(
      Effect.flatMap(Gitpip, (service) => publishAll(service, progress)).pipe(Effect.provide(gitpip))
    )
    return { published, messages, tried }
  })

describe("publishing until nothing is left", () => {
  it.effect("waits for what is due within a minute, and says so", () =>
    Effect.gen(function* () {
      const { published, messages, tried } = yield* outbox({ tries: 3, delay: 20_000 })
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(yield* Ref.get(tried), 1)
      yield* TestClock.adjust("21 seconds")
      const result = yield* Fiber.join(published)
      assert.deepStrictEqual(result, {
        state: "on",
        message: null,
        published: 1,
        failed: 0,
        gone: 0,
        left: 0,
        dueAt: null
      })
      assert.include(messages.join("\n"), "1 publication waiting; the next is due 1970-01-01T00:00:20Z")
    })
  )

  it.effect("leaves what is due later, and says when", () =>
    Effect.gen(function* () {
      const { published } = yield* outbox({ tries: 3, delay: 61_000 })
      yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(published)
      assert.strictEqual(result.left, 1)
      assert.strictEqual(result.dueAt?.epochMilliseconds, 61_000)
    })
  )

  it.effect("reports the reason of the newest file that is left after an attempt", () =>
    Effect.gen(function* () {
      const reasons = [null, "Pipedrive answers with HTTP 500", "Pipedrive cannot be reached"]
      const { published } = yield* outbox({ tries: 3, delay: 61_000, reasons })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(published)).message, "Pipedrive answers with HTTP 500")
    })
  )

  it.effect("gives up when what is due makes no progress", () =>
    Effect.gen(function* () {
      const { published, tried } = yield* outbox({ tries: 1, delay: 0, stuck: true })
      yield* TestClock.adjust("119 seconds")
      assert.isUndefined(published.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(published)).left, 1)
      assert.strictEqual(yield* Ref.get(tried), 0)
    })
  )

  it.effect("gives up when all that is left is snoozed again and again", () =>
    Effect.gen(function* () {
      const { published, tried } = yield* outbox({ tries: 1_000, delay: 20_000 })
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual((yield* Fiber.join(published)).left, 1)
      assert.isBelow(yield* Ref.get(tried), 9)
    })
  )

  it.effect("gives up on pauses that together last longer than a minute", () =>
    Effect.gen(function* () {
      const { published, tried } = yield* outbox({ tries: 1_000, delay: 40_000, state: "paused" })
      yield* TestClock.adjust("39 seconds")
      assert.isUndefined(published.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.deepInclude(yield* Fiber.join(published), { state: "paused", left: 1 })
      assert.strictEqual(yield* Ref.get(tried), 2)
    })
  )

  it.effect("counts what another process is sending as left, and does not wait for it", () =>
    Effect.gen(function* () {
      const { published } = yield* outbox({ tries: 1, delay: 0, sending: 2 })
      yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(published)
      assert.strictEqual(result.published, 1)
      assert.strictEqual(result.left, 2)
      assert.isNull(result.dueAt)
    })
  )
})
