/** Every command of the documents runs, in the order of the document, and prints the output that the document shows. */
import { spawnSync } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Block, blocks, documents, read } from "./documents.ts"
import { makeReader } from "./reader.ts"
import { elsewhere, isAsShown, script } from "./script.ts"

const shell = (path: string): ReadonlyArray<Block> =>
  blocks(path).filter(({ language }) => language === "sh" || language === "console")

/** Programs that a machine may lack. Continuous integration installs them. */
const tools = ["curl", "psql"]
const isThere = (tool: string) => spawnSync("bash", ["-c", `command -v ${tool}`]).status === 0

describe("the commands of", () => {
  for (const path of documents.filter((path) => shell(path).length > 0)) {
    const missing = tools.filter((tool) => shell(path).some(({ text }) => text.includes(`${tool} `)) && !isThere(tool))
    it.live.skipIf(missing.length > 0)(
      missing.length === 0 ? path : `${path}: left out without ${missing.join(" and ")}`,
      () =>
        Effect.gen(function* () {
          const reader = yield* makeReader
          const { outputs, text } = script(shell(path), reader.fill, reader.port)
          const { code, logs, output, said } = yield* reader.run(text)
          assert.strictEqual(code, 0, `${said}\n${logs}`)
          for (const { expected, file, place } of outputs) {
            const printed = yield* Effect.promise(() => output(file))
            if (!isAsShown(expected, printed)) assert.strictEqual(printed, expected, place)
          }
        })
    )
  }
})

describe("commands that run elsewhere", () => {
  it("commands that run elsewhere are commands of continuous integration", () => {
    for (const [file, text] of Object.values(elsewhere)) assert.include(read(file), text)
  })
})

describe("what is shown of an output", () => {
  it("`…` in an output stands for any text, and all other text must be equal", () => {
    assert.isTrue(isAsShown("a … c", "a b c\n"))
    assert.isTrue(isAsShown("a\n…\nd", "a\nb\nc\nd\n"))
    assert.isTrue(isAsShown("a\n…\nd", "a\nd"))
    assert.isFalse(isAsShown("a … c", "a b d\n"))
    assert.isFalse(isAsShown("a", "a\nb\n"))
    assert.isFalse(isAsShown("a.c", "abc"))
  })
})
