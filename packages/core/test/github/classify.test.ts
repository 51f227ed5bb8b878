/** What each answer of GitHub means, and what it concerns: the table of docs/lifecycle.md. */
import { assert, describe, it } from "@effect/vitest"
import { classify, limitEnd, minLimitWait, type Subject } from "../../src/github/classify.ts"

const now = 1_000_000_000
const user: Subject = { _tag: "User", login: "ann" }
const page: Subject = { _tag: "Page", of: "/user/1/gists" }
const gist: Subject = { _tag: "Gist", id: "g" }

const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers: { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4990", "x-ratelimit-reset": "1000060", ...headers },
  body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
  cut: false
})

const html = "<html>Forbidden</html>"
const block = { reason: "dmca", created_at: "2026-01-01T00:00:00Z", html_url: null }

describe("an answer", () => {
  const table: ReadonlyArray<
    readonly [what: string, status: number, body: unknown, subject: Subject, reason: string, scope: string]
  > = [
    ["a bad token", 401, { message: "Bad credentials" }, user, "Unauthorized", "credential"],
    ["no token", 401, { message: "Requires authentication" }, gist, "Unauthorized", "credential"],
    [
      "two factors",
      401,
      { message: "Must specify two-factor authentication OTP code." },
      user,
      "Unauthorized",
      "credential"
    ],
    ["401 of a proxy", 401, html, user, "Unauthorized", "credential"],
    ["a suspended account", 403, { message: "Sorry. Your account was suspended" }, user, "Unauthorized", "credential"],
    ["a disabled account", 403, { message: "Your account has been disabled" }, gist, "Unauthorized", "credential"],
    [
      "a shut-out",
      403,
      { message: "Maximum number of login attempts exceeded. Please try again later." },
      user,
      "Unauthorized",
      "credential"
    ],
    [
      "an installation token",
      403,
      { message: "Resource not accessible by integration" },
      user,
      "Unauthorized",
      "credential"
    ],
    [
      "a fine-grained token",
      403,
      { message: "Resource not accessible by personal access token" },
      gist,
      "Unauthorized",
      "credential"
    ],
    [
      "a kind that is forbidden",
      403,
      { message: "`acme` forbids access via a personal access token (classic)." },
      user,
      "Unauthorized",
      "credential"
    ],
    ["an IP allow list", 403, { message: "`acme` has an IP allow list enabled" }, user, "Unauthorized", "credential"],
    [
      "an IP allow list, at length",
      403,
      {
        message:
          "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."
      },
      user,
      "Unauthorized",
      "credential"
    ],
    [
      "single sign-on",
      403,
      { message: "Resource protected by organization SAML enforcement." },
      user,
      "Refused",
      "thing"
    ],
    ["a plain 403", 403, { message: "Forbidden" }, user, "Refused", "thing"],
    ["403 of a proxy", 403, html, gist, "Refused", "thing"],
    ["an agent that is refused", 403, "Request forbidden by administrative rules.", user, "Unexpected", "service"],
    ["a gist that GitHub blocks", 403, { message: "Gist access blocked", block }, gist, "Blocked", "thing"],
    ["a suspended text with a block", 403, { message: "Your account was suspended", block }, gist, "Blocked", "thing"],
    ["a gist that is blocked by law", 451, { message: "Blocked", block }, gist, "Blocked", "thing"],
    ["451 alone", 451, html, user, "Blocked", "thing"],
    ["a missing user", 404, { message: "Not Found" }, user, "UserNotFound", "user"],
    ["a missing gist", 404, { message: "Not Found" }, gist, "GistNotFound", "thing"],
    ["a missing page", 404, { message: "Not Found" }, page, "Unexpected", "thing"],
    [
      "the end of a list",
      422,
      { message: "In order to keep the API fast for everyone, pagination is limited for this resource." },
      page,
      "PaginationLimited",
      "thing"
    ],
    ["the same for a first page", 422, { message: "pagination is limited" }, user, "Unexpected", "thing"],
    ["a spammed endpoint", 422, { message: "Validation Failed" }, page, "Unexpected", "thing"],
    ["a bad request", 400, { message: "Bad Request" }, user, "Unexpected", "thing"],
    ["a retired API", 410, { message: "Gone" }, user, "Unexpected", "thing"],
    ["what a proxy in front of GitHub sends", 499, "", user, "Unavailable", "service"],
    ["a fault", 500, "", user, "Unavailable", "service"],
    ["a bad gateway", 502, html, gist, "Unavailable", "service"],
    [
      "a primary limit by its text",
      403,
      { message: "API rate limit exceeded for user ID 1." },
      user,
      "RateLimited",
      "credential"
    ],
    [
      "a secondary limit by its text",
      403,
      { message: "You have exceeded a secondary rate limit" },
      gist,
      "RateLimited",
      "credential"
    ],
    ["429 alone", 429, html, user, "RateLimited", "credential"]
  ]
  for (const [what, status, body, subject, reason, scope] of table) {
    it(`a response (${what}) is ${reason} and concerns the ${scope}`, () => {
      const verdict = classify(answer(status, body), subject, now)
      assert.deepStrictEqual([verdict.reason._tag, verdict.scope], [reason, scope])
    })
  }

  it("a 403 with `retry-after` or with nothing left is a limit, whatever its text says", () => {
    const date = { "retry-after": "Mon, 30 Nov 2026 10:10:00 GMT" }
    for (const headers of [{ "retry-after": "5" }, date, { "x-ratelimit-remaining": "0" }]) {
      assert.strictEqual(classify(answer(403, "", headers), user, now).reason._tag, "RateLimited")
    }
  })
})

describe("the end of a limit", () => {
  const end = (headers: Readonly<Record<string, string>>, limit: "primary" | "secondary" = "primary") =>
    (limitEnd({ headers }, limit, now) - now) / 1_000
  const spent = { "x-ratelimit-remaining": "0" }
  for (const [what, headers, seconds] of [
    ["as stated by retry-after", { "retry-after": "20", ...spent, "x-ratelimit-reset": "1000300" }, 20],
    [
      "as stated by a date, by GitHub's own clock",
      { "retry-after": "Mon, 30 Nov 2026 10:10:00 GMT", date: "Mon, 30 Nov 2026 10:00:00 GMT" },
      600
    ],
    ["as stated by a date alone", { "retry-after": new Date(now + 90_000).toUTCString() }, 90],
    ["a second when the date is over", { "retry-after": "Tue, 01 Jan 1963 10:10:00 GMT" }, 1],
    ["a second when retry-after is none", { "retry-after": "0" }, 1],
    ["an hour when retry-after is absurd", { "retry-after": "999999999" }, 3_601],
    ["just after the reset", { ...spent, "x-ratelimit-reset": "1000300" }, 301],
    ["a minute when something is left", { "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1000300" }, 60],
    ["a minute when the reset is in the past", { ...spent, "x-ratelimit-reset": "999000" }, 60],
    ["a second when the reset is now", { ...spent, "x-ratelimit-reset": `${now / 1_000}` }, 1],
    ["a minute when the reset is no number", { ...spent, "x-ratelimit-reset": "soon" }, 60],
    ["an hour when the reset is absurd", { ...spent, "x-ratelimit-reset": "4999999999" }, 3_601],
    ["a minute when nothing is stated", {}, 60],
    ["a minute when the headers cannot be read", { "retry-after": "soon", "x-ratelimit-reset": "-1" }, 60]
  ] as const) {
    it(`the end of a limit is ${what}`, () => assert.strictEqual(end(headers), seconds))
  }

  it("the end of a secondary limit is at least a minute away", () =>
    assert.strictEqual(end({ ...spent, "x-ratelimit-reset": "1000030" }, "secondary"), 60))

  it("the end of a limit comes later with each refusal in a row, and never later than an hour", () => {
    assert.deepStrictEqual(
      [1, 2, 3, 4, 7, 8, 9, 100].map((n) => minLimitWait(n) / 60_000).map(Math.floor),
      [0, 1, 2, 4, 32, 60, 60, 60]
    )
  })
})
