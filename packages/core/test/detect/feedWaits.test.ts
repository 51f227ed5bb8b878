/** The wait between two polls of the public feed. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import { waitAfterFailure, waitAfterPoll } from "../../src/detect/feedWaits.ts"
import {
  githubError,
  RateLimited,
  Refused,
  Unauthorized,
  Unavailable,
  Unexpected,
  Unreachable
} from "../../src/github/errors.ts"

const now = DateTime.makeUnsafe(0)
const message = "no"
const secondsAfter = (error: Parameters<typeof waitAfterFailure>[0], failures: number) =>
  Duration.toSeconds(waitAfterFailure(error, failures, now))

describe("the wait for the next poll", () => {
  it.each([
    ["a poll waits at least half a minute", 1, 5_000, 30],
    ["a poll waits longer after a poll of more requests", 30, 5_000, 540],
    ["polls without a token leave most of the hour to other requests", 1, 60, 300],
    ["a poll waits half a minute while the limit is not known", 30, undefined, 30]
  ] as const)("%s", (_, requests, limit, seconds) => {
    assert.strictEqual(Duration.toSeconds(waitAfterPoll(requests, limit)), seconds)
  })
})

describe("the wait after a failed poll", () => {
  const resumeAt = DateTime.makeUnsafe(90_000)
  const limited = githubError(new RateLimited({ message, resumeAt, enforcedBy: "service" }))

  it("a poll waits as long as GitHub's limit lasts", () => assert.strictEqual(secondsAfter(limited, 7), 90))

  for (const reason of [Refused, Unauthorized, Unavailable, Unreachable]) {
    const error = githubError(new reason({ message }))
    it(`a poll waits longer after each failure that may pass: ${error.reason._tag}`, () => {
      assert.deepStrictEqual([secondsAfter(error, 1), secondsAfter(error, 2)], [30, 60])
    })
  }

  it("a poll waits half an hour after an answer that is not expected to change soon", () => {
    assert.strictEqual(secondsAfter(githubError(new Unexpected({ message })), 1), 1_800)
  })

  it("a poll waits until requests to GitHub are sent again", () => {
    const held = { reason: new Unexpected({ message }), retryAt: DateTime.makeUnsafe(300_000) }
    assert.strictEqual(secondsAfter(held, 1), 300)
    assert.strictEqual(secondsAfter({ ...held, retryAt: now }, 1), 30)
  })
})
