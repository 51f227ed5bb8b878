import { assert, describe, it } from "@effect/vitest"
import { passing, tables } from "../../src/database/stateTables.ts"
import { history, state } from "../../src/store/History.ts"

describe("the tables of the database", () => {
  it("each table is history, or its rows decide something and stay", () => {
    assert.deepStrictEqual(
      [...Object.keys(history), ...Object.keys(state)].toSorted(),
      [...tables.map(({ name }) => name), ...passing].toSorted()
    )
  })

  it("history is deleted from the tables that refer to others first", () => {
    const order = tables.map(({ name }) => name)
    assert.isBelow(order.indexOf("scans"), order.indexOf("scan_failures"))
    assert.deepStrictEqual(Object.keys(history).slice(-2), ["scan_failures", "scans"])
  })

  it("history is found by the key by which its rows are numbered", () => {
    for (const [table, { key }] of Object.entries(history)) {
      assert.deepStrictEqual([...key], [...(tables.find(({ name }) => name === table)?.key ?? [])], table)
    }
  })
})
