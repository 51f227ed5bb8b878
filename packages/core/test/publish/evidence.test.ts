/** The scope of a failure, judged by other failures and successes. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Schema } from "effect"
import * as FailureEvidence from "../../src/publish/evidence.ts"

type Event =
  | { readonly ok: string }
  | { readonly fails: string; readonly how?: string; readonly isUserWide?: true; readonly after?: Duration.Duration }

/** `alice/1` is the first thing of alice. */
const thingOf = (path: string): FailureEvidence.Thing => {
  const [user = "", key = ""] = path.split("/")
  return { user: [...user].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 7), key: `${user}/${key}` }
}

/** The verdicts on all failures, in order. */
const verdictsOf = (events: ReadonlyArray<Event>) => {
  let evidence = FailureEvidence.nothing
  let at = 0
  const verdicts: Array<FailureEvidence.FailureVerdict> = []
  for (const event of events) {
    if ("ok" in event) {
      evidence = FailureEvidence.afterSuccess(evidence, thingOf(event.ok))
      continue
    }
    at += Duration.toMillis(event.after ?? Duration.seconds(1))
    const next = FailureEvidence.afterFailure(evidence, {
      thing: thingOf(event.fails),
      signature: event.how ?? "unavailable",
      isUserWide: event.isUserWide === true,
      at
    })
    evidence = next.evidence
    verdicts.push(next.verdict)
  }
  return verdicts
}

const fails = (...things: ReadonlyArray<string>): ReadonlyArray<Event> => things.map((thing) => ({ fails: thing }))

describe("the scope of a failure", () => {
  const table: ReadonlyArray<
    readonly [
      string,
      ReadonlyArray<Event>,
      FailureEvidence.FailureVerdict["scope"],
      { readonly proven: boolean; readonly alone: boolean }
    ]
  > = [
    ["one thing, once", fails("a/1"), "thing", { proven: false, alone: true }],
    ["one thing, for ever", fails(...Array(50).fill("a/1")), "thing", { proven: false, alone: true }],
    ["two things of one user", fails("a/1", "a/2"), "thing", { proven: false, alone: true }],
    ["three things of one user", fails("a/1", "a/2", "a/3"), "user", { proven: false, alone: false }],
    [
      "a hundred things of one user",
      fails(...Array.from({ length: 100 }, (_, n) => `a/${n}`)),
      "user",
      { proven: false, alone: false }
    ],
    [
      "three things of one user, each in another way",
      [
        { fails: "a/1", how: "x" },
        { fails: "a/2", how: "y" },
        { fails: "a/3", how: "z" }
      ],
      "thing",
      { proven: false, alone: true }
    ],
    ["things of two users", fails("a/1", "b/1"), "thing", { proven: false, alone: false }],
    ["things of three users", fails("a/1", "b/1", "c/1"), "service", { proven: false, alone: false }],
    [
      "what all things of a user share",
      [{ fails: "a/deal", isUserWide: true }],
      "user",
      { proven: false, alone: true }
    ],
    [
      "the same of three users",
      ["a", "b", "c"].map((user) => ({ fails: `${user}/deal`, isUserWide: true }) as const),
      "service",
      { proven: false, alone: false }
    ],
    [
      "three users, each in another way",
      [
        { fails: "a/1", how: "x" },
        { fails: "b/1", how: "y" },
        { fails: "c/1", how: "z" }
      ],
      "thing",
      { proven: false, alone: true }
    ],
    [
      "three users, with a success in between",
      [...fails("a/1", "b/1"), { ok: "d/1" }, ...fails("c/1")],
      "thing",
      { proven: false, alone: true }
    ],
    [
      "one that fails while others succeed",
      [...fails("a/1"), { ok: "b/1" }, ...fails("a/1")],
      "thing",
      { proven: true, alone: true }
    ],
    [
      "another of a user whose things fail while others succeed",
      [...fails("a/1"), { ok: "b/1" }, ...fails("a/2")],
      "thing",
      { proven: true, alone: true }
    ],
    [
      "one that fails while others of its user succeed",
      [...fails("a/1"), { ok: "a/2" }, ...fails("a/1")],
      "thing",
      { proven: true, alone: true }
    ],
    [
      "three that failed before others succeeded: no sign of a global failure",
      [...fails("a/1", "b/1", "c/1"), { ok: "d/1" }, ...fails("a/1", "b/1", "c/1")],
      "thing",
      { proven: true, alone: true }
    ],
    [
      "all users, after one was proven to be at fault",
      [...fails("a/1"), { ok: "b/1" }, ...fails("a/1", "b/2", "c/1", "d/1")],
      "service",
      { proven: false, alone: false }
    ],
    [
      "one that succeeded and fails again",
      [...fails("a/1"), { ok: "a/1" }, ...fails("a/1")],
      "thing",
      { proven: false, alone: true }
    ],
    [
      "one whose last failure is long ago",
      [
        ...fails("a/1"),
        { ok: "b/1" },
        { fails: "a/1", after: Duration.sum(FailureEvidence.memory, Duration.seconds(1)) }
      ],
      "thing",
      { proven: false, alone: true }
    ]
  ]
  for (const [what, events, scope, { alone, proven }] of table) {
    it(what, () => {
      const verdict = verdictsOf(events).at(-1)
      assert.deepStrictEqual([verdict?.scope, verdict?.isProven, verdict?.isAlone], [scope, proven, alone])
    })
  }

  it("is the thing's own after a read has proved that the service works", () => {
    const first = FailureEvidence.afterFailure(FailureEvidence.nothing, {
      thing: thingOf("a/1"),
      signature: "x",
      isUserWide: false,
      at: 0
    })
    const proved = FailureEvidence.afterProof(first.evidence, thingOf("a/1"))
    const next = FailureEvidence.afterFailure(proved, {
      thing: thingOf("a/1"),
      signature: "x",
      isUserWide: false,
      at: 1
    })
    assert.isTrue(next.verdict.isProven)
  })
})

describe("laws", () => {
  const user = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
  const history = Schema.Array(Schema.Struct({ user, thing: user, ok: Schema.Boolean }))
  const eventOf = ({ ok, thing, user: whose }: (typeof history.Type)[number]): Event =>
    ok ? { ok: `${whose}/${thing}` } : { fails: `${whose}/${thing}` }

  it.prop("things of one user that fail for ever are never a global failure", [history, user], ([events, bad]) => {
    // Whatever else happens, only this user fails.
    const verdicts = verdictsOf(
      events
        .map((event) => eventOf({ ...event, ok: event.user !== bad && event.ok }))
        .filter((event) => "ok" in event || event.fails.startsWith(`${bad}/`))
    )
    for (const { scope } of verdicts) assert.notStrictEqual(scope, "service")
  })

  it.prop("when all fail from a success on, the third new user proves a global failure", [history], ([events]) => {
    const before = [...events.map(eventOf), { ok: "9/9" }]
    const verdicts = verdictsOf([...before, ...fails("new1/1", "new2/1", "new3/1")])
    assert.strictEqual(verdicts.at(-1)?.scope, "service")
  })

  it.prop("a success clears all users", [history], ([events]) => {
    const verdict = verdictsOf([...events.map(eventOf), { ok: "9/9" }, { fails: "new/1" }]).at(-1)
    assert.strictEqual(verdict?.scope, "thing")
    assert.isTrue(verdict?.isAlone)
  })

  it.prop("a thing that fails again after another's success is proven to be at fault", [history], ([events]) => {
    const verdict = verdictsOf([...events.map(eventOf), { fails: "new/1" }, { ok: "9/9" }, { fails: "new/1" }]).at(-1)
    assert.isTrue(verdict?.isProven)
  })

  it("the number of remembered things and users is bounded", () => {
    const many = Array.from({ length: 2_100 }, (_, n) => ({ fails: `${n}/1` }) as const)
    let evidence = FailureEvidence.nothing
    for (const { fails: path } of many) {
      evidence = FailureEvidence.afterFailure(evidence, {
        thing: thingOf(path),
        signature: path,
        isUserWide: false,
        at: 0
      }).evidence
    }
    assert.isAtMost(evidence.things.size + evidence.users.size + evidence.row.size, 6_000)
  })
})
