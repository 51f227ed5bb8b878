/** What answers show about a limit: how many in a row named it, who waits, and until when. */
import { assert, describe, it } from "@effect/vitest"
import * as Answers from "../../src/limits/answers.ts"

const minute = 60_000
/** None after a first limit, then a minute, doubling. */
const minWait = (times: number) => (times < 2 ? 0 : minute * 2 ** (times - 2))
const by = (user: string) => ({ user, thing: `gist of ${user}` })

const answer = (more: Partial<Answers.LimitAnswer> = {}): Answers.LimitAnswer => ({
  by: undefined,
  isStated: false,
  startedAt: 10,
  cost: 5,
  now: 20,
  statedUntil: 1_000,
  allUntil: 1_000,
  message: "limit",
  enforcedBy: (scope) => (scope === "global" ? "service" : "self"),
  ...more
})

const after = (...all: ReadonlyArray<Partial<Answers.LimitAnswer>>) =>
  all.reduce<Answers.Answers>((answers, one) => Answers.limited(answers, answer(one), minWait).answers, Answers.none)

describe("a limit", () => {
  const suspected = { by: by("ann") }
  for (const [what, before, met, expected] of [
    ["of a request for no thing concerns everything", [], {}, { scope: "global", until: 1_000, enforcedBy: "service" }],
    [
      "that the answer states for everything concerns everything",
      [],
      { ...suspected, isStated: true },
      { scope: "global", until: 1_000, enforcedBy: "service" }
    ],
    [
      "that one thing meets for the first time delays everything for as long as it says",
      [],
      suspected,
      { scope: "suspected", until: 1_000, enforcedBy: "self" }
    ],
    [
      "that one thing meets for the first time delays everything for a minute at most",
      [],
      { ...suspected, allUntil: 3_600_000 },
      { scope: "suspected", until: 20 + minute, enforcedBy: "self" }
    ],
    [
      "that things of two users meet in a row concerns everything, for longer when the service's growing wait says so",
      [suspected],
      { by: by("bob"), startedAt: 30, now: 40, allUntil: 90_000 },
      { scope: "global", until: 90_000, enforcedBy: "service" }
    ],
    [
      "that one thing meets twice in a row delays that thing alone, for a minute at least",
      [suspected],
      { ...suspected, startedAt: 30, now: 40 },
      { scope: "thing", until: 40 + minute }
    ]
  ] as ReadonlyArray<
    readonly [string, ReadonlyArray<Partial<Answers.LimitAnswer>>, Partial<Answers.LimitAnswer>, Answers.Limited]
  >) {
    it(what, () => {
      assert.deepStrictEqual(Answers.limited(after(...before), answer(met), minWait).limited, expected)
    })
  }
})

describe("limits in a row", () => {
  for (const [what, answers, startedAt, times] of [
    ["begin with one", Answers.none, 10, 1],
    ["grow by a request that left after the last one was known", after({}), 30, 2],
    ["do not grow by a request that was under way when the last one came", after({}), 15, 1],
    [
      "do not grow by limits of one thing alone",
      after({ by: by("ann") }, { by: by("ann"), startedAt: 30, now: 40 }),
      50,
      2
    ],
    ["begin again after their end", Answers.rowEnded(after({}, { startedAt: 30, now: 40 })), 50, 1],
    ["do not begin again with a request that left before the last one", Answers.rowEnded(after({})), 15, 0]
  ] as ReadonlyArray<readonly [string, Answers.Answers, number, number]>) {
    it(what, () => {
      assert.strictEqual(Answers.timesInARow(answers, startedAt), times)
    })
  }

  it("know the cheapest of their requests", () => {
    assert.strictEqual(after({ cost: 5 }, { cost: 2 }, { cost: 20 }).row.cost, 2)
    assert.strictEqual(Answers.rowEnded(after({ cost: 5 })).row.cost, Number.POSITIVE_INFINITY)
  })
})

it("an answer about one thing ends the suspicion that a limit of another user's thing is global", () => {
  const answers = Answers.notLimited(after({ by: by("ann") }), { thing: "gist of carol", startedAt: 30 })
  const { limited } = Answers.limited(answers, answer({ by: by("bob"), startedAt: 40, now: 50 }), minWait)
  assert.strictEqual(limited.scope, "suspected")
})
