/** When a file is published without its content. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import { Blocked, githubError, RateLimited, Unavailable, Unexpected } from "../../src/github/Github.ts"
import * as Content from "../../src/publish/content.ts"
import type { Situation } from "../../src/publish/decision.ts"

const message = "why"
const first: Situation = { attempts: 1, errorReason: null }
const afterLimit: Situation = { attempts: 1, errorReason: "RateLimited" }
const last: Situation = { attempts: Timing.maxAttempts, errorReason: null }

const blocked = githubError(new Blocked({ message }))
const resumeAt = DateTime.makeUnsafe("2026-11-28T12:00:00Z")
const limited = githubError(new RateLimited({ message, resumeAt, enforcedBy: "service" }), "host")
const unavailable = githubError(new Unavailable({ message }), "thing")
const outage = githubError(new Unavailable({ message }))

describe("a content that GitHub does not give", () => {
  for (const [what, error, claim, isOmitted] of [
    ["a content that GitHub withholds", blocked, first, true],
    ["a content elsewhere", githubError(new Unexpected({ message })), first, true],
    ["a content behind a limit", limited, first, false],
    ["a content behind a limit that was waited for", limited, afterLimit, true],
    ["a content that does not come", unavailable, first, false],
    ["a content that does not come the last time", unavailable, last, true],
    ["a content in an outage", outage, last, false]
  ] as const) {
    it(`${what} is ${isOmitted ? "left out" : "not left out"}`, () => {
      assert.strictEqual(Content.contentInPlaceOf(claim, error) !== undefined, isOmitted)
    })
  }
})

it("the last two attempts leave the content out", () => {
  const attempt = (attempts: number) => Content.sendsContent({ attempts, errorReason: null })
  assert.deepStrictEqual(
    [-2, -1, 0].map((n) => attempt(Timing.maxAttempts + n)),
    [true, false, false]
  )
})

it("a content that is left out after failures of any kind is not said to be refused", () => {
  assert.deepStrictEqual(Content.contentFor(last, { _tag: "Binary" }), {
    _tag: "Omitted",
    why: "all earlier attempts to publish the file failed"
  })
})
