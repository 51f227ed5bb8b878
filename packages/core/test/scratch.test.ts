import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, it } from "@effect/vitest"
import { nameOf, removeAbandoned, scratchDirectory } from "./scratch.ts"

/** Above Linux's largest process id: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html */
const nobody = 2 ** 22 + 1

it("directories of tests that were killed are removed, and no others", async () => {
  const own = await scratchDirectory("test")
  const make = (name: string) => mkdtemp(join(dirname(own), name))
  const abandoned = await make(nameOf("test", nobody))
  const inAnotherContainer = await make(`gitpip-test-1-${nobody}-`)
  const unknown = await make(`gitpip-${nobody}-`)
  try {
    await removeAbandoned()
    assert.deepStrictEqual([own, abandoned, inAnotherContainer, unknown].map(existsSync), [true, false, true, true])
  } finally {
    for (const directory of [own, inAnotherContainer, unknown]) await rm(directory, { recursive: true })
  }
})
