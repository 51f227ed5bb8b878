import { assert, describe, it } from "@effect/vitest"
import type { NameCheckJson } from "../../src/client/api.js"
import { languageWords, placedWords, trackedWords } from "../../src/client/tracked.js"

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
    [
      check({ record: "forgotten" }),
      "ann is tracked. 2 public gists; the files are published, except those that were published before their user was forgotten."
    ],
    [
      check({ record: "untracked", publishes: "some" }),
      "ann is tracked. 2 public gists; the files are published, except those that were found when their user was tracked before, which stay as they are, and those that rules leave out."
    ],
    [
      check({ record: "forgotten", gists: 0 }),
      "ann is tracked. There are no public gists yet; the files are published."
    ],
    [
      check({ state: "organization" }),
      "ann is tracked, but is an organization at GitHub, not a user. Track its members as a list."
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

describe("what the page says about the languages of a rule", () => {
  for (const [header, said] of [
    [null, []],
    [
      '[{"name":"Pyton","near":"Python"},{"name":"Xyz \\u00e4"}]',
      [
        "GitHub is not known to have the language Pyton, so that it may fit no file. Did you mean Python?",
        "GitHub is not known to have the language Xyz ä, so that it may fit no file."
      ]
    ]
  ] as const) {
    it(`is ${said.length === 0 ? "nothing without a header" : said.join(" ")}`, () =>
      assert.deepStrictEqual(languageWords(header), said))
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
