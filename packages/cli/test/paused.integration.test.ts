/** The database keeps the reason of a pause, so that the next command can say why files wait. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { TheWorld } from "./process.ts"

layer(TheWorld.layer, { excludeTestServices: true })("after a scan with a refused token", (it) => {
  it.effect("status and retry say that the token is refused, until it is accepted", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const { github, pipedrive } = world
      github.addUser("ann")
      github.addGist("ann", { files: { "a.txt": "1" } })
      yield* done(world, "track", "ann")
      pipedrive.injectFault(
        { kind: "status", status: 401, body: { success: false, error: "unauthorized access" } },
        { times: Number.POSITIVE_INFINITY }
      )
      assert.match((yield* run(world, "scan")).stderr, /Pipedrive refuses the token/)

      const status = yield* done(world, "status")
      assert.match(status.stdout, /publishing +paused: Pipedrive refuses the token.* \(since .*, until .*\)/)
      const { publishing } = (yield* done(world, "status", "--json")).json
      assert.strictEqual(publishing.state, "paused")
      assert.isString(publishing.since)
      const waits = /Publishing is paused \(since .*\), and 1 publication waits: Pipedrive refuses the token/
      for (const command of [["retry"], ["retry", "--all"]]) {
        assert.match((yield* done(world, ...command)).stderr, waits)
      }

      pipedrive.clearFaults()
      assert.match((yield* done(world, "scan")).stdout, /1 file published/)
      assert.match((yield* done(world, "status")).stdout, /publishing +on/)
      assert.notInclude((yield* done(world, "retry")).stderr, "paused")
    })
  )
})
