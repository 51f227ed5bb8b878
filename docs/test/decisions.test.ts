/** The records of decisions: short, of one form, and the table of dependencies holds what the packages name. */
import { assert, describe, it } from "@effect/vitest"
import { documents, read } from "./documents.ts"

const records = documents.filter((path) => /^docs\/decisions\/\d{4}-/.test(path))
const tables = ["docs/decisions/0008-dependencies.md", "docs/decisions/0009-written-by-hand.md"]

describe("a decision", () => {
  it.each(records)("says context, decision and when to revisit it, in at most 40 lines: %s", (path) => {
    const headings = [...read(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    const expected = ["Context", "Decision", ...(tables.includes(path) ? [] : ["Ruled out"]), "Revisit"]
    assert.deepStrictEqual(headings, expected)
    const lines = read(path)
      .split("\n")
      .filter((line) => !line.startsWith("|"))
    assert.isAtMost(lines.length, 41)
  })

  it("the table of decision 0008 names each dependency of each package.json once, and no other", () => {
    const names = ["", "packages/core/", "packages/http/", "packages/cli/", "examples/"].flatMap((folder) => {
      const { dependencies, devDependencies, peerDependencies } = JSON.parse(read(`${folder}package.json`))
      return Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })
    })
    const rows = [...read("docs/decisions/0008-dependencies.md").matchAll(/^\| (`.+?`) \| (.+) \|$/gm)]
    const listed = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string))
    const others = [...new Set(names)].filter((name) => !name.startsWith("@gitpip/"))
    assert.sameMembers(listed, others)
    for (const [, name, why = ""] of rows) assert.isAbove(why.length, 15, name)
  })
})
