import { spawnSync } from "node:child_process"
import { assert, it } from "@effect/vitest"

it("a process that used the real PostgreSQL ends with its own exit code", () => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)})
    const server = await startPostgres()
    await server.stop()
    process.exitCode = Number(process.argv[1])`
  for (const code of [0, 3]) {
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script, String(code)], { encoding: "utf8" })
    assert.strictEqual(ended.status, code, ended.stderr)
  }
})
