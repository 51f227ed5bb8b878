/** One process has a directory at a time, and none is locked out by one that died, wherever it died. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { release, take } from "../../src/database/embedded/lockFile.ts"

let directory = ""
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "gitpip-lock-"))
})
afterEach(() => rm(directory, { recursive: true }))

/** A process that runs until it is killed, or one that is dead already. */
const process = async <A>(work: (pid: number) => Promise<A>): Promise<A> => {
  const child = spawn(globalThis.process.execPath, ["-e", "setInterval(() => {}, 1000)"])
  const exited = once(child, "exit")
  try {
    return await work(child.pid ?? 0)
  } finally {
    child.kill("SIGKILL")
    await exited
  }
}
const dead = () => process((pid) => Promise.resolve(pid))
const leave = (file: string, content: string) => writeFile(join(directory, file), content)
const refusal = () =>
  take(directory).then(
    () => "taken",
    (error: Error) => error.message
  )
const isOurs = async () => {
  assert.strictEqual(await readFile(join(directory, "lock"), "utf8"), `${globalThis.process.pid}\n`)
  assert.deepStrictEqual(await readdir(directory), ["lock"])
}

describe("a directory", () => {
  it("a directory is taken once, and again when it was released", async () => {
    await take(directory)
    await isOurs()
    assert.match(await refusal(), /\(this one\)/)
    await release(directory)
    assert.deepStrictEqual(await readdir(directory), [])
    await take(directory)
    await release(directory)
  })

  it("a directory is refused while its owner lives", () =>
    process(async (pid) => {
      await leave("lock", `${pid}\n`)
      assert.strictEqual(await refusal(), `held by process ${pid}`)
      assert.deepStrictEqual(await readdir(directory), ["lock"])
    }))

  it("a directory is refused while another process takes it over", () =>
    process(async (pid) => {
      await leave("lock", `${await dead()}\n`)
      await leave("lock.taking-over", `${pid}\n`)
      assert.match(await refusal(), /just starting/)
    }))

  for (const [what, files] of [
    ["at work", { lock: "dead" }],
    ["before it had written its id", { lock: "" }],
    ["while it took over from another", { lock: "dead", "lock.taking-over": "dead" }],
    ["before it had written its id while it took over", { lock: "dead", "lock.taking-over": "" }]
  ] as const) {
    it(`a directory is taken over from a process that died ${what}`, async () => {
      for (const [file, content] of Object.entries(files)) {
        await leave(file, content === "dead" ? `${await dead()}\n` : content)
      }
      await take(directory)
      await isOurs()
      await release(directory)
    })
  }

  it("a directory goes to one of ten processes that find a dead owner's lock at once", async () => {
    await leave("lock", `${await dead()}\n`)
    const module = new URL("../../dist/database/embedded/lockFile.js", import.meta.url).href
    const program = `
      const { take } = await import(${JSON.stringify(module)})
      const said = await take(${JSON.stringify(directory)}).then(() => "taken", () => "refused")
      console.log(said)
      setInterval(() => {}, 1000)`
    const children = Array.from({ length: 10 }, () =>
      spawn(globalThis.process.execPath, ["--input-type=module", "-e", program])
    )
    const said = await Promise.all(
      children.map(({ stdout }) => Promise.race([once(stdout, "data"), once(stdout, "end")]).then(String))
    )
    await Promise.all(
      children.map((child) => {
        const exited = once(child, "exit")
        child.kill("SIGKILL")
        return exited
      })
    )
    assert.strictEqual(said.filter((one) => one.trim() === "taken").length, 1)
  })
})
