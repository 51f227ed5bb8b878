/** Whether a refusal concerns one thing or everything: the rules of docs/lifecycle.md. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as RefusalEvidence from "../../src/limits/refusalEvidence.ts"

type Step = readonly [what: "refused" | "answered", thing: string, kind?: RefusalEvidence.Kind, signature?: string]

/** The count of equal refusals of different things after each refusal. */
const run = (steps: ReadonlyArray<Step>): ReadonlyArray<number> => {
  let evidence = RefusalEvidence.none
  return steps.flatMap(([what, thing, kind = "list", signature = "no"]) => {
    if (what === "answered") {
      evidence = RefusalEvidence.answered(evidence, { kind, thing })
      return []
    }
    const result = RefusalEvidence.refused(evidence, { kind, thing, signature })
    evidence = result.evidence
    return [result.equal]
  })
}

describe("equal refusals in a row", () => {
  const table: ReadonlyArray<readonly [what: string, steps: ReadonlyArray<Step>, counts: ReadonlyArray<number>]> = [
    [
      "of different things add up",
      [
        ["refused", "a"],
        ["refused", "b"],
        ["refused", "c"]
      ],
      [1, 2, 3]
    ],
    [
      "of one thing are one",
      [
        ["refused", "a"],
        ["refused", "a"],
        ["refused", "a"]
      ],
      [1, 1, 1]
    ],
    [
      "end with an answer",
      [
        ["refused", "a"],
        ["refused", "b"],
        ["answered", "x"],
        ["refused", "c"]
      ],
      [1, 2, 1]
    ],
    [
      "of a thing that was refused while another was answered say nothing",
      [
        ["refused", "a"],
        ["answered", "x"],
        ["refused", "a"],
        ["refused", "b"]
      ],
      [1, 0, 1]
    ],
    [
      "of such a thing count again once it was answered itself",
      [
        ["refused", "a"],
        ["answered", "x"],
        ["answered", "a"],
        ["refused", "a"]
      ],
      [1, 1]
    ],
    [
      "of such a thing count when it is refused in another way",
      [
        ["refused", "a"],
        ["answered", "x"],
        ["refused", "a", "list", "other"]
      ],
      [1, 1]
    ],
    [
      "that differ do not add up",
      [
        ["refused", "a"],
        ["refused", "b", "list", "other"],
        ["refused", "c"]
      ],
      [1, 1, 1]
    ],
    [
      "of other kinds do not add up",
      [
        ["refused", "a"],
        ["refused", "g", "gist"],
        ["refused", "b"]
      ],
      [1, 1, 2]
    ],
    [
      "go on while other kinds are answered",
      [
        ["refused", "a"],
        ["answered", "g", "gist"],
        ["refused", "b"]
      ],
      [1, 2]
    ],
    [
      "of the feed end with an answer of any kind: it is one thing",
      [
        ["refused", "feed", "feed"],
        ["answered", "a"],
        ["refused", "feed", "feed"]
      ],
      [1, 0]
    ]
  ]
  for (const [what, steps, counts] of table) it(what, () => assert.deepStrictEqual(run(steps), counts))
})

const Thing = Schema.Literals(["a", "b", "c", "d", "e"])

it.prop(
  "one thing that is refused for ever never makes more than one sign",
  [Schema.Array(Schema.Boolean)],
  ([order]) => {
    const steps = order.flatMap(
      (answered): ReadonlyArray<Step> =>
        answered
          ? [
              ["answered", "other"],
              ["refused", "bad"]
            ]
          : [["refused", "bad"]]
    )
    return run(steps).every((equal) => equal <= 1)
  }
)

it.prop("an answer leaves no sign, whatever was refused before", [Schema.Array(Thing), Thing], ([refused, next]) => {
  const before = refused.map((thing): Step => ["refused", thing])
  return (run([...before, ["answered", "x"], ["refused", next]]).at(-1) ?? 0) <= 1
})

it.prop("everything refused is found out by the third different thing", [Schema.Array(Thing)], ([order]) => {
  const counts = run(order.map((thing): Step => ["refused", thing]))
  return counts.every((equal, n) => equal === new Set(order.slice(0, n + 1)).size)
})
