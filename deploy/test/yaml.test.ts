/** The YAML of this folder, read as its programs read it. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { parseAllDocuments } from "yaml"
// @ts-expect-error The package has no types.
import yaml from "yaml-js"
import { root } from "./image.ts"

/** A port of PyYAML, whose scanner is the one of kubectl, Compose and Prometheus. The package `yaml` reads more than they do. */
const load = (text: string): ReadonlyArray<unknown> => {
  try {
    return yaml.load_all(text)
  } catch (error) {
    // The parser's errors have an empty message.
    throw new Error(String(error))
  }
}

const files = readdirSync(`${root}deploy`, { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.ya?ml$/.test(file)
)

describe("the YAML files of deploy", () => {
  it("the strict parser refuses an unquoted question mark in braces, as kubectl does", () => {
    assert.throws(() => load("httpGet: { path: /ready?exclude=work, port: http }"), /expected ',' or '}'/)
    assert.deepStrictEqual(load('httpGet: { path: "/ready?exclude=work" }'), [
      { httpGet: { path: "/ready?exclude=work" } }
    ])
  })

  for (const file of files) {
    it(`kubectl, Compose and Prometheus can read deploy/${file}, and read what the tests read`, () => {
      const text = readFileSync(`${root}deploy/${file}`, "utf8")
      const documents = parseAllDocuments(text, { version: "1.1", strict: true })
      assert.deepStrictEqual(
        load(text),
        documents.map((document) => document.toJS())
      )
    })
  }
})
