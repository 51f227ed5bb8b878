/** The README, and the table of settings: what they say is what the code has. */
import { assert, describe, it } from "@effect/vitest"
import { definitions as settings } from "../../packages/core/src/settings/table.ts"
import { firstCells, read } from "./documents.ts"

describe("docs/settings.md", () => {
  it("docs/settings.md lists every setting with its default and meaning", () => {
    const rows = Object.entries(settings).map(
      ([name, { fallback, meaning }]) =>
        `| \`${name}\` | ${fallback === "none" ? "none" : `\`${fallback}\``} | ${meaning} |`
    )
    const document = read("docs/settings.md")
    assert.deepStrictEqual(
      rows.filter((row) => !document.includes(row)),
      []
    )
    assert.deepStrictEqual(
      firstCells("docs/settings.md").filter((name) => /^[A-Z_]+$/.test(name)),
      Object.keys(settings)
    )
  })
})

describe("the README", () => {
  it("the README has fewer than 150 lines", () => assert.isBelow(read("README.md").split("\n").length, 150))

  it("the README begins with the two commands that continuous integration runs", () => {
    const ci = read(".ci/run")
    for (const command of ["npm ci && npm run demo", "npm ci && npm test"]) {
      assert.include(read("README.md"), `\n${command}\n`)
      assert.include(ci, `\n${command}`)
    }
  })
})
