import { readdir } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { FakeGithub } from "@gitpip/core/testing"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { directory, start } from "./process.ts"

/** An environment that a demo must not read: with it, the demo would call the fake, and write here. */
const real = Effect.gen(function* () {
  const github = yield* FakeGithub.make()
  const env = {
    GITHUB_TOKEN: "hush-real-secret",
    GITHUB_API_URL: github.url.href,
    PIPEDRIVE_TOKEN: "hush-real-secret",
    PIPEDRIVE_API_URL: github.url.href,
    POSTGRES_CONNECTION_STRING: "postgres://me:hunter2@127.0.0.1:1/none",
    GITPIP_PORT: "not a port",
    GITPIP_API_KEY: "hush-real-secret"
  }
  return { github, cwd: yield* directory, env }
})

describe("demo", () => {
  it.live("gives the tour, checks its claims, serves until Ctrl-C, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const environment = yield* real
      const demo = yield* start(environment, "demo", "--port", "0")
      yield* demo.says(/The page: http:\/\/127\.0\.0\.1:\d+\/$/m)
      yield* demo.says(/curl http:\/\/127\.0\.0\.1:\d+\/health/)
      yield* demo.signal("SIGINT")
      const { code, stderr, stdout } = yield* demo.ended
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stderr, "")
      assert.match(stdout, /All \d+ claims were checked and held\.$/m)
      assert.notInclude(stdout, "NOT TRUE")
      for (const text of [
        "✓ The page answers, with its style sheet and its program",
        "nobody-here",
        "of 250",
        "&lt;script&gt;",
        "gist-machine  245 activities",
        "The second visit is empty",
        "a restart repeats nothing"
      ]) {
        assert.include(stdout, text)
      }
      assert.strictEqual(environment.github.count(), 0)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(environment.cwd)), [])
    })
  )

  it.live("--exit ends after the tour, and --json answers with the claims", () =>
    Effect.gen(function* () {
      const environment = yield* real
      const { json, stderr } = yield* done(environment, "demo", "--exit", "--json", "--port", "0")
      assert.isAbove(json.length, 10)
      for (const { claim, holds } of json) assert.isTrue(holds, claim)
      assert.notInclude(stderr, "The page:")
      assert.strictEqual(environment.github.count(), 0)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(environment.cwd)), [])
    })
  )

  it.live("says when the port is taken, and which other one to take", () =>
    Effect.gen(function* () {
      const environment = yield* real
      const port = Number(environment.github.url.port)
      const { code, stderr, stdout } = yield* run(environment, "demo", "--exit", "--port", String(port))
      assert.strictEqual(code, 1)
      assert.include(stderr, `port ${port}`)
      assert.match(stderr, /gitpip demo --port \d+/)
      assert.notInclude(stdout, "Starting an empty database")
    })
  )
})
