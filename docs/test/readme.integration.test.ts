/** The tables of settings and commands hold what the code has: none is missing, and none is invented. */
import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { read, root } from "./documents.ts"

/** The first cells of a document's tables. */
const firstCells = (path: string): Array<string> =>
  [...read(path).matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell as string)

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

describe("docs/commands.md", () => {
  it("docs/commands.md lists every command", () => {
    const help = execFileSync(process.execPath, [`${root}packages/cli/bin/gitpip.js`, "--help"], { encoding: "utf8" })
    const commands = [...(help.split("SUBCOMMANDS")[1] ?? "").matchAll(/^ {2}([a-z]+) /gm)].map(
      ([, name]) => name as string
    )
    const listed = firstCells("docs/commands.md").map((cell) => cell.split(" ")[1] as string)
    assert.isAbove(commands.length, 10)
    assert.sameMembers(listed, commands)
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
