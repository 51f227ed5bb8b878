import { assert, describe, it } from "@effect/vitest"
import type { NameCheckJson } from "../../src/client/api.js"
import { placedWords, trackedWords } from "../../src/client/tracked.js"

const check = (fields: Partial<NameCheckJson>): NameCheckJson => ({
  name: "ann",
  state: "found",
  login: "Ann",
  gists: 2,
  publishes: "all",
  near: [],
  reason: null,
  record: "tracked",
  ...fields
})

describe("what the page says once a user is tracked", () => {
  for (const [given, said] of [
    [undefined, "ann is tracked."],
    [check({}), "ann is tracked. 2 public gists; the files are published."],
    [check({ gists: 0 }), "ann is tracked. There are no public gists yet; the files are published."],
    [
      check({ gists: 1, publishes: "new" }),
      "ann is tracked. 1 public gist; only files that come from now on are published."
    ],
    [check({ gists: null }), "ann is tracked."],
    [check({ state: "unknown", near: [] }), "ann is tracked, but GitHub knows no such user."],
    [
      check({ state: "unknown", near: ["anne", "anna"] }),
      "ann is tracked, but GitHub knows no such user. Did you mean anne or anna?"
    ],
    [
      check({ state: "unchecked", reason: "GitHub did not answer in time" }),
      "ann is tracked. The name was not checked at GitHub: GitHub did not answer in time"
    ]
  ] as const) {
    it(`the page says: ${said}`, () => assert.strictEqual(trackedWords("ann", given), said))
  }
})

describe("what the page says once a deal or a person is chosen", () => {
  for (const [unused, said] of [
    [[], "New files of ann go there."],
    [["The deal does not count", "Nor the person"], "Saved, but: The deal does not count. Nor the person."]
  ] as const) {
    it(`the page says: ${said}`, () => assert.strictEqual(placedWords("ann", unused), said))
  }
})
