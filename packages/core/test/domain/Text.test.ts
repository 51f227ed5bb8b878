import { assert, describe, it } from "@effect/vitest"
import { cut, passwordsOf, storable, storableName } from "../../src/domain/Text.ts"
import { text } from "./arbitraries.ts"

const isStorable = (value: string) => value.isWellFormed() && !value.includes("\0")

describe("cut", () => {
  it("never leaves half a character", () => {
    assert.strictEqual(cut("a😀b", 2), "a")
    assert.strictEqual(cut("a😀b", 3), "a😀")
    assert.strictEqual(cut("😀", 1), "")
    assert.strictEqual(cut("abc", 3), "abc")
    assert.strictEqual(cut("abc", 0), "")
  })

  it.prop("is a beginning of the text, at most one unit shorter than allowed", [text()], ([value]) => {
    for (let max = 0; max <= value.length; max++) {
      const kept = cut(value, max)
      assert.isTrue(value.startsWith(kept))
      assert.isTrue(kept.length === max || kept.length === max - 1)
      if (value.isWellFormed()) assert.isTrue(kept.isWellFormed())
    }
  })
})

describe("storable", () => {
  it("replaces what PostgreSQL refuses and keeps everything else", () => {
    assert.strictEqual(storable("a\0b\ud800c\udc00", 100), "a\ufffdb\ufffdc\ufffd")
    const kept = "\u202e <b>&\n\t\u0001😀長é "
    assert.strictEqual(storable(kept, 100), kept)
  })

  it.prop("is storable, within its bound, and its own storable form", [text()], ([value]) => {
    for (const max of [0, 1, 5, 1_000]) {
      const stored = storable(value, max)
      assert.isTrue(isStorable(stored))
      assert.isAtMost(stored.length, max)
      assert.strictEqual(storable(stored, max), stored)
    }
  })
})

describe("storableName", () => {
  it("keeps a name that can be stored", () => {
    for (const name of ["a.ts", "", " ", "__proto__", "長".repeat(300), "n".repeat(600), "a\nb", "\u202egpj.exe"]) {
      assert.strictEqual(storableName(name), name)
    }
  })

  it("keeps names apart that differ only in what had to be replaced", () => {
    const long = "n".repeat(600)
    const names = [
      "a\0b",
      "a\ud800b",
      "a\udc00b",
      "a\ufffdb",
      "a\0\0b",
      "\0",
      "\ud800",
      "\ud801",
      `${long}1`,
      `${long}2`,
      `${long}12`,
      `${"😀".repeat(300)}a`,
      `${"😀".repeat(300)}b`
    ]
    assert.strictEqual(new Set(names.map(storableName)).size, names.length)
  })

  it("keeps room for the hash without cutting a character in half", () => {
    for (const name of [`${"n".repeat(586)}${"😀".repeat(50)}`, `${"n".repeat(587)}${"😀".repeat(50)}`]) {
      const stored = storableName(name)
      assert.isTrue(stored.isWellFormed())
      assert.match(stored, /~[0-9a-f]{12}$/)
    }
  })

  it.prop(
    "a stored name is storable, bounded and deterministic, and keeps names apart",
    [text(40), text(40)],
    ([one, other]) => {
      for (const name of [one, other, one.repeat(30)]) {
        const stored = storableName(name)
        assert.isTrue(isStorable(stored))
        assert.isAtMost(stored.length, 600)
        assert.strictEqual(storableName(name), stored)
        // What is stored is a name like any other: reading it back and storing it again changes nothing.
        assert.strictEqual(storableName(stored), stored)
      }
      assert.strictEqual(storableName(one) === storableName(other), one === other)
    }
  )
})

describe("passwords", () => {
  for (const [address, expected] of [
    ["postgres://me:p%40ss@host/db", ["p%40ss", "p@ss"]],
    ["postgres://me@host/db?password=a%2Fb", ["a%2Fb", "a/b"]],
    ["postgres://me:hush@a:1,b:2/db", ["hush"]],
    ["postgres://me:hu/sh@host/db", ["hu/sh"]],
    ["mysql://me:hush@host/db", ["hush"]],
    ["host=db password=hush user=me", ["hush"]],
    ["host=db password = 'a b\\'c' user=me", ["a b\\'c", "a b'c"]],
    ["host=db sslpassword=hush", ["hush"]],
    ["postgres://me@host/db", []],
    ["", []]
  ] as const) {
    it(`are found in ${address === "" ? "nothing" : address}`, () =>
      assert.deepStrictEqual([...new Set(passwordsOf(address))], [...expected]))
  }
})
