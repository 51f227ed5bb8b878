/** The table of commands holds what the program has: none is missing, and none is invented. */
import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { firstCells, root } from "./documents.ts"

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
