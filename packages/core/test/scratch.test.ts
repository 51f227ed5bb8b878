import { existsSync } from "node:fs"
import { mkdir, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, it } from "@effect/vitest"
import { removeAbandoned, scratchDirectory } from "./scratch.ts"

/** Above Linux's largest process id: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html */
const nobody = 2 ** 22 + 1

it("directories of tests that were killed are removed, and no others", async () => {
  const own = await scratchDirectory("test")
  const abandoned = join(dirname(own), `gitpip-test-${nobody}-abcdef`)
  const others = join(dirname(own), `gitpip-${nobody}`)
  for (const directory of [abandoned, others]) await mkdir(directory)
  await removeAbandoned()
  const left = [own, abandoned, others].map((directory) => existsSync(directory))
  for (const directory of [own, others]) await rm(directory, { recursive: true })
  assert.deepStrictEqual(left, [true, false, true])
})
