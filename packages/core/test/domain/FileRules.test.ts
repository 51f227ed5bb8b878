/** Which files the rules leave out, and how they say so. */
import { assert, describe, it } from "@effect/vitest"
import { type FileRules, isPattern, leavesNothingOut, type RuledFile, skippedBy } from "../../src/domain/FileRules.ts"

const none: FileRules = {
  include: [],
  exclude: [],
  languages: [],
  maxFileSize: Number.POSITIVE_INFINITY,
  forks: "publish"
}
const python = { filename: "Setup.py", language: "Python", size: 100 }

describe("rules that leave nothing out", () => {
  for (const [rules, expected] of [
    [{}, true],
    [{ include: ["*.md"] }, false],
    [{ exclude: ["*.md"] }, false],
    [{ languages: ["Ruby"] }, false],
    [{ maxFileSize: 10 }, false],
    [{ forks: "skip" }, false]
  ] as const) {
    it(`${JSON.stringify(rules)}: ${expected}`, () =>
      assert.strictEqual(leavesNothingOut({ ...none, ...rules }), expected))
  }
})

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
    ["a file of the largest size is published", { maxFileSize: 100 }, {}, undefined],
    [
      "a larger file is left out",
      { maxFileSize: 99 },
      {},
      "GITPIP_MAX_FILE_SIZE leaves out files of more than 99 bytes"
    ]
  ] as const) {
    it(title, () => assert.strictEqual(skippedBy({ ...none, ...rules })().by({ ...python, ...file }), rule))
  }

  for (const [title, installation, own, file, rule] of [
    [
      "a user's rule takes the place of the installation's rule of the same name",
      { exclude: ["*.py"] },
      { exclude: ["*.lock"] },
      {},
      undefined
    ],
    [
      "the installation's other rules hold for a user with a rule",
      { exclude: ["*.py"] },
      { include: ["*.py"] },
      {},
      "GITPIP_EXCLUDE leaves out *.py"
    ],
    [
      "a file that a user's rule leaves out names that rule",
      {},
      { exclude: ["*.py"] },
      {},
      "The user's rule --exclude leaves out *.py"
    ],
    [
      "a user's empty rule publishes what the installation leaves out",
      { languages: ["Ruby"] },
      { languages: [] },
      {},
      undefined
    ],
    [
      "a file of a fork is left out when forks are",
      { forks: "skip" },
      {},
      { isFork: true },
      "GITPIP_FORKS leaves out gists that were forked from others"
    ],
    [
      "a user's forks are left out although the installation publishes forks",
      {},
      { forks: "skip" },
      { isFork: true },
      "The user's rule --forks leaves out gists that were forked from others"
    ],
    [
      "a user's forks are published although the installation leaves them out",
      { forks: "skip" },
      { forks: "publish" },
      { isFork: true },
      undefined
    ],
    ["a file of no fork is published when forks are left out", { forks: "skip" }, {}, { isFork: false }, undefined],
    ["a file that may be of a fork is not left out yet", { forks: "skip" }, {}, {}, undefined]
  ] as const satisfies ReadonlyArray<
    readonly [string, Partial<FileRules>, Partial<FileRules>, Partial<RuledFile>, string | undefined]
  >) {
    it(title, () => assert.strictEqual(skippedBy({ ...none, ...installation })(own).by({ ...python, ...file }), rule))
  }

  it("the rule on forks is named for files that may turn out to be of one", () => {
    assert.isUndefined(skippedBy(none)().ifFork)
    assert.strictEqual(
      skippedBy({ ...none, forks: "skip" })().ifFork,
      "GITPIP_FORKS leaves out gists that were forked from others"
    )
    assert.isUndefined(skippedBy({ ...none, forks: "skip" })({ forks: "publish" }).ifFork)
  })

  it("a pattern is a text that a shell would take", () => {
    for (const pattern of ["*.md", "test_?.py", "{a,b}.*", "[ab]*", "README"])
      assert.isTrue(isPattern(pattern), pattern)
    for (const pattern of ["", "a".repeat(256)]) assert.isFalse(isPattern(pattern), pattern.slice(0, 10))
  })
})
