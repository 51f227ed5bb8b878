import { assert, describe, it } from "@effect/vitest"
import { splitArgs, strayLine } from "../src/settingsFile.ts"

const cases: ReadonlyArray<
  readonly [args: ReadonlyArray<string>, files: ReadonlyArray<string>, rest: ReadonlyArray<string>]
> = [
  [["serve"], [], ["serve"]],
  [["serve", "--settings", "a.env"], ["a.env"], ["serve"]],
  [["serve", "--settings=a.env", "--json"], ["a.env"], ["serve", "--json"]],
  [["--settings", "a.env", "serve"], ["a.env"], ["serve"]],
  [["serve", "--settings", "a.env", "--settings=b.env"], ["a.env", "b.env"], ["serve"]],
  [["serve", "--settings"], [], ["serve", "--settings"]],
  [["track", "--", "--settings", "a.env"], [], ["track", "--", "--settings", "a.env"]],
  [["track", "--settings", "--", "x"], [], ["track", "--settings", "--", "x"]]
]

describe("the flag --settings", () => {
  for (const [args, files, rest] of cases) {
    it(`gitpip ${args.join(" ")} reads ${files.length === 0 ? "no file" : files.join(" and ")}`, () => {
      assert.deepStrictEqual(splitArgs(args), { files, rest })
    })
  }
})

describe("the lines of a settings file", () => {
  for (const [title, text, line] of [
    ["names and values, empty lines and remarks", "A=1\r\n\n  # a remark\nexport B = 'x' # remark\nC=\n", undefined],
    ["a value over several lines", 'KEY="first\nsecond\n"\nB=1', undefined],
    ["quotation marks in a remark and in a value", "# it's one\nA=it's\n# \"\nB=1\n", undefined],
    ["nothing", "", undefined],
    ["a line without =", "A=1\n# b\nGITHUB_TOKEN secret\nB=2\n", 3],
    ["a line without = behind a value over several lines", "A='1\n2'\nwrong", 3]
  ] as const) {
    it(`${title}: ${line === undefined ? "all are read" : `line ${line} is none`}`, () => {
      assert.strictEqual(strayLine(text), line)
    })
  }
})
