/** Each command once as a process, with its exit code. Everything else about commands is tested in-process. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdir } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { freshUrl } from "../../core/test/database.ts"
import { gitpip } from "../src/Cli.ts"
import { bin, done, makeWorld, run, withEnv } from "./process.ts"

const commands = gitpip.subcommands.flatMap((group) => group.commands.map(({ name }) => name))

/** These commands run until they are stopped, and have their own test files. */
const elsewhere = ["serve", "demo"]

describe("as a process", () => {
  it.live("each command answers with JSON and ends with 0", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const empty = withEnv(world, { POSTGRES_CONNECTION_STRING: Redacted.value(yield* freshUrl) })
      const { PIPEDRIVE_API_URL: _, PIPEDRIVE_TOKEN: __, ...env } = world.env
      const off = { ...world, env }
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      const tour = [
        [world, "track", "ann"],
        [off, "scan"],
        [off, "skip", "1"],
        [world, "users"],
        [world, "latest", "ann"],
        [world, "history", "ann"],
        [world, "status"],
        [world, "retry", "1"],
        [world, "doctor"],
        [world, "migrate"],
        [world, "untrack", "ann"],
        [world, "export", "state.jsonl"],
        [world, "forget", "ann", "--yes"],
        [empty, "import", "state.jsonl"]
      ] as const
      assert.sameMembers(
        tour.map(([, command]) => command),
        commands.filter((command) => !elsewhere.includes(command))
      )
      for (const [environment, ...args] of tour) {
        const { json } = yield* done(environment, ...args, "--json")
        assert.isTrue(typeof json === "object" && json !== null, args.join(" "))
      }
      assert.strictEqual(world.pipedrive.activities.length, 1)
    })
  )

  it.live("a failure ends with 1, wrong usage and wrong settings end with 2, and nothing is touched", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const codeOf = (environment: typeof world, ...args: ReadonlyArray<string>) =>
        Effect.map(run(environment, ...args), ({ code, stderr, stdout }) => {
          assert.strictEqual(stdout, "")
          assert.isNotEmpty(stderr)
          return code
        })
      assert.strictEqual(yield* codeOf(world, "untrack", "ann"), 1)
      assert.strictEqual(yield* codeOf(world, "track", "a b"), 2)
      const wrong = { GITPIP_PORT: "99999", POSTGRES_CONNECTION_STRING: "mysql://me:hunter2@host/db" }
      assert.strictEqual(yield* codeOf(withEnv(world, wrong), "users"), 2)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(world.cwd)), [])
    })
  )

  it.live("a server ends with 0 and says nothing when the reader of its log has gone", () =>
    Effect.gen(function* () {
      const { cwd, env } = withEnv(yield* makeWorld(), { GITPIP_PORT: "0" })
      const ended = yield* Effect.promise(async () => {
        const child = spawn(process.execPath, [bin, "serve"], { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
        child.stdout.destroy()
        let stderr = ""
        child.stderr.on("data", (text) => {
          stderr += text
        })
        const [code] = await once(child, "close")
        return { code, stderr }
      })
      assert.deepStrictEqual(ended, { code: 0, stderr: "" })
    })
  )
})
