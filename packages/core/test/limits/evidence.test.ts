/** Whether a 429 limits one thing or everything: the table of docs/lifecycle.md. */
import { assert, describe, it } from "@effect/vitest"
import * as LimitEvidence from "../../src/limits/evidence.ts"

type Step =
  | "ok"
  /** An answer to a request that left before the last refusal came. */
  | "late ok"
  | { readonly user: string; readonly thing: string; readonly startedAt?: number; readonly isStated?: boolean }

/** What each refusal concerns, of requests one second apart. */
const scopes = (steps: ReadonlyArray<Step>): ReadonlyArray<LimitEvidence.LimitScope> => {
  let evidence = LimitEvidence.none
  return steps.flatMap((step, index) => {
    if (step === "ok" || step === "late ok") {
      const startedAt = step === "ok" ? index * 1_000 : (index - 1) * 1_000
      evidence = LimitEvidence.answered(evidence, { thing: undefined, startedAt })
      return []
    }
    const { isStated = false, startedAt = index * 1_000, thing, user } = step
    const next = LimitEvidence.refused(evidence, {
      ...usual,
      by: { user, thing },
      isStated,
      startedAt,
      now: index * 1_000 + 500
    })
    evidence = next.evidence
    return [next.scope]
  })
}

const usual = { isStated: false, startedAt: 1, now: 2, statedUntil: 3, minWait: () => 0 }

const a = { user: "ann", thing: "a" }
const a2 = { user: "ann", thing: "a2" }
const b = { user: "bob", thing: "b" }

describe("a 429", () => {
  const table: ReadonlyArray<
    readonly [what: string, steps: ReadonlyArray<Step>, expected: ReadonlyArray<LimitEvidence.LimitScope>]
  > = [
    ["of one thing is suspected to be global once", [a, a, a], ["suspected", "thing", "thing"]],
    ["of one thing is its own when others were answered", [a, "ok", a], ["suspected", "thing"]],
    [
      "is not its own by an answer to what left before",
      [{ ...a, isStated: true }, "late ok", { ...a, isStated: true }],
      ["global", "global"]
    ],
    ["of things of two users in a row is global", [a, b, a], ["suspected", "global", "global"]],
    ["of two things of one user is no more than suspected", [a, a2], ["suspected", "suspected"]],
    [
      "of a thing that is known to be at fault is no sign for others",
      [a, "ok", a, b],
      ["suspected", "thing", "suspected"]
    ],
    ["that left before the last one came is no further sign", [a, { ...a, startedAt: 0 }], ["suspected", "suspected"]],
    ["that says itself whose limit it is, is global", [a, { ...a, isStated: true }], ["suspected", "global"]],
    [
      "that others do not meet is the thing's, whatever it says",
      [a, "ok", { ...a, isStated: true }],
      ["suspected", "thing"]
    ]
  ]
  for (const [what, steps, expected] of table) {
    it(what, () => assert.deepStrictEqual(scopes(steps), expected))
  }

  it("a 429 of a request for no user in particular is global", () => {
    const refusal = { ...usual, by: undefined }
    assert.strictEqual(LimitEvidence.refused(LimitEvidence.none, refusal).scope, "global")
  })

  it("a 429 is forgotten when the thing is answered", () => {
    const refusal = { ...usual, by: a }
    const { evidence } = LimitEvidence.refused(LimitEvidence.none, refusal)
    const next = LimitEvidence.refused(LimitEvidence.answered(evidence, { thing: a.thing, startedAt: 3 }), {
      ...refusal,
      startedAt: 3,
      now: 4
    })
    assert.strictEqual(next.scope, "suspected")
  })

  it("a 429 of one thing alone holds that thing for longer each time, until the thing is answered", () => {
    let evidence = LimitEvidence.none
    const untils = [0, 1, 2, 3].map((n) => {
      const refusal = { ...usual, by: a, startedAt: n * 1_000, now: n * 1_000 + 1, statedUntil: n * 1_000 + 2 }
      const next = LimitEvidence.refused(evidence, { ...refusal, minWait: (times) => times * 100 })
      evidence = next.evidence
      return [next.until - refusal.now, LimitEvidence.heldUntil(evidence, a.thing, refusal.now) === next.until]
    })
    assert.deepStrictEqual(untils, [
      [1, false],
      [200, true],
      [300, true],
      [400, true]
    ])
    assert.strictEqual(
      LimitEvidence.heldUntil(LimitEvidence.answered(evidence, { thing: a.thing, startedAt: 4_000 }), a.thing, 0),
      undefined
    )
    assert.strictEqual(LimitEvidence.heldUntil(evidence, b.thing, 0), undefined)
  })

  it("a 429 holds nothing when the clock has been set back since", () => {
    const refusal = { ...usual, by: a, minWait: () => 600_000 }
    const first = LimitEvidence.refused(LimitEvidence.none, { ...refusal, now: 3_600_000 })
    const { evidence } = LimitEvidence.refused(first.evidence, { ...refusal, startedAt: 3_600_001, now: 3_600_002 })
    assert.strictEqual(LimitEvidence.heldUntil(evidence, a.thing, 3_600_003), 4_200_002)
    assert.strictEqual(LimitEvidence.heldUntil(evidence, a.thing, 0), undefined)
  })

  it("a global 429 delays others for as long as it says, a suspected one for a minute, and one of a thing not at all", () => {
    const hour = 3_600_000
    assert.strictEqual(LimitEvidence.blockedUntil("global", hour, 0), hour)
    assert.strictEqual(LimitEvidence.blockedUntil("suspected", hour, 0), 60_000)
    assert.strictEqual(LimitEvidence.blockedUntil("suspected", 2_000, 0), 2_000)
    assert.strictEqual(LimitEvidence.blockedUntil("thing", hour, 0), undefined)
  })
})
