import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { directory, makeWorld, run, start, withEnv } from "./process.ts"

const write = (path: string, text: string | Buffer) => Effect.promise(() => writeFile(path, text))

describe("settings in a file", () => {
  it.live("reach the server, which ends with 0 on a signal, wherever the flag stands", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const lines = Object.entries(world.env).map(([name, value]) => `${name}='${value}'`)
      yield* write(join(world.cwd, "a.env"), `# Settings\n\n${lines.join("\n")}\nGITPIP_PORT=none\n`)
      const server = yield* start({ ...world, env: {} }, "--settings", "a.env", "serve", "--port", "0")
      yield* server.says("http.listening")
      yield* server.signal("SIGTERM")
      const { code, stderr } = yield* server.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
    })
  )

  it.live("come after the environment, and a later file before an earlier one", () =>
    Effect.gen(function* () {
      const world = withEnv({ cwd: yield* directory, env: {} }, { GITPIP_PORT: "environment" })
      yield* write(join(world.cwd, "a.env"), "GITPIP_PORT=9000\nGITPIP_FEED=a\nGITPIP_BACKFILL=a\n")
      yield* write(join(world.cwd, "b.env"), "GITPIP_FEED=true\n")
      const { code, stderr } = yield* run(world, "status", "--settings", "a.env", "--settings=b.env")
      assert.strictEqual(code, 2)
      assert.deepStrictEqual(
        [...stderr.matchAll(/- (\w+):/g)].map(([, name]) => name),
        ["GITPIP_PORT", "GITPIP_BACKFILL"]
      )
    })
  )

  it.live("that are secrets are masked when a command crashes", () =>
    Effect.gen(function* () {
      const cwd = yield* directory
      yield* write(join(cwd, "a.env"), "GITHUB_TOKEN=hush-github-token\nGITPIP_DATA_DIR=data\n")
      const crash = `setTimeout(() => { throw new Error("broken by hush-github-token") }, 0)`
      const agent = JSON.stringify(import.meta.resolve("@effect/platform-node/Undici"))
      yield* write(
        join(cwd, "crash.mjs"),
        `import { Agent } from ${agent}\nAgent.prototype.dispatch = () => { ${crash}; return true }\n`
      )
      const env = { NODE_OPTIONS: `--import=${join(cwd, "crash.mjs")}` }
      const { code, stderr } = yield* Effect.scoped(
        Effect.flatMap(start({ cwd, env }, "doctor", "--settings", "a.env"), ({ ended }) => ended)
      )
      assert.strictEqual(code, 1)
      assert.include(stderr, "broken by ‹secret›")
    })
  )

  it.live("that cannot be read end the command with 2 and say what to do", () =>
    Effect.gen(function* () {
      const here = { cwd: yield* directory, env: {} }
      const cases = [
        ["none.env", '--settings "none.env": does not exist. Correct the path\n'],
        ["latin.env", '--settings "latin.env": is not text in UTF-8. Save it in UTF-8\n'],
        ["stray.env", '--settings "stray.env": line 1 has no `=`. Write NAME=value, or begin a remark with #\n'],
        [".", '--settings ".": is a directory. Give the path of a file\n']
      ] as const
      yield* write(join(here.cwd, "latin.env"), Buffer.from("GITPIP_ACTIVITY_TYPE=caf\xe9\n", "latin1"))
      yield* write(join(here.cwd, "stray.env"), "GITHUB_TOKEN hush-github-token\n")
      for (const [file, says] of cases) {
        const { code, stderr, stdout } = yield* run(here, "users", "--settings", file)
        assert.deepStrictEqual([code, stderr, stdout], [2, says, ""])
      }
      const { code, stderr } = yield* run(here, "users", "--settings")
      assert.strictEqual(code, 2)
      assert.include(stderr, "Missing value for flag --settings")
    })
  )
})
