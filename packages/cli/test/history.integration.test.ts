import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { makeWorld } from "./process.ts"

describe("history", () => {
  it.live("names the deals of which a person has to choose one, once for all files that wait", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a", "b.txt": "b" } })
      const [one, other] = ["ann", "Ann"].map((title) => world.pipedrive.addDeal({ title }))
      yield* done(world, "track", "ann")
      yield* run(world, "scan")
      const reason = `Pipedrive has 2 open deals that may be ann's: "ann" (${one}), "Ann" (${other}). Close, merge or rename all but one, or name one by \`gitpip track ann --deal ID\`; the files are sent then`
      const { stdout } = yield* done(world, "history", "ann")
      assert.include(stdout, `PUBLICATION  REASON\n2, 1         ${reason}\n`)
      const { json } = yield* done(world, "history", "ann", "--json")
      assert.deepStrictEqual(
        json.map((file: { publication_message: string | null }) => file.publication_message),
        [reason, reason]
      )
    })
  )

  it.live("shows no reasons when all files are published", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      yield* done(world, "track", "ann")
      yield* run(world, "scan")
      assert.notInclude((yield* done(world, "history", "ann")).stdout, "REASON")
    })
  )
})
