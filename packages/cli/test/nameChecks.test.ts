/** What commands say about the names that were tracked. */
import { assert, describe, it } from "@effect/vitest"
import { type NameCheck, Username } from "@gitpip/core"
import { linesOf } from "../src/nameChecks.ts"

const name = Username.make

const check = (fields: Partial<NameCheck> = {}): NameCheck => ({
  name: name("ann"),
  state: "found",
  login: name("Ann"),
  gists: 2,
  publishes: "all",
  near: [],
  reason: null,
  ...fields
})

describe("what is said about tracked names", () => {
  for (const [checks, ...lines] of [
    [[]],
    [[check()], "Ann has 2 public gists. Their files are published."],
    [[check({ gists: 1 })], "Ann has 1 public gist. Its files are published."],
    [[check({ gists: 0 })], "Ann has no public gists yet. Files of new ones are published."],
    [[check({ gists: null })]],
    [
      [check({ publishes: "new" })],
      "Ann has 2 public gists. Older files are only listed (GITPIP_BACKFILL=none), and new ones are published."
    ],
    [[check(), check({ gists: 3 })], "2 accounts have 5 public gists. Their files are published."],
    [
      [check({ state: "unknown", near: [name("anne"), name("anna")] })],
      "Warning: GitHub knows no user ann. Did you mean anne or anna? To stop tracking the name: gitpip untrack ann"
    ],
    [
      [check({ state: "unchecked", reason: "GitHub did not answer in time" })],
      "ann was not checked at GitHub: GitHub did not answer in time"
    ],
    [
      [
        check({ state: "unchecked", reason: "GitHub did not answer in time" }),
        check({ state: "unknown" }),
        check({ state: "unchecked", reason: "another" })
      ],
      "Warning: GitHub knows no user ann. To stop tracking the name: gitpip untrack ann",
      "2 names were not checked at GitHub: GitHub did not answer in time"
    ]
  ] as ReadonlyArray<readonly [ReadonlyArray<NameCheck>, ...ReadonlyArray<string>]>) {
    it(`says ${lines.length === 0 ? "nothing without an answer" : lines.join(" ")}`, () => {
      assert.deepStrictEqual(linesOf(checks), lines)
    })
  }
})
