/** The class of each response of Pipedrive. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { classify, isSpent, unreadable } from "../../src/pipedrive/classify.ts"
import { isCap, isRefusal, type PipedriveError } from "../../src/pipedrive/errors.ts"
import { growingWait, midnightAfter, windowOf } from "../../src/pipedrive/limits.ts"

const minute = 60_000
const hour = 60 * minute
const now = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-28T22:30:00Z"))
const own = (error: string, code?: string) => ({ success: false, error, code })
const page = undefined

type Headers = Record<string, string>

describe("a response that is no success", () => {
  const table: ReadonlyArray<
    readonly [status: number, body: unknown, means: PipedriveError["reason"]["_tag"], says: RegExp]
  > = [
    [301, page, "Denied", /redirects \(HTTP 301\).*PIPEDRIVE_ORG/],
    [307, own("moved"), "Denied", /redirects/],
    [400, own("bad input", "ERR_1"), "Refused", /^Pipedrive refuses: bad input ERR_1$/],
    [400, page, "Forbidden", /in front of Pipedrive.*HTTP 400/],
    [400, { error: "bad gateway" }, "Forbidden", /in front of Pipedrive.*bad gateway/],
    [401, own("unauthorized access"), "Denied", /token: unauthorized access.*PIPEDRIVE_TOKEN/],
    [401, page, "Denied", /token/],
    [402, own("Payment required"), "Denied", /closed or unpaid/],
    [403, own("no permission"), "Forbidden", /denies access: no permission/],
    [403, page, "Forbidden", /firewall/],
    [403, own("feature capping limit"), "Refused", /capping/],
    [404, own("Deal not found"), "NotFound", /Deal not found/],
    [404, page, "Forbidden", /in front of Pipedrive refuses the request: HTTP 404$/],
    [408, page, "OutcomeUnknown", /HTTP 408/],
    [460, page, "OutcomeUnknown", /HTTP 460/],
    [499, page, "OutcomeUnknown", /HTTP 499/],
    [499, own("closed"), "OutcomeUnknown", /HTTP 499/],
    [410, own("gone"), "Forbidden", /retired.*Update Gitpip/],
    [407, page, "Forbidden", /in front of Pipedrive refuses the request: HTTP 407$/],
    [407, { success: false, error: "sign in" }, "Forbidden", /in front of Pipedrive.*sign in \(HTTP 407\)/],
    [413, page, "Refused", /HTTP 413/],
    [422, own("note is too long"), "Refused", /note is too long/],
    [500, own("oops"), "OutcomeUnknown", /HTTP 500/],
    [503, page, "OutcomeUnknown", /HTTP 503/]
  ]
  for (const [status, body, means, says] of table) {
    it(`${status} ${body === page ? "with a page" : JSON.stringify(body)} is ${means}`, () => {
      const reason = classify({ status, headers: {} }, body, { cost: 5, refusals: 0, now })
      assert.strictEqual(reason._tag, means)
      assert.match(reason.message, says)
    })
  }

  it.each([
    [403, own("Open deals limit reached.", "feature_capping_deals_limit"), true],
    [403, own("Your organization has reached the limit of leads"), true],
    [403, own("You do not have permissions to do this."), false],
    [400, own("Person not found"), false],
    [400, own("Name exceeds the limit of characters"), false],
    [404, own("Person not found"), false]
  ] as const)("%i %j is a cap of the plan: %s", (status, body, expected) => {
    const reason = classify({ status, headers: {} }, body, { cost: 5, refusals: 0, now })
    assert.isTrue(isRefusal(reason))
    assert.strictEqual(isRefusal(reason) && isCap(reason), expected)
  })

  it.each([
    [301, "address"],
    [401, "token"],
    [402, "account"]
  ] as const)("%i says that the %s is wrong", (status, wrong) => {
    const reason = classify({ status, headers: {} }, page, { cost: 5, refusals: 0, now })
    assert.deepInclude(reason, { _tag: "Denied", wrong })
  })

  it("is a page's refusal only when Pipedrive itself does not say so", () => {
    const isPage = (body: unknown) => {
      const reason = classify({ status: 403, headers: {} }, body, { cost: 5, refusals: 0, now })
      return reason._tag === "Forbidden" && reason.isPage
    }
    assert.deepStrictEqual([isPage(page), isPage({ error: "x" }), isPage(own("x"))], [true, true, false])
  })
})

describe("a 429", () => {
  const left = (tokens: string) => ({ "x-daily-ratelimit-token-remaining": tokens })
  const table: ReadonlyArray<
    readonly [
      what: string,
      headers: Headers,
      refusals: number,
      means: "BurstLimited" | "BudgetSpent",
      waitMillis: number
    ]
  > = [
    ["without headers", {}, 1, "BurstLimited", 2_000],
    ["with a wait", { "retry-after": "7" }, 1, "BurstLimited", 7_000],
    ["with two waits", { "retry-after": "7", "x-ratelimit-reset": "9" }, 1, "BurstLimited", 9_000],
    ["with an absurd wait", { "retry-after": "4294967296" }, 1, "BurstLimited", hour],
    ["for the third time", { "x-ratelimit-remaining": "0" }, 3, "BurstLimited", 30_000],
    ["for the fourth time", { "x-ratelimit-remaining": "0" }, 4, "BurstLimited", 60_000],
    ["for the third time, without headers", {}, 3, "BudgetSpent", hour],
    ["that leaves fewer tokens than the call costs", left("4"), 1, "BudgetSpent", 91 * minute],
    ["that leaves a day below zero", left("-3"), 1, "BudgetSpent", 91 * minute],
    ["that leaves enough tokens", left("5"), 1, "BurstLimited", 2_000],
    ["that leaves nonsense", left("many"), 1, "BurstLimited", 2_000]
  ]
  for (const [what, headers, refusals, means, waitMillis] of table) {
    it(`${what} is ${means}, for ${waitMillis / 1_000} seconds`, () => {
      const reason = classify({ status: 429, headers }, page, { cost: 5, refusals, now })
      assert.strictEqual(reason._tag, means)
      assert.strictEqual("resumeAt" in reason && reason.resumeAt.epochMilliseconds - now, waitMillis)
    })
  }

  it("says itself that the day is spent only when its headers do", () => {
    assert.isTrue(isSpent({ status: 429, headers: left("4") }, 5))
    assert.isFalse(isSpent({ status: 429, headers: left("5") }, 5))
    assert.isFalse(isSpent({ status: 429, headers: {} }, 5))
  })
})

describe("a 2xx that reports no success", () => {
  const bytes = (text: string) => new TextEncoder().encode(text)
  for (const [what, headers, text, body, means] of [
    ["a failure", {}, "{}", own("it broke"), "OutcomeUnknown"],
    ["a page by its type", { "content-type": "text/html" }, "hello", undefined, "NotPipedrive"],
    ["a page by its beginning", {}, "<html>", undefined, "NotPipedrive"],
    ["nonsense", {}, "}", undefined, "OutcomeUnknown"],
    ["nothing", {}, "", undefined, "OutcomeUnknown"]
  ] as const) {
    it(`but ${what} is ${means}`, () => {
      assert.strictEqual(unreadable({ status: 200, headers, body: bytes(text) }, body)._tag, means)
    })
  }
})

describe("the limits that headers report", () => {
  const window = (reset?: string) =>
    windowOf(
      {
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": "3",
        ...(reset === undefined ? {} : { "x-ratelimit-reset": reset })
      },
      now
    )

  it("are unknown without both numbers", () => {
    assert.isUndefined(windowOf({ "x-ratelimit-limit": "20" }, now))
  })

  for (const [reset, seconds] of [
    [undefined, 2],
    ["0", 1],
    ["5", 5],
    ["99999999999", 60]
  ] as const) {
    it(`are renewed after ${seconds} seconds when the reset is ${reset ?? "missing"}`, () => {
      assert.strictEqual((window(reset)?.resetAt ?? 0) - now, seconds * 1_000)
    })
  }

  it("end with the day in UTC", () => {
    assert.strictEqual(midnightAfter(now) - now, 90 * minute)
    assert.strictEqual(midnightAfter(0), 24 * hour)
  })

  it("grow with each refusal from the third on", () => {
    assert.deepStrictEqual([1, 2, 3, 4, 5].map(growingWait), [0, 0, 30, 60, 120])
  })
})
