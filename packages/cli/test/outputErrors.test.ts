/** What becomes of a process whose output cannot be written. */
import { assert, describe, it } from "@effect/vitest"
import { endOf } from "../src/outputErrors.ts"

describe("an error of the output", () => {
  const full = "ENOSPC: no space left on device, write"
  for (const [title, code, isTerminal, end] of [
    ["a reader that leaves early is success", "EPIPE", false, { code: 0, line: undefined }],
    [
      "a full disk is a failure that is said",
      "ENOSPC",
      false,
      { code: 1, line: `Gitpip cannot write its output: ${full}` }
    ],
    ["a broken disk is one as well", "EIO", false, { code: 1, line: `Gitpip cannot write its output: ${full}` }],
    ["a closed terminal leaves the end to SIGHUP", "EIO", true, undefined]
  ] as const) {
    it(title, () => assert.deepStrictEqual(endOf({ code, message: full }, { isTerminal }), end))
  }
})
