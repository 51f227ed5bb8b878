/** A user's rules as texts: which can be used, and what they say. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import type { RuleName } from "../../src/domain/FileRules.ts"
import { rulesOf, ruleTexts, withGiven } from "../../src/domain/UserRules.ts"

describe("a user's rules", () => {
  for (const [rule, text, expected] of [
    ["include", "*.ts, *.{md,txt}", { include: ["*.ts", "*.{md,txt}"] }],
    ["include", "none", { include: [] }],
    ["exclude", "*.lock", { exclude: ["*.lock"] }],
    ["languages", "Python, Jupyter Notebook", { languages: ["Python", "Jupyter Notebook"] }],
    ["languages", "none", { languages: [] }],
    ["maxFileSize", "500 KB", { maxFileSize: 500_000 }],
    ["maxFileSize", "none", { maxFileSize: Number.POSITIVE_INFINITY }],
    ["forks", "skip", { forks: "skip" }],
    ["forks", "publish", { forks: "publish" }],
    ["forks", "default", undefined],
    ["include", "default", undefined]
  ] as const) {
    it(`${rule} as "${text}" is a rule, and says what the setting says`, () => {
      assert.isTrue(Option.isSome(Schema.decodeUnknownOption(ruleTexts[rule])(text)))
      assert.deepStrictEqual(rulesOf({ [rule]: text }), expected)
    })
  }

  for (const [rule, text] of [
    ["include", ""],
    ["exclude", "*.md,,*.py"],
    ["languages", "Python,"],
    ["maxFileSize", "5"],
    ["maxFileSize", "5 GB"],
    ["forks", "none"],
    ["forks", "yes"],
    ["include", "a".repeat(2_001)]
  ] as const) {
    it(`${rule} as "${text.slice(0, 20)}" is refused, and in the database counts as missing`, () => {
      assert.isTrue(Option.isNone(Schema.decodeUnknownOption(ruleTexts[rule])(text)))
      if (text.length <= 2_000) assert.isUndefined(rulesOf({ [rule]: text }))
    })
  }

  for (const [title, stored, given, expected] of [
    ["a user without rules has none", {}, {}, undefined],
    [
      "rules that are not given stay",
      { include: "*.md", forks: "skip" },
      { forks: "publish" },
      { include: ["*.md"], forks: "publish" }
    ],
    [
      "the word default takes a rule away",
      { include: "*.md", forks: "skip" },
      { include: "default" },
      { forks: "skip" }
    ]
  ] as const) {
    it(title, () => {
      const texts = Object.fromEntries(
        Object.entries(given).map(([rule, text]) => [rule, ruleTexts[rule as RuleName].make(text)])
      )
      assert.deepStrictEqual(withGiven(stored, texts), expected)
    })
  }
})
