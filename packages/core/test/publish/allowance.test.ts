/** The number of a backlog's files that may be published now. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Option } from "effect"
import { allowanceOf } from "../../src/publish/allowance.ts"
import type { SinkBudget } from "../../src/publish/Sink.ts"

const now = 0
const hour = Duration.toMillis("1 hour")
const day = 24 * hour

/** What is left of 1,000 tokens, with the hours until they are renewed. */
const tokens = (left: number, hours: number): Option.Option<SinkBudget> =>
  Option.some({
    left,
    limit: 1_000,
    renewsAt: DateTime.makeUnsafe(hours * hour),
    period: Duration.days(1)
  })

/** What is left of 100 requests, with the part of the hour until they are renewed. */
const requests = (remaining: number, part: number) => ({ limit: 100, remaining, resetAt: part * hour })

const price = { creates: "activities", perFile: 5, perUser: 25 } as const
const allowed = (ofSink: Option.Option<SinkBudget>, ofGithub?: ReturnType<typeof requests>) =>
  allowanceOf({ tokens: ofSink, requests: ofGithub, price }, now)

describe("a backlog", () => {
  for (const [what, ofSink, ofGithub, files] of [
    ["may publish all its files while no budget is known", Option.none(), undefined, Number.POSITIVE_INFINITY],
    ["leaves half of a whole day", tokens(1_000, 24), undefined, 100],
    ["leaves a quarter at noon", tokens(1_000, 12), undefined, 150],
    ["leaves nothing at the end of the day", tokens(1_000, 0), undefined, 200],
    ["waits when half of the day is left", tokens(500, 24), undefined, 0],
    ["waits when less than one file's price is over", tokens(504, 24), undefined, 0],
    ["leaves half of GitHub's hour", Option.none(), requests(100, 1), 50],
    ["obeys the shorter of two budgets", tokens(1_000, 24), requests(60, 1), 10]
  ] as const) {
    it(what, () => {
      assert.strictEqual(allowed(ofSink, ofGithub).files, files)
    })
  }

  it("waits until the held part leaves one file's price, and says why", () => {
    const { wait } = allowed(tokens(500, 24))
    assert.deepStrictEqual(
      Option.map(wait, ({ message, until }) => ({ message, until: until.epochMilliseconds })),
      Option.some({
        message: "Pipedrive's tokens for the day are kept for new files: 500 of 1000 are left",
        until: (5 * 2 * day) / 1_000
      })
    )
  })

  it("waits no longer than until the budget is renewed", () => {
    const { wait } = allowed(tokens(0, 24))
    assert.strictEqual(Option.getOrThrow(wait).until.epochMilliseconds, day)
  })
})
