/** The pure rules around checks and scans: waits, refusals, pages, results and endings. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Exit, Option, Result } from "effect"
import { DatabaseError } from "../../src/database/Database.ts"
import { isSameRefusal, make as makeBlame, needsSmallerPages, waitAfter } from "../../src/detect/blame.ts"
import { waitsForPoints } from "../../src/detect/checkBatch.ts"
import { answered, failed, together } from "../../src/detect/checkResult.ts"
import { smallerPage, withPageSize } from "../../src/detect/pageSizes.ts"
import { endingOf, untilNextScan } from "../../src/detect/scanEnd.ts"
import { UserKey } from "../../src/domain/User.ts"
import {
  type GithubError,
  githubError,
  RateLimited,
  Refused,
  Unavailable,
  Unexpected,
  Unreachable
} from "../../src/github/errors.ts"
import type { LastStart } from "../../src/store/Scans.ts"

const user = {
  key: UserKey.make(1),
  username: "ann",
  githubId: 7,
  etag: null,
  pages: 1,
  listedAt: null,
  isListingDue: true,
  failures: 0,
  fingerprint: "2 x",
  isNew: false,
  profileFingerprint: null
}

describe("the wait after a failed check", () => {
  for (const [reason, count, asked, minutes] of [
    ["UserNotFound", 1, 0, 5],
    ["UserNotFound", 3, 0, 20],
    ["UserNotFound", 30, 0, 24 * 60],
    ["NameTaken", 1, 0, 5],
    ["Unavailable", 1, 0, 0.5],
    ["Refused", 2, 0, 1],
    ["RateLimited", 1, 10, 10],
    ["RateLimited", 9, 10, 15]
  ] as const) {
    it(`a user waits ${minutes} minutes after failure ${count} by ${reason} with ${asked} minutes asked for`, () => {
      const wait = waitAfter({ reason, count, asked: Duration.minutes(asked) })
      assert.strictEqual(Duration.toMinutes(wait), minutes)
    })
  }
})

describe("a user's failure was the refusal of all requests", () => {
  for (const [failure, global, expected] of [
    ["Refused", "Unauthorized", true],
    ["UserNotFound", "Unauthorized", false],
    ["Refused", "Refused", true],
    ["UserNotFound", "Refused", false],
    ["RateLimited", "RateLimited", true],
    ["Refused", "RateLimited", false],
    ["UserNotFound", "Unexpected", true],
    ["Unexpected", "Unexpected", true],
    ["Unavailable", "Unavailable", true],
    ["Unavailable", "Unreachable", true],
    ["UserNotFound", "Unavailable", false]
  ] as const) {
    it(`a failure by ${failure} ${expected ? "is" : "is not"} the refusal of all requests by ${global}`, () =>
      assert.strictEqual(isSameRefusal(failure, global), expected))
  }
})

describe("three users in a row without an answer", () => {
  const error = (reason: GithubError["reason"]) => githubError(reason)
  const message = ""
  for (const [what, probe, failed] of [
    ["are an outage when GitHub answers for no other list", error(new Unavailable({ message })), 0],
    ["are an outage when GitHub is out of reach", error(new Unreachable({ message })), 0],
    ["are failing themselves when another list is refused", error(new Refused({ message })), 2],
    ["are failing themselves when another list is answered", undefined, 2]
  ] as const) {
    it.effect(`three users in a row without an answer ${what}`, () =>
      Effect.gen(function* () {
        const blame = makeBlame({
          probe: probe === undefined ? Effect.void : Effect.fail(probe),
          shrinkPages: () => Effect.void,
          unmark: () => Effect.void
        })
        const outcomes = yield* Effect.forEach([1, 2, 3], (key) =>
          Effect.result(
            blame.handlers({ ...user, key: UserKey.make(key) }).GithubError(error(new Unavailable({ message })))
          )
        )
        const ending = Result.getOrThrow(Result.flip(outcomes[2] as (typeof outcomes)[number]))
        const checked = outcomes.slice(0, 2).map(Result.getOrThrow)
        assert.lengthOf(yield* blame.withoutRefused(checked, ending), failed)
      })
    )
  }
})

describe("a user that a batch did not answer for", () => {
  const message = ""
  const limit = githubError(new RateLimited({ message, resumeAt: DateTime.makeUnsafe(60_000), enforcedBy: "service" }))
  const away = githubError(new Unavailable({ message }))
  for (const [what, etag, error, expected] of [
    ["without an ETag and points", null, limit, true],
    ["with an ETag and without points", '"1"', limit, false],
    ["without an ETag and an answer", null, away, false]
  ] as const) {
    it(`a user ${what} ${expected ? "waits for points" : "is checked by the list"}`, () =>
      assert.strictEqual(waitsForPoints({ etag }, Result.fail(error)), expected))
  }
})

describe("a page", () => {
  it("a page gets smaller twice", () => assert.deepStrictEqual([100, 30, 10].map(smallerPage), [30, 10, 10]))

  const message = ""
  for (const [what, reason, failures, expected] of [
    ["no answer", new Unavailable({ message }), 0, false],
    ["no answer, again", new Unavailable({ message }), 1, true],
    ["an answer that is too long", new Unexpected({ message, isTooLong: true }), 0, true],
    ["an odd answer, again", new Unexpected({ message }), 1, false]
  ] as const) {
    it(`a page ${expected ? "gets" : "does not get"} smaller after ${what}`, () =>
      assert.strictEqual(needsSmallerPages({ failures }, githubError(reason)), expected))
  }

  for (const [from, size, to] of [
    ["?per_page=100&page=2", 30, "?per_page=30&page=4"],
    ["?per_page=100&page=1", 10, "?per_page=10&page=1"],
    ["?per_page=30&page=4", 30, "?per_page=30&page=4"],
    ["?after=x", 30, "?after=x"]
  ] as const) {
    it(`a page at ${from} is ${to} by ${size}`, () =>
      assert.strictEqual(withPageSize(new URL(`https://api.github.com/user/1/gists${from}`), size).search, to))
  }
})

describe("a check's result", () => {
  const file = (gistId: string) => ({
    gistId,
    filename: "a.md",
    htmlUrl: "",
    rawUrl: null,
    description: null,
    language: null,
    type: null,
    size: 1,
    createdAt: "1970-01-01T00:00:00Z",
    updatedAt: "1970-01-01T00:00:00Z"
  })
  const answer = {
    outcome: "Changed",
    found: [file("a"), file("b")],
    added: 2,
    isFullListing: true,
    isUnfinished: false,
    fingerprint: null
  } as const

  it("a check counts the gists of a list in the fingerprint and the rate", () => {
    const { check } = answered(user, answer, 0)
    assert.strictEqual(check.fingerprint, "4 x")
    assert.closeTo(check.gained ?? 0, (2 * Math.LN2) / 30, 1e-12)
  })

  it("a check leaves the rate alone when another check has stored the files", () =>
    assert.strictEqual(answered(user, { ...answer, added: 0 }, 0).check.gained, 0))

  it("a check's result adds up with the result of a later turn", () => {
    const both = together(answered(user, answer, 0), answered(user, { ...answer, outcome: "Unchanged", added: 1 }, 0))
    assert.deepStrictEqual([both.outcome, both.files], ["Changed", 3])
    assert.closeTo(both.check.gained ?? 0, (4 * Math.LN2) / 30, 1e-12)
  })

  it("a check's result is a failure when a later turn fails", () => {
    const failure = { count: 1, reason: "UserNotFound", message: "", retryIn: Duration.zero }
    const both = together(answered(user, answer, 0), failed(user, failure))
    assert.deepStrictEqual([both.outcome, both.files, both.check.failure], ["Changed", 2, failure])
  })
})

describe("a scan", () => {
  const now = DateTime.makeUnsafe(0)
  const limited = githubError(
    new RateLimited({ message: "slow down", resumeAt: DateTime.makeUnsafe(60_000), enforcedBy: "service" })
  )
  for (const [what, exit, state, reason, resumeIn] of [
    ["ends", Exit.void, "done", null, null],
    ["is interrupted", Exit.interrupt(), "interrupted", null, null],
    ["loses the database", Exit.fail(new DatabaseError({ message: "gone" })), "interrupted", "DatabaseError", null],
    ["meets a limit", Exit.fail(limited), "stopped", "RateLimited", 60_000],
    ["meets an outage", Exit.fail(githubError(new Unavailable({ message: "away" }))), "stopped", "Unavailable", null]
  ] as const) {
    it(`a scan is ${state} when it ${what}`, () => {
      const ending = endingOf(exit, now)
      const millis = ending.resumeIn === null ? null : Duration.toMillis(ending.resumeIn)
      assert.deepStrictEqual([ending.state, ending.reason, millis], [state, reason, resumeIn])
    })
  }

  const last = (state: LastStart["state"], startedAgo: number, resumeIn: number | null = null) =>
    Option.some({ state, startedAgo, resumeIn })
  for (const [after, start, wait] of [
    ["none", Option.none(), 0],
    ["one that has begun", last("running", 60_000), 240_000],
    ["one that is done", last("done", 60_000), 240_000],
    ["one that is long done", last("done", 3_600_000), 0],
    ["an interrupted one", last("interrupted", 60_000), 0],
    ["a stopped one", last("stopped", 60_000), 240_000],
    ["one that a limit stopped", last("stopped", 60_000, 1_000), 1_000],
    ["one whose limit has ended", last("stopped", 60_000, -1_000), 0]
  ] as const) {
    it(`a scan is due ${wait / 1_000} seconds after ${after}`, () =>
      assert.strictEqual(Duration.toMillis(untilNextScan(start, Duration.minutes(5))), wait))
  }
})
