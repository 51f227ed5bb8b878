import { existsSync } from "node:fs"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { freePort, makeWorld, start, withEnv, without } from "./process.ts"

const key = "hush-embedded-key"

describe("the embedded database", () => {
  it.live("remembers between commands, and belongs to one process at a time", () =>
    Effect.gen(function* () {
      const made = yield* makeWorld()
      const port = yield* freePort
      const world = withEnv(without(made, "POSTGRES_CONNECTION_STRING"), {
        GITPIP_DATA_DIR: "data",
        GITPIP_API_KEY: key,
        GITPIP_PORT: String(port)
      })
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      assert.strictEqual((yield* done(world, "track", "ann")).stdout, "Tracking ann (id 1)\n")
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(world.cwd)), ["data"])
      assert.match((yield* done(world, "scan")).stdout, /1 file published/)

      // The other process.
      const server = yield* start(world, "serve")
      yield* server.says("http.listening")
      // Commands ask the server that has the directory; what opens the database itself is refused.
      const addressFile = join(world.cwd, "data", "server.json")
      const { mode } = yield* Effect.promise(() => stat(addressFile))
      assert.strictEqual(mode & 0o777, 0o600)
      assert.notInclude(yield* Effect.promise(() => readFile(addressFile, "utf8")), key)
      const asked = yield* done(world, "users", "--json")
      assert.include(asked.stderr, `(asked the running server at http://127.0.0.1:${port})`)
      assert.strictEqual(asked.json[0].login, "ann")
      const tracked = yield* done(world, "track", "bob")
      assert.include(tracked.stderr, "The server checks new users within seconds.")
      assert.notInclude(tracked.stderr, "gitpip scan")
      const refused = yield* run(world, "migrate")
      assert.strictEqual(refused.code, 1)
      assert.match(
        refused.stderr,
        /data is in use by process \d+, the server at http:\S+:\d+\. Stop that server first\n$/
      )
      assert.strictEqual(refused.stdout, "")
      const doctor = yield* done(world, "doctor")
      assert.match(doctor.stdout, /^ok +database +embedded in \S+\/data; the server at http:\S+ has it, and answers/m)
      const visit = yield* done(world, "latest", "ann", "--json")
      assert.strictEqual(visit.json.files.length, 1)
      assert.strictEqual(world.pipedrive.activities.length, 1)
      yield* server.signal("SIGTERM")
      assert.strictEqual((yield* server.ended).code, 0)
      assert.isFalse(existsSync(addressFile))
    })
  )

  it.live.skipIf(process.platform !== "linux")("an existing embedded database is opened within 350 MB of memory", () =>
    Effect.gen(function* () {
      const world = withEnv(without(yield* makeWorld(), "POSTGRES_CONNECTION_STRING"), {
        GITPIP_DATA_DIR: "data",
        GITPIP_PORT: "0"
      })
      yield* done(world, "users")
      const server = yield* start(world, "serve")
      yield* server.says("http.listening")
      const { pid } = JSON.parse(yield* Effect.promise(() => readFile(join(world.cwd, "data", "server.json"), "utf8")))
      const status = yield* Effect.promise(() => readFile(`/proc/${pid}/status`, "utf8"))
      const highest = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_000
      assert.isAbove(highest, 100)
      assert.isBelow(highest, 350)
      yield* server.signal("SIGTERM")
      assert.strictEqual((yield* server.ended).code, 0)
    })
  )
})
