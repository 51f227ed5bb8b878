/** When work counts as overdue, and which limits are too small: pure rules. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Option } from "effect"
import type { Plan } from "../../src/detect/CheckSchedule.ts"
import { needsOf } from "../../src/status/Forecast.ts"
import { overduePublication, overdueScan } from "../../src/status/Health.ts"

const at = (minutes: number) => DateTime.makeUnsafe(minutes * 60_000)

describe("a full scan", () => {
  for (const [since, now, why, expected] of [
    [0, 20, Option.none(), Option.none()],
    [0, 21, Option.none(), Option.some("No full scan has ended since 1970-01-01T00:00:00.000Z")],
    [
      0,
      60,
      Option.some("GitHub is away"),
      Option.some("No full scan has ended since 1970-01-01T00:00:00.000Z: GitHub is away")
    ],
    [60, 0, Option.none(), Option.none()]
  ] as const) {
    it(`a full scan that last ended at minute ${since} is ${Option.isSome(expected) ? "overdue" : "in time"} at minute ${now}`, () =>
      assert.deepStrictEqual(overdueScan({ since: at(since), why }, Duration.minutes(5), at(now)), expected))
  }
})

describe("a publication", () => {
  for (const [due, started, now, isOverdue] of [
    [0, 0, 10, false],
    [0, 0, 11, true],
    [0, 60, 65, false],
    [0, 60, 71, true],
    [60, 0, 65, false]
  ] as const) {
    it(`a publication due at minute ${due} is ${isOverdue ? "overdue" : "in time"} at minute ${now} for a worker since minute ${started}`, () => {
      const found = overduePublication({ since: at(due), why: Option.some("paused") }, at(started), at(now))
      assert.deepStrictEqual(
        found,
        isOverdue
          ? Option.some(`A publication has been due since ${DateTime.formatIso(at(due))}: paused`)
          : Option.none()
      )
    })
  }
})

describe("a forecast", () => {
  const plan: Plan = {
    intervals: [],
    needed: 2,
    checksAllUsers: false,
    fits: true,
    users: 1_000,
    maxInterval: 0,
    budget: 1,
    gistsPerDay: 10,
    gapAt: Option.none()
  }
  const means = { maxDelay: Duration.hours(2), hasGithubToken: true, tokensPerFile: 5, tokenLimit: 50 }
  for (const [what, given, more, expected] of [
    ["nothing while everything fits", plan, {}, []],
    ["nothing while Pipedrive's budget is not known", { ...plan, gistsPerDay: 1_000 }, { tokenLimit: undefined }, []],
    [
      "GitHub's limit",
      { ...plan, fits: false },
      {},
      [
        /^GitHub's limits allow 3,600 checks an hour, and checking 1,000 users within 2h takes 7,200\. Raise GITPIP_MAX_DELAY/
      ]
    ],
    [
      "GitHub's limit without a token",
      { ...plan, fits: false },
      { hasGithubToken: false },
      [/\. Set GITHUB_TOKEN, raise GITPIP_MAX_DELAY/]
    ],
    [
      "Pipedrive's budget",
      { ...plan, gistsPerDay: 11 },
      {},
      [/^About 11 new gists a day take 55 of Pipedrive's tokens, and a day has 50/]
    ],
    ["both", { ...plan, fits: false, gistsPerDay: 11 }, {}, [/^GitHub/, /^About/]]
  ] as const) {
    it(`a forecast reports ${what}`, () => {
      const { shortages } = needsOf(given, { ...means, ...more })
      assert.strictEqual(shortages.length, expected.length)
      for (const [n, pattern] of expected.entries()) assert.match(shortages[n] ?? "", pattern)
    })
  }

  it("a forecast counts the tokens of a day", () => assert.strictEqual(needsOf(plan, means).tokensPerDay, 50))
})
