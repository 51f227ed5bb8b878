/** docs/metrics.md holds what the code has. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Telemetry } from "@gitpip/core"
import { root } from "./image.ts"

const document = readFileSync(`${root}docs/metrics.md`, "utf8")

/** The rows of the table below that header. */
const table = (header: string) => {
  const [, rest = ""] = document.split(`\n${header}\n`)
  const lines = rest.split("\n").slice(1)
  return lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith("|"))
  )
}

describe("docs/metrics.md", () => {
  it("docs/metrics.md lists each metric, event, key and attribute of the code, and no others", () => {
    assert.deepStrictEqual(
      table("| Metric | Type | Labels | Of | Meaning |"),
      Object.entries(Telemetry.metrics).map(([name, { labels, meaning, scope, type }]) => {
        const named = labels.length === 0 ? "none" : labels.map((label) => `\`${label}\``).join(", ")
        return `| \`${name}\` | ${type} | ${named} | ${scope} | ${meaning} |`
      })
    )
    const rows = (entries: Readonly<Record<string, string>>) =>
      Object.entries(entries).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`)
    assert.deepStrictEqual(table("| Event | Fact |"), rows(Telemetry.events))
    assert.deepStrictEqual(table("| Key | Meaning |"), rows(Telemetry.keys))
    assert.sameMembers(
      table("| Attribute | Meaning |").map((row) => /`([^`]+)`/.exec(row)?.[1]),
      Object.values(Telemetry.attributes)
    )
  })
})
