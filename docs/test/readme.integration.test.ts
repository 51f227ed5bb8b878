/** The README's tables hold what the code has: no setting, command or route is missing, and none is made up. */
import { execFileSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { Api } from "@gitpip/http"
import { OpenApi } from "effect/http-api"
import { read, root } from "./documents.ts"

const readme = read("README.md")

/** The first cells of a table below a heading. */
const firstCells = (heading: string): Array<string> => {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell as string)
}

describe("the README", () => {
  it("lists every setting with its default and meaning", () => {
    const rows = Object.entries(settings).map(
      ([name, { fallback, meaning }]) =>
        `| \`${name}\` | ${fallback === "none" ? "none" : `\`${fallback}\``} | ${meaning} |`
    )
    assert.deepStrictEqual(firstCells("Settings"), Object.keys(settings))
    assert.deepStrictEqual(
      rows.filter((row) => !readme.includes(row)),
      []
    )
  })

  it("lists every command", () => {
    const help = execFileSync(process.execPath, [`${root}packages/cli/bin/gitpip.js`, "--help"], { encoding: "utf8" })
    const commands = [...(help.split("SUBCOMMANDS")[1] ?? "").matchAll(/^ {2}([a-z]+) /gm)].map(
      ([, name]) => name as string
    )
    const listed = firstCells("Commands").map((cell) => cell.split(" ")[1] as string)
    assert.isAbove(commands.length, 10)
    assert.sameMembers(listed, commands)
  })

  it("lists every route", () => {
    const routes = Object.entries(OpenApi.fromApi(Api).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    )
    assert.sameMembers(firstCells("HTTP"), [...routes, "GET /", "GET /openapi.json", "GET /docs"])
  })

  it("begins with the two commands that continuous integration runs", () => {
    const ci = read(".ci/run")
    for (const command of ["npm ci && npm run demo", "npm ci && npm test"]) {
      assert.include(readme, `\n${command}\n`)
      assert.include(ci, `\n${command}`)
    }
  })
})
