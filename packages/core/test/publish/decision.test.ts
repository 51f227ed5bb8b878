/** How long a publication waits. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import { type Due, scheduled, waitOf } from "../../src/publish/decision.ts"

const now = DateTime.makeUnsafe("2026-11-28T12:00:00Z")
const present = { now, random: 0.5 }
const at = (seconds: number) => DateTime.addDuration(now, Duration.seconds(seconds))
const backoff = (failures: number, atLeast = 0, notBefore?: DateTime.Utc): Due => ({
  _tag: "Backoff",
  failures,
  atLeast: Duration.seconds(atLeast),
  ...(notBefore === undefined ? {} : { notBefore })
})
const atMost = Duration.minutes(1)

describe("a publication waits", () => {
  const table: ReadonlyArray<readonly [what: string, due: Due, seconds: number]> = [
    ["for a fixed wait", { _tag: "After", wait: Duration.seconds(7) }, 7],
    ["until an instant", { _tag: "At", instant: at(40), atMost }, 40],
    ["no longer than is sensible", { _tag: "At", instant: at(4_000), atMost }, 60],
    ["not at all for an instant that has passed", { _tag: "At", instant: at(-40), atMost }, 0],
    ["15 seconds after the first failure", backoff(1), 15],
    ["twice that after the second", backoff(2), 30],
    ["15 minutes at most", backoff(40), 900],
    ["at least a minute after a lost response", backoff(1, 60), 60],
    ["until the instant that a service named", backoff(1, 0, at(500)), 500],
    ["no longer than an hour for a service", backoff(1, 0, at(1e9)), 3_600],
    ["its own backoff when the service's instant has passed", backoff(2, 0, at(-500)), 30]
  ]
  for (const [what, due, seconds] of table) {
    it(what, () => {
      assert.strictEqual(Duration.toSeconds(waitOf(due, present)), seconds)
    })
  }

  it("for a spread of 20 % around the backoff", () => {
    const seconds = (random: number) => Duration.toSeconds(waitOf(backoff(1), { now, random }))
    assert.deepStrictEqual([seconds(0), seconds(1)], [12, 18])
  })
})

describe("a place in the queue", () => {
  const retry = (due: Due) =>
    scheduled({ _tag: "retry", reason: "", message: "", due, isUncertain: false, counts: true }, present)
  for (const [what, due, isLast] of [
    ["is kept after a first failure", backoff(1), false],
    ["is lost after a second failure", backoff(2), true],
    ["is kept while a gist is waited for", { _tag: "After", wait: Timing.goneDelay }, false]
  ] as const) {
    it(what, () => {
      const outcome = retry(due)
      assert.strictEqual(outcome._tag === "retry" && outcome.due.isLast, isLast)
    })
  }

  it("is kept by a snooze", () => {
    const outcome = scheduled({ _tag: "snooze", reason: "", message: "", due: backoff(5), isUncertain: false }, present)
    assert.strictEqual(outcome._tag === "snooze" && outcome.due.isLast, false)
  })
})

it("all attempts of a file take longer than an outage of an hour", () => {
  const waits = Array.from({ length: Timing.maxAttempts - 1 }, (_, n) => Timing.publicationRetryDelay(n + 1))
  const total = waits.reduce((sum, wait) => Duration.sum(sum, Timing.jittered(wait, 0)), Duration.zero)
  assert.isTrue(Duration.isGreaterThan(total, Duration.hours(1)))
})
