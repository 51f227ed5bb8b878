import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { duration, json, plain, plainLines } from "../src/Text.ts"

describe("text from outside", () => {
  it("loses control characters, and nothing else", () => {
    assert.strictEqual(plain("\u001b[2Jhi\u0007\r\n\u009b31m"), "\\u{1b}[2Jhi\\u{7}\\u{d}\\u{a}\\u{9b}31m")
    assert.strictEqual(plain("abc\u202efdp.exe"), "abc\\u{202e}fdp.exe")
    assert.strictEqual(plain("\ud800"), "\ufffd")
    for (const kept of ["naïve", "日本語", "שלום", "👩‍👩‍👧", "tab-less text"]) assert.strictEqual(plain(kept), kept)
    assert.strictEqual(plainLines("a\nb\u001bc"), "a\nb\\u{1b}c")
  })

  it.prop("is safe in JSON too, and the same value", [Schema.String], ([text]) => {
    const shown = json({ text })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for control characters
    assert.notMatch(shown, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    assert.deepStrictEqual(JSON.parse(shown), { text })
  })

  it("is escaped in JSON", () => {
    assert.strictEqual(json("\u009b31m\u202e\u001b"), '"\\u009b31m\\u202e\\u001b"')
  })
})

describe("how long something takes", () => {
  it("is given in a precision that suits an estimate", () => {
    for (const [seconds, said] of [
      [0.4, "under a second"],
      [48.4, "48 s"],
      [119, "119 s"],
      [150, "3 min"],
      [7_100, "118 min"],
      [11_100, "3 h 5 min"]
    ] as const) {
      assert.strictEqual(duration(seconds), said)
    }
  })
})
