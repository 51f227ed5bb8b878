import { assert, describe, it } from "@effect/vitest"
import { splitArgs } from "../src/settingsFile.ts"

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
