import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as rules from "../../src/domain/rules.ts"

describe("the rules that proofs switch off", () => {
  it("the rules that proofs switch off are on", () => {
    assert.deepStrictEqual(
      { ...rules },
      {
        fence: true,
        filesAndOutboxInOneTransaction: true,
        lookupBeforeResend: true
      }
    )
  })

  it("the rules that proofs switch off are constants that no setting, variable or caller can change", () => {
    const source = readFileSync(new URL("../../src/domain/rules.ts", import.meta.url), "utf8")
    const code = source.replace(/\/\*\*[\s\S]*?\*\//g, "").trim()
    for (const line of code.split("\n").filter((line) => line.trim() !== "")) {
      assert.match(line, /^export const \w+: boolean = true$/)
    }
  })
})
