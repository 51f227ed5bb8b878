/** Names of languages that GitHub is not known to have. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as linguist from "linguist-languages"
import { describeUnknown, unknownInRule, unknownLanguages } from "../../src/domain/languages.ts"

const maxLine = 118

/** The module with the names, and each language's other names behind `=`. */
const moduleOf = (languages: ReadonlyArray<{ readonly name: string; readonly aliases?: ReadonlyArray<string> }>) => {
  const lines: Array<string> = []
  const entries = languages.map(({ aliases = [], name }) => [name, ...aliases].join("=")).toSorted()
  for (const entry of entries) {
    const line = lines.at(-1)
    if (line === undefined || `${line}|${entry}`.length > maxLine) lines.push(entry)
    else lines[lines.length - 1] = `${line}|${entry}`
  }
  return `/**
 * The languages that GitHub recognizes, as https://github.com/github-linguist/linguist names them, with \`|\` between, and
 * other names of each behind \`=\`. Held by a test: \`npx vitest run --project unit domain/languages -u\`.
 */
export const listed = \`${lines.join("\n")}\`
`
}

it("the list of languages is the one of linguist", async () => {
  await expect(moduleOf(Object.values(linguist))).toMatchFileSnapshot("../../src/domain/languageNames.ts")
})

describe("a language", () => {
  for (const [name, unknown] of [
    ["Python", undefined],
    ["jupyter notebook", undefined],
    ["C++", undefined],
    ["Markdown", undefined],
    ["Pyton", { name: "Pyton", near: "Python" }],
    ["golang", { name: "golang", near: "Go" }],
    ["js", { name: "js", near: "JavaScript" }],
    ["Klingon of the Empire", { name: "Klingon of the Empire", near: undefined }]
  ] as const) {
    it(`${name} is ${unknown === undefined ? "known" : `not known, and may be meant as ${unknown.near ?? "none"}`}`, () =>
      assert.deepStrictEqual<unknown>(unknownLanguages([name]), unknown === undefined ? [] : [unknown]))
  }

  for (const [rule, names] of [
    ["Python, Pyton,Ruby, Rubi", ["Pyton", "Rubi"]],
    ["none", []],
    ["default", []],
    ["", []],
    [null, []],
    [undefined, []]
  ] as ReadonlyArray<readonly [string | null | undefined, ReadonlyArray<string>]>) {
    it(`of the rule ${JSON.stringify(rule) ?? "that is left out"} is unknown: ${names.join(", ") || "none"}`, () =>
      assert.deepStrictEqual(
        unknownInRule(rule).map(({ name }) => name),
        names
      ))
  }

  it("that is not known is named with what may be meant, or where all are", () => {
    const [pyton] = unknownLanguages(["Pyton"])
    assert.strictEqual(
      pyton && describeUnknown(pyton),
      'names "Pyton", which is not known as a language of GitHub, so that it may fit no file. Did you mean Python?'
    )
    assert.match(describeUnknown({ name: "X", near: undefined }), /languages\.yml lists all languages$/)
  })
})
