import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { CliOutput } from "effect/cli"
import { plainScreen } from "../src/Screen.ts"
import { columnWidths, cut, render } from "../src/Table.ts"

const at = (columns: number) => ({ columns, colors: false })

describe("a table", () => {
  it("keeps strangers' text in its row and its cell", () => {
    assert.strictEqual(render({ rows: [["a\nb", "c\u001b[A"]] }, plainScreen), "a\\u{a}b  c\\u{1b}[A")
  })

  it("is aligned by what characters take on the screen", () => {
    const rows = [
      ["日本", "x"],
      ["a", "y", ""],
      ["abcd", "z"],
      ["👩‍👩‍👧", "emoji"],
      ["e\u0301", "accent"]
    ]
    assert.strictEqual(render({ rows }, plainScreen), "日本  x\na     y\nabcd  z\n👩‍👩‍👧    emoji\ne\u0301     accent")
  })

  it("colours cells without moving them, and only where colours mean something", () => {
    const rows = [
      [{ text: "ok", meaning: "good" as const }, "x"],
      [{ text: "failing", meaning: "bad" as const }, "y"]
    ]
    assert.strictEqual(render({ rows }, plainScreen), "ok       x\nfailing  y")
    assert.strictEqual(
      render({ rows }, { columns: 80, colors: true }),
      "\u001b[32mok\u001b[0m       x\n\u001b[31mfailing\u001b[0m  y"
    )
  })

  it("cuts the widest cells until it fits, and nothing where there is no width", () => {
    const rows = [["1", "n".repeat(30), "m".repeat(10)]]
    assert.strictEqual(render({ rows }, at(30)), `1  ${"n".repeat(14)}…  ${"m".repeat(10)}`)
    assert.strictEqual(render({ rows }, plainScreen), `1  ${"n".repeat(30)}  ${"m".repeat(10)}`)
  })

  it("puts links on lines of their own where they do not fit, and never cuts them", () => {
    const link = `https://gist.github.com/${"x".repeat(60)}`
    const rows = [["1", "file.txt", link]]
    assert.strictEqual(render({ rows, links: true }, at(40)), `1  file.txt\n  ${link}`)
    const heading = ["ID", "FILE", "PAGE"].map((text) => ({ text, meaning: "heading" as const }))
    assert.strictEqual(render({ rows: [heading, ...rows], links: true }, at(40)).split("\n")[0], "ID  FILE")
    assert.strictEqual(render({ rows, links: true }, at(120)), `1  file.txt  ${link}`)
  })

  it("aligns further rows with those before", () => {
    const atLeast = columnWidths({ rows: [["wide cell", "x"]] })
    assert.strictEqual(render({ rows: [["a", "b"]], atLeast }, plainScreen), "a          b")
  })

  it.prop("is never wider than the screen, whatever stands in it", [Schema.Array(Schema.String)], ([cells]) => {
    const columns = 12 * Math.max(cells.length, 1)
    for (const line of render({ rows: [cells] }, at(columns)).split("\n")) {
      assert.isAtMost(CliOutput.displayWidth(line), columns)
    }
  })
})

describe("cut text", () => {
  it("ends with whole characters", () => {
    assert.strictEqual(cut("日本語", 6), "日本語")
    assert.strictEqual(cut("日本語", 5), "日本…")
    assert.strictEqual(cut("日本語", 4), "日…")
    assert.strictEqual(cut("👩‍👩‍👧👩‍👩‍👧", 3), "👩‍👩‍👧…")
  })
})
