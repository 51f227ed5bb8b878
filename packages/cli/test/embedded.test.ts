import { readdir } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, freePort, makeWorld, run, start, withEnv, without } from "./process.ts"

describe("the embedded database", () => {
  it.live(
    "remembers between commands, and belongs to one process at a time",
    () =>
      Effect.gen(function* () {
        const world = withEnv(without(yield* makeWorld(), "POSTGRES_CONNECTION_STRING"), {
          GITPIP_DATA_DIR: "data",
          GITPIP_PORT: String(yield* freePort)
        })
        world.github.addUser("ann")
        world.github.addGist("ann", { files: { "a.txt": "a" } })
        assert.strictEqual((yield* done(world, "track", "ann")).stdout, "Tracking ann (id 1)\n")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(world.cwd)), ["data"])
        assert.include((yield* done(world, "doctor")).stdout, "embedded in data")
        assert.match((yield* done(world, "scan")).stdout, /1 file published/)

        const server = yield* start(world, "serve")
        yield* server.says("http.listening")
        const refused = yield* run(world, "latest", "ann")
        assert.strictEqual(refused.code, 1)
        assert.match(
          refused.stderr,
          /data is in use by process \d+\. Stop it, talk to it over HTTP, or set GITPIP_DATA_DIR/
        )
        assert.strictEqual(refused.stdout, "")
        const doctor = yield* run(world, "doctor")
        assert.strictEqual(doctor.code, 1)
        assert.match(doctor.stdout, /^failed +database +.*in use by process/m)
        yield* server.signal("SIGTERM")
        assert.strictEqual((yield* server.ended).code, 0)

        const visit = yield* done(world, "latest", "ann", "--json")
        assert.strictEqual(visit.json.files.length, 1)
        assert.strictEqual(world.pipedrive.activities.length, 1)
      }),
    60_000
  )
})
