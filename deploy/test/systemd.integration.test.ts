/** The unit of systemd: its settings, its secrets, its rights. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { root } from "./image.ts"

const file = `${root}deploy/systemd/gitpip.service`
/** The directives of the unit in their order. A name can be there more than once. */
const directives = [...readFileSync(file, "utf8").matchAll(/^(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => ({
  name,
  value
}))
const valuesOf = (wanted: string) => directives.filter(({ name }) => name === wanted).map(({ value }) => value)

describe("deploy/systemd/gitpip.service", () => {
  it("the unit passes each secret by a credential, and sets only settings that exist", () => {
    const credentials = valuesOf("LoadCredential").map((value) => value.split(":"))
    for (const [name, path] of credentials) assert.strictEqual(path, `/etc/gitpip/${name}`)
    const variables = valuesOf("Environment").map((value) => value.split("=") as [string, string])
    const inFiles = variables.filter(([name]) => name.endsWith("_FILE"))
    assert.sameMembers(
      inFiles.map(([, path]) => path),
      credentials.map(([name]) => `%d/${name}`)
    )
    for (const [name] of variables) {
      if (name !== "NODE_ENV") assert.property(settings, name.replace(/_FILE$/, ""))
    }
    for (const name of ["GITHUB_TOKEN", "PIPEDRIVE_TOKEN", "GITPIP_API_KEY", "POSTGRES_CONNECTION_STRING"]) {
      assert.notInclude(readFileSync(file, "utf8"), `${name}=`)
      assert.include(readFileSync(file, "utf8"), `${name}_FILE=%d/`)
    }
  })

  it("systemd restarts Gitpip after a crash, and not when its settings cannot be used", () => {
    assert.deepStrictEqual(valuesOf("Restart"), ["always"])
    assert.deepStrictEqual(valuesOf("RestartPreventExitStatus"), ["2"])
    // Beyond the server's own 20 seconds.
    assert.isAbove(Number.parseInt(valuesOf("TimeoutStopSec")[0] ?? "", 10), 20)
  })

  it("the unit runs as a user of its own that can write its own directory alone, and lets Node.js compile", () => {
    for (const name of ["DynamicUser", "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectHome"])
      assert.deepStrictEqual(valuesOf(name), ["yes"], name)
    assert.deepStrictEqual(valuesOf("ProtectSystem"), ["strict"])
    assert.deepStrictEqual(valuesOf("StateDirectory"), ["gitpip"])
    assert.deepStrictEqual(valuesOf("ReadWritePaths"), [])
    assert.deepStrictEqual(valuesOf("CapabilityBoundingSet"), [""])
    assert.deepStrictEqual(valuesOf("MemoryDenyWriteExecute"), [])
  })

  const analyze = (...args: ReadonlyArray<string>) => spawnSync("systemd-analyze", args, { encoding: "utf8" })
  const isThere = analyze("--version").status === 0
  const checked = isThere ? "" : " (skipped: systemd-analyze is missing; apt-get install systemd brings it)"

  it.skipIf(!isThere)(
    `systemd accepts the unit without a warning, and rates its exposure below 2 of 10${checked}`,
    () => {
      const verified = analyze("verify", file)
      assert.deepStrictEqual([verified.status, verified.stderr], [0, ""])
      const { status, stderr, stdout } = analyze("security", "--offline=true", "--no-pager", "--threshold=20", file)
      assert.strictEqual(status, 0, stdout + stderr)
    }
  )
})
