import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Here from "./inProcess.ts"
import { done, run } from "./inProcess.ts"
import { freePort, linesOf, makeWorld, start, withEnv } from "./process.ts"

const ask = (port: number, path: string) =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  })

describe("serve", () => {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it.live(`scans and publishes by itself, logs to stdout, and ends with 0 on ${signal}`, () =>
      Effect.gen(function* () {
        const made = yield* makeWorld()
        const port = yield* freePort
        const world = withEnv(made, { GITPIP_PORT: String(port) })
        world.github.addUser("ann")
        world.github.addGist("ann", { files: { "a.txt": "a" } })
        yield* done(world, "track", "ann")
        const server = yield* start(world, "serve", "--json")
        yield* server.says("http.listening")
        yield* world.pipedrive.seen(1, ({ method, route }) => method === "POST" && route === "/api/v2/activities")
        yield* server.says("publication.published")
        assert.deepStrictEqual(yield* ask(port, "/health"), { status: 200, text: "Alive" })
        assert.include((yield* ask(port, "/users")).text, '"ann"')
        yield* server.signal(signal)
        const ended = yield* server.ended
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.strictEqual(ended.stderr, "")
        const lines = linesOf(ended)
        const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
        const { host, pathname } = new URL(world.env.POSTGRES_CONNECTION_STRING ?? "")
        assert.deepInclude(lines[0], {
          message: "server.starting",
          annotations: { version, database: `PostgreSQL at ${host}${pathname}` }
        })
        assert.strictEqual(lines.at(-1).message, "server.stopped")
      })
    )
  }

  it.live("says when the port is taken, or when other machines could reach the server without a key", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const taken = yield* run(withEnv(world, { GITPIP_PORT: world.github.url.port }), "serve")
      assert.strictEqual(taken.code, 1)
      assert.include(taken.stderr, "choose another GITPIP_PORT")
      const open = yield* run(withEnv(world, { GITPIP_HOST: "0.0.0.0" }), "serve")
      assert.strictEqual(open.code, 2)
      assert.include(open.stderr, "GITPIP_API_KEY")
    })
  )

  it.live("logs why it does not start, before it stops", () =>
    Effect.gen(function* () {
      const made = yield* makeWorld()
      const nowhere = `127.0.0.1:${yield* freePort}`
      const world = withEnv(made, {
        GITPIP_PORT: String(yield* freePort),
        POSTGRES_CONNECTION_STRING: `postgres://me:hush-password@${nowhere}/none`
      })
      const ended = yield* run(world, "serve", "--json")
      assert.strictEqual(ended.code, 1)
      const lines = linesOf(ended)
      assert.deepStrictEqual(
        lines.map(({ message }) => message),
        ["server.starting", "server.failed", "server.stopped"]
      )
      assert.strictEqual(lines[1].level, "ERROR")
      assert.match(lines[1].annotations.detail, /^The database cannot be reached\. Check POSTGRES_CONNECTION_STRING/)
      assert.notInclude(ended.stdout, "hush-password")
    })
  )

  it.live("does not open the database when it must not listen", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), { POSTGRES_CONNECTION_STRING: "postgres://127.0.0.1:9/none" })
      const { code, stderr, stdout } = yield* run(world, "serve", "--host", "0.0.0.0")
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "GITPIP_API_KEY")
      assert.include(stderr, "--host 127.0.0.1")
    })
  )

  it.live("listens where its flags say, whatever the environment says", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), { GITPIP_HOST: "0.0.0.0", GITPIP_PORT: "not a port" })
      const port = yield* freePort
      const server = yield* Here.start(world, "serve", "--host", "127.0.0.1", "--port", String(port), "--json")
      yield* server.says(`http://127.0.0.1:${port}`)
      assert.deepStrictEqual(yield* ask(port, "/health"), { status: 200, text: "Alive" })
      yield* server.stop
      const open = yield* run(world, "serve", "--port", "0")
      assert.strictEqual(open.code, 2)
      assert.include(open.stderr, "GITPIP_API_KEY")
    })
  )

  it.live("refuses flags that cannot work, all at once", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* run(yield* makeWorld(), "serve", "--host", "", "--port", "65536")
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, /--host "": an address to listen on/)
      assert.match(stderr, /--port "65536": a port is a whole number from 0 to 65535/)
    })
  )

  it.live("says when the database cannot be reached, and not what its password is", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), {
        POSTGRES_CONNECTION_STRING: "postgres://me:hunter2@127.0.0.1:1/none"
      })
      for (const command of ["serve", "users"]) {
        const { code, stderr, stdout } = yield* run(world, command)
        assert.strictEqual(code, 1)
        assert.match(stderr, /The database cannot be .*ECONNREFUSED/)
        assert.include(stderr, "gitpip doctor")
        assert.notInclude(stderr + stdout, "hunter2")
      }
    })
  )
})
