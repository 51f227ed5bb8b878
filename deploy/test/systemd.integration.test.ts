/** The unit of systemd: its settings, its secrets, its rights. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { settings } from "@gitpip/core"
import { Effect } from "effect"
import { fill } from "../../packages/core/test/database.ts"
import { root } from "./image.ts"
import { makeWorld, start, work } from "./server.ts"

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

  it.live(
    "the server works as the unit starts it, with its secrets in files and its database in its own directory",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "gitpip-systemd-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
        )
        const state = join(folder, valuesOf("StateDirectory")[0] ?? "")
        // A migrated database, since migrating one takes long.
        yield* fill(join(state, "database"))
        const expand = (value: string) => value.replace("%d", folder).replace("%S", folder)
        const own = Object.fromEntries(valuesOf("Environment").map((value) => expand(value).split("=")))
        const secrets = Object.entries(world.env).filter(([name]) => `${name}_FILE` in own)
        assert.lengthOf(secrets, 3)
        for (const [name, secret] of secrets) writeFileSync(own[`${name}_FILE`], `${secret}\n`)
        const { GITHUB_API_URL, GITPIP_PORT, PIPEDRIVE_API_URL } = world.env
        const PATH = `${root}node_modules/.bin:/usr/bin:/bin`
        const server = yield* start(valuesOf("ExecStart")[0]?.split(" ") ?? [], {
          cwd: expand(valuesOf("WorkingDirectory")[0] ?? ""),
          env: { PATH, ...own, GITHUB_API_URL, GITPIP_PORT, PIPEDRIVE_API_URL }
        })
        yield* server.says("http.listening")
        yield* work(world)
        assert.deepStrictEqual(readdirSync(state), ["database"])
        yield* server.kill("SIGTERM")
        const { code, stderr, stdout } = yield* server.ended
        assert.deepStrictEqual([code, stderr], [0, ""], stdout)
      })
  )

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
