/** The single executable, in an empty directory of a machine without Node.js. */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { root } from "./image.ts"
import { makeWorld, start } from "./server.ts"

const cwd = mkdtempSync(join(tmpdir(), "gitpip-binary-"))

/** Runs a command of the executable to its end. */
const run = Effect.fnUntraced(function* (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) {
  const { ended } = yield* start([join(cwd, "gitpip"), ...args], { cwd, env: { PATH: "", ...env } })
  const { code, stderr, stdout } = yield* ended
  assert.strictEqual(code, 0, `gitpip ${args.join(" ")}: ${stdout}${stderr}`)
  return stdout
})

describe.skipIf(process.platform === "win32")("the single executable", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [`${root}packages/cli/binary/build.ts`])
    copyFileSync(`${root}dist/gitpip`, join(cwd, "gitpip"))
  })
  afterAll(() => rmSync(cwd, { recursive: true, force: true }))

  it.live("the single executable prints its version, help and completions, and writes nothing", () =>
    Effect.gen(function* () {
      const { version } = JSON.parse(readFileSync(`${root}packages/cli/package.json`, "utf8"))
      assert.strictEqual(yield* run({}, "--version"), `gitpip v${version}\n`)
      assert.include(yield* run({}, "--help"), "gitpip <subcommand>")
      assert.include(yield* run({}, "track", "--help"), "--dry-run")
      assert.include(yield* run({}, "--completions", "bash"), "untrack")
      assert.deepStrictEqual(readdirSync(cwd), ["gitpip"])
    })
  )

  it.live("the single executable shows the demo with all its claims, from an embedded database in memory", () =>
    Effect.gen(function* () {
      assert.match(yield* run({}, "demo", "--exit", "--port", "0"), /All \d+ claims were checked and held\.$/m)
      assert.deepStrictEqual(readdirSync(cwd), ["gitpip"])
    })
  )

  it.live(
    "the single executable tracks, scans, publishes and serves the page on an embedded database in a directory",
    () =>
      Effect.gen(function* () {
        const { github, pipedrive, env } = yield* makeWorld
        const { POSTGRES_CONNECTION_STRING: _database, GITPIP_API_KEY: _key, ...embedded } = env
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "a" } })
        yield* run(embedded, "track", "ann")
        yield* run(embedded, "scan")
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.include(yield* run(embedded, "doctor"), "embedded in .gitpip, opens and is migrated")

        const server = yield* start([join(cwd, "gitpip"), "serve"], { cwd, env: { PATH: "", ...embedded } })
        yield* server.says("http.listening")
        const ask = (path: string) =>
          Effect.promise(() => fetch(`http://127.0.0.1:${env.GITPIP_PORT}${path}`).then((answer) => answer.text()))
        assert.strictEqual(yield* ask("/health"), "Alive")
        const page = yield* ask("/")
        const parts = [...page.matchAll(/"\.(\/assets\/[^"]+\/([\w.-]+))"/g)].map(([, path = "", name = ""]) => ({
          name,
          path
        }))
        assert.includeMembers(
          parts.map(({ name }) => name),
          ["page.css", "main.js", "preact.js"]
        )
        for (const { path } of parts) assert.isNotEmpty(yield* ask(path))
        assert.include(yield* ask("/docs"), "Gitpip")
        yield* server.kill("SIGTERM")
        const { code, stderr } = yield* server.ended
        assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
      })
  )
})
