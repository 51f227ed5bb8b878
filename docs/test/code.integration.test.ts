/** The TypeScript of the documents type-checks as it stands there, and runs to its end. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { blocks, documents, root } from "./documents.ts"
import { makeReader } from "./reader.ts"

const exec = promisify(execFile)
const programs = documents.flatMap((path) =>
  blocks(path)
    .filter(({ language }) => language === "ts")
    .map(({ place, text }) => ({ place, text, name: `${place.replace(/\W/g, "-")}.ts` }))
)

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gitpip-programs-"))
  // As after an installation.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  for (const { name, text } of programs) await writeFile(join(folder, name), text)
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { noEmit: true, composite: false, incremental: false, types: ["node"], noUnusedLocals: false },
      include: ["*.ts"]
    })
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("the TypeScript of the documents", () => {
  it("the TypeScript of the documents type-checks", async () => {
    assert.isNotEmpty(programs)
    const { stdout } = await exec(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch(
      (error: { readonly stdout: string }) => error
    )
    assert.strictEqual(stdout, "")
  })

  for (const { name, place } of programs) {
    it.live(`runs: ${place}`, () =>
      Effect.gen(function* () {
        const { env, fill } = yield* makeReader
        const { POSTGRES_CONNECTION_STRING } = fill
        yield* Effect.promise((signal) =>
          exec(process.execPath, [join(folder, name)], { env: { ...env, POSTGRES_CONNECTION_STRING }, signal })
        )
      })
    )
  }
})
