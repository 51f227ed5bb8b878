/** One process has a directory at a time, and none is locked out by one that died, wherever it died. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { has, heldBy, isIntact, release, take } from "../../src/database/embedded/lockFile.ts"

let directory = ""
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gitpip-lock-"))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const module = JSON.stringify(new URL("../../src/database/embedded/lockFile.ts", import.meta.url).href)

/** A process that tries to take the directory, then runs until it is killed. */
const attempt = async () => {
  const program = `
    const { take } = await import(${module})
    try { take(${JSON.stringify(directory)}); console.log("taken") } catch (error) { console.log(error.message) }
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ["--input-type=module", "-e", program])
  const [said] = await Promise.race([once(child.stdout, "data"), once(child.stdout, "end")])
  const kill = async () => {
    const exited = once(child, "exit")
    child.kill("SIGKILL")
    await exited
  }
  return { kill, pid: child.pid ?? 0, said: String(said).trim() }
}

/** A process that has the directory while the work is done. */
const whileHeld = async (work: (pid: number) => void | Promise<void>) => {
  const owner = await attempt()
  try {
    assert.strictEqual(owner.said, "taken")
    await work(owner.pid)
  } finally {
    await owner.kill()
  }
}

const leave = (content: string) => writeFile(join(directory, "lock"), content)
const refusal = () => {
  try {
    take(directory)
  } catch (error) {
    return (error as Error).message
  }
  release(directory)
  return "taken"
}

describe("a directory", () => {
  it("a directory is taken once, and again when it was released", async () => {
    for (const _ of ["once", "again"]) {
      take(directory)
      assert.isTrue(has(directory))
      assert.match(await readFile(join(directory, "lock"), "utf8"), new RegExp(`^${process.pid} `))
      assert.deepStrictEqual(await readdir(directory), ["lock", "lock.sqlite"])
      assert.match(refusal(), /\(this one\)/)
      release(directory)
      assert.isFalse(has(directory))
      assert.deepStrictEqual(await readdir(directory), ["lock.sqlite"])
    }
    assert.strictEqual((await stat(join(directory, "lock.sqlite"))).mode & 0o777, 0o600)
  })

  it("a directory is refused while its owner lives, and free as soon as the owner is killed", async () => {
    await whileHeld((pid) => assert.strictEqual(refusal(), `held by process ${pid}`))
    assert.strictEqual(refusal(), "taken")
  })

  for (const [whose, content] of [
    ["this process's own", `${process.pid}\n`],
    ["a dead process's", `${2 ** 30}\n`],
    ["no process's", ""]
  ] as const) {
    // Containers that share a volume have their numbers each, and often the same one.
    it(`a directory is refused while its owner lives, although the owner's number is ${whose} here`, () =>
      whileHeld(async () => {
        await leave(content)
        assert.match(refusal(), /^held by /)
      }))
  }

  it("a directory is taken over from a dead owner whose number another process has by now", async () => {
    await leave(`${process.ppid} ${hostname()} mark\n`)
    assert.strictEqual(refusal(), "taken")
  })

  it("a directory goes to one of ten processes that find a dead owner's lock at once", async () => {
    await whileHeld(() => undefined)
    const all = await Promise.all(Array.from({ length: 10 }, attempt))
    await Promise.all(all.map(({ kill }) => kill()))
    assert.strictEqual(all.filter(({ said }) => said === "taken").length, 1)
  })

  it("a directory that was removed or moved is no longer its owner's, and what is at its path then is left alone", async () => {
    const moved = `${directory}-moved`
    take(directory)
    assert.isTrue(isIntact(directory))
    await rename(directory, moved)
    assert.isFalse(isIntact(directory))
    await rename(moved, directory)
    assert.isTrue(isIntact(directory))
    await rm(join(directory, "lock"))
    await leave("of another owner")
    assert.isFalse(isIntact(directory))
    release(directory)
    assert.strictEqual(await readFile(join(directory, "lock"), "utf8"), "of another owner")
  })
})

describe("the owner of a directory", () => {
  for (const [content, owner, pid] of [
    ["12 here a-b\n", "process 12", 12],
    ["1 there a-b\n", "process 1 of the machine or container there", 1],
    ["12\n", "process 12", 12],
    ["", "another process", undefined],
    ["?", "another process", undefined]
  ] as const) {
    it(`the owner of a directory by the content ${JSON.stringify(content)} is ${owner}`, () => {
      const held = heldBy(content, "here")
      assert.deepStrictEqual([held.owner, held.pid], [owner, pid])
    })
  }
})
