/** Each example runs as its header says, against the fakes and a database of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { FakeGithub, FakePipedrive } from "@gitpip/core/testing"
import { Effect } from "effect"
import { fill } from "../../packages/core/test/database.ts"

const examples = fileURLToPath(new URL("../", import.meta.url))

const world = Effect.gen(function* () {
  const github = yield* FakeGithub.make({ token: "t" })
  const pipedrive = yield* FakePipedrive.make({ burst: false })
  github.addUser("octocat")
  github.addGist("octocat", { files: { "hello.rb": "puts 1", "notes.md": "# notes" } })
  const directory = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "gitpip-example-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const data = join(directory, "data")
  yield* Effect.promise(() => mkdir(data))
  yield* fill(data)
  const env = {
    PATH: process.env.PATH,
    GITHUB_API_URL: github.url.origin,
    GITHUB_TOKEN: "t",
    PIPEDRIVE_API_URL: pipedrive.url.origin,
    PIPEDRIVE_TOKEN: pipedrive.token,
    GITPIP_DATA_DIR: data,
    FEED_FILE: join(directory, "feed.jsonl"),
    PORT: "0"
  }
  const start = (file: string, ...args: ReadonlyArray<string>) =>
    spawn(process.execPath, [join(examples, file), ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
  const run = (file: string, ...args: ReadonlyArray<string>) => Effect.promise(() => finish(start(file, ...args)))
  return { pipedrive, directory, env, start, run }
})

const finish = (child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    let stdout = ""
    let stderr = ""
    child.stdout?.on("data", (chunk) => (stdout += chunk))
    child.stderr?.on("data", (chunk) => (stderr += chunk))
    child.once("close", (code) => resolve({ code, stdout, stderr }))
  })

describe("examples", () => {
  it.live("01: a digest inside an Effect program", () =>
    Effect.gen(function* () {
      const { pipedrive, run } = yield* world
      const first = yield* run("01-inside-an-effect-program.ts", "octocat")
      assert.strictEqual(first.code, 0, first.stderr)
      assert.include(first.stdout, "1 users, 2 new files, 2 published")
      assert.include(first.stdout, "octocat: hello.rb https://gist.github.com/octocat/")
      const second = yield* run("01-inside-an-effect-program.ts", "octocat")
      assert.strictEqual(second.stdout.trim(), "1 users, 0 new files, 0 published")
      assert.strictEqual(pipedrive.activities.length, 2)
    })
  )

  it.live("02: mounted in a Hono server", () =>
    Effect.gen(function* () {
      const { pipedrive, start } = yield* world
      const child = start("02-mounted-in-hono.ts")
      const ended = finish(child)
      const url = yield* Effect.promise(
        () =>
          new Promise<string>((resolve, reject) => {
            let out = ""
            child.stdout?.on("data", (chunk) => {
              out += chunk
              const match = /listening on (\S+)/.exec(out)
              if (match?.[1] !== undefined) resolve(match[1])
            })
            child.once("close", () => reject(new Error(`ended early: ${out}`)))
          })
      )
      const call = (method: string, path: string) => Effect.promise(() => fetch(url + path, { method }))
      assert.match(yield* Effect.promise(async () => (await fetch(url)).text()), /own page/)
      assert.strictEqual((yield* call("POST", "/gitpip/users/octocat/7")).status, 201)
      assert.strictEqual((yield* call("POST", "/gitpip/scans?username=octocat")).status, 202)
      yield* pipedrive.seen(2, ({ method, route }) => method === "POST" && route === "/api/v2/activities")
      const latest = yield* Effect.promise(async () =>
        (await fetch(`${url}/gitpip/latestgists/octocat`, { method: "POST" })).json()
      )
      assert.strictEqual((latest as ReadonlyArray<unknown>).length, 2)
      child.kill("SIGTERM")
      const { code, stderr } = yield* Effect.promise(() => ended)
      assert.strictEqual(code, 0, stderr)
    })
  )

  it.live("03: promises", () =>
    Effect.gen(function* () {
      const { run } = yield* world
      const { code, stderr, stdout } = yield* run("03-promises.ts", "octocat")
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "hello.rb: published")
      assert.include(stdout, "2 new files of octocat")
    })
  )

  it.live("04: another sink", () =>
    Effect.gen(function* () {
      const { env, pipedrive, run } = yield* world
      const { code, stderr, stdout } = yield* run("04-another-sink.ts", "octocat")
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "2 files of octocat written to")
      const lines = (yield* Effect.promise(() => readFile(env.FEED_FILE, "utf8"))).trim().split("\n")
      assert.sameMembers(
        lines.map((line) => (JSON.parse(line) as { file: string }).file),
        ["hello.rb", "notes.md"]
      )
      assert.strictEqual(pipedrive.requests.length, 0)
    })
  )
})
