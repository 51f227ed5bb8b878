/** Which files the rules leave out, and how they say so. */
import { assert, describe, it } from "@effect/vitest"
import { type FileRules, isPattern, skippedBy } from "../../src/domain/FileRules.ts"

const none: FileRules = { include: [], exclude: [], languages: [], maxSize: Number.POSITIVE_INFINITY }
const python = { filename: "Setup.py", language: "Python", size: 100 }

describe("rules on files", () => {
  for (const [title, rules, file, rule] of [
    ["without rules every file is published", {}, {}, undefined],
    [
      "a name that fits an excluded pattern is left out",
      { exclude: ["*.lock", "*.PY"] },
      {},
      "GITPIP_EXCLUDE leaves out *.PY"
    ],
    ["a name that fits no excluded pattern is published", { exclude: ["*.lock", "?.py"] }, {}, undefined],
    ["a name that fits an included pattern is published", { include: ["*.md", "setup.*"] }, {}, undefined],
    [
      "a name that fits no included pattern is left out",
      { include: ["*.md", "*.rb"] },
      {},
      "GITPIP_INCLUDE publishes only *.md, *.rb"
    ],
    [
      "an excluded name is left out although it is included",
      { include: ["*.py"], exclude: ["setup.*"] },
      {},
      "GITPIP_EXCLUDE leaves out setup.*"
    ],
    [
      "a hidden name fits patterns as every name does",
      { exclude: ["*rc"] },
      { filename: ".bashrc" },
      "GITPIP_EXCLUDE leaves out *rc"
    ],
    [
      "a slash in a name is a letter like any other",
      { exclude: ["*.py"] },
      { filename: "a/b.py" },
      "GITPIP_EXCLUDE leaves out *.py"
    ],
    ["braces are alternatives", { include: ["*.{md,py}"] }, {}, undefined],
    ["a file in a wanted language is published", { languages: ["ruby", "PYTHON"] }, {}, undefined],
    [
      "a file in another language is left out",
      { languages: ["Ruby"] },
      {},
      "GITPIP_LANGUAGES publishes only Ruby, and this file is in Python"
    ],
    [
      "a file in no language is left out when languages are named",
      { languages: ["Ruby"] },
      { language: null },
      "GITPIP_LANGUAGES publishes only Ruby, and this file is in no known language"
    ],
    ["a file of the largest size is published", { maxSize: 100 }, {}, undefined],
    ["a larger file is left out", { maxSize: 99 }, {}, "GITPIP_MAX_FILE_SIZE leaves out files of more than 99 bytes"]
  ] as const) {
    it(title, () => assert.strictEqual(skippedBy({ ...none, ...rules })({ ...python, ...file }), rule))
  }

  it("a pattern is a text that a shell would take", () => {
    for (const pattern of ["*.md", "test_?.py", "{a,b}.*", "[ab]*", "README"])
      assert.isTrue(isPattern(pattern), pattern)
    for (const pattern of ["", "a".repeat(256)]) assert.isFalse(isPattern(pattern), pattern.slice(0, 10))
  })
})
