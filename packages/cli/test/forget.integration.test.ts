/** `gitpip forget`, and `gitpip users USERNAME`, which shows what is there to be erased. */
import { assert, layer } from "@effect/vitest"
import { Forgotten, UserDetails } from "@gitpip/core"
import { Effect, Schema } from "effect"
import { done, run } from "./inProcess.ts"
import { TheWorld } from "./process.ts"

layer(TheWorld.layer, { excludeTestServices: true })("commands about one person", (it) => {
  it.effect("forget erases a user only with --yes, and names what stands in Pipedrive", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      world.github.addUser("mona")
      world.github.setProfile("mona", { name: "Mona Lisa" })
      world.github.addGist("mona", { files: { "one.md": "1", "two.md": "2" } })
      yield* done(world, "track", "mona")
      yield* done(world, "scan")

      const shown = yield* done(world, "users", "MONA")
      assert.match(shown.stdout, /user +mona \(id 1\)/)
      assert.match(shown.stdout, /name +Mona Lisa/)
      assert.match(shown.stdout, /files +2 files, 2 published, 0 failed/)
      const details = yield* done(world, "users", "mona", "--json")
      yield* Schema.decodeUnknownEffect(UserDetails)(details.json)

      const unasked = yield* run(world, "forget", "mona")
      assert.strictEqual(unasked.code, 2)
      assert.include(unasked.stderr, "Give --yes")
      assert.strictEqual((yield* done(world, "users", "--json")).json.length, 1)

      yield* done(world, "untrack", "mona")
      for (const command of ["users", "history"]) {
        const stored = yield* run(world, command, "mona")
        assert.strictEqual(stored.code, 1)
        assert.include(stored.stderr, "mona is no longer tracked, and what was stored stays. `gitpip export` writes it")
        assert.include((yield* run(world, command, "lisa")).stderr, "lisa is not tracked. Track it first")
      }

      const { json } = yield* done(world, "forget", "mona", "--yes", "--json")
      yield* Schema.decodeUnknownEffect(Forgotten)(json)
      assert.deepStrictEqual([json.login, json.files, json.hashes], ["mona", 2, 2])
      assert.lengthOf(json.activities, 2)
      assert.deepStrictEqual((yield* done(world, "users", "--json")).json, [])

      const again = yield* run(world, "forget", "mona", "--yes")
      assert.strictEqual(again.code, 1)
      assert.include(again.stderr, "Nothing is stored about mona")
    })
  )
})
