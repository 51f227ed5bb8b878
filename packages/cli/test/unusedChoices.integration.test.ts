/** What commands say about a chosen deal or person that does not count under the settings. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { done, start } from "./inProcess.ts"
import { freePort, TheWorld, withEnv } from "./process.ts"

const onDeal = "The chosen deal does not count with GITPIP_PUBLISH_AS=deal, but with `activity`"
const onPerson = "The chosen person does not count with GITPIP_PERSON=off, but with `create` or `link`"
const unfit = { GITPIP_PUBLISH_AS: "deal", GITPIP_PERSON: "off" }

const times = (text: string, part: string) => text.split(part).length - 1

layer(TheWorld.layer, { excludeTestServices: true })("a choice that does not count", (it) => {
  it.effect("is named by track, by users, and by doctor with the number of users", () =>
    Effect.gen(function* () {
      const fit = yield* TheWorld
      const world = withEnv(fit, unfit)
      const [deal, person] = [fit.pipedrive.addDeal({ title: "Big" }), fit.pipedrive.addPerson({ name: "Ann" })]
      const one = yield* done(world, "track", "ann", "--deal", `${deal}`, "--person", `${person}`)
      assert.include(one.stderr, `${onDeal}.\n${onPerson}.\n`)
      const again = yield* done(world, "track", "ann", "--deal", "default", "--person", `${person}`)
      assert.deepStrictEqual([times(again.stderr, onDeal), times(again.stderr, onPerson)], [0, 1])

      const list = join(world.cwd, "users.csv")
      yield* Effect.promise(() => writeFile(list, `username,deal\nbob,${deal}\ncy,${deal}\n`))
      const many = yield* done(world, "track", "--from", list, "--json")
      assert.strictEqual(times(many.stderr, onDeal), 1)
      assert.deepStrictEqual(
        many.json.map(({ unused }: { unused: unknown }) => unused),
        [[onDeal], [onDeal]]
      )

      assert.include((yield* done(world, "users", "bob")).stdout, onDeal)
      const doctor = yield* done(world, "doctor", "--json")
      assert.deepStrictEqual(doctor.json[1].message.split("\n").slice(1), [
        `${onDeal} (2 users)`,
        `${onPerson} (1 user)`
      ])

      assert.notInclude((yield* done(fit, "users", "bob")).stdout, "does not count")
      assert.notInclude((yield* done(fit, "doctor")).stdout, "does not count")
      assert.notInclude((yield* done(fit, "track", "bob", "--deal", `${deal}`)).stderr, "does not count")
    })
  )

  it.effect("is named by the settings of the server", () =>
    Effect.gen(function* () {
      const world = yield* TheWorld
      const port = `${yield* freePort}`
      const server = yield* start(withEnv(world, { ...unfit, GITPIP_PORT: port }), "serve", "--json")
      yield* server.says("http.listening")
      const caller = withEnv(world, { GITPIP_URL: `http://127.0.0.1:${port}` })
      const deal = world.pipedrive.addDeal({ title: "Bigger" })
      const tracked = yield* done(caller, "track", "dee", "--deal", `${deal}`)
      assert.include(tracked.stderr, `${onDeal}.\n`)
      assert.include((yield* done(caller, "users", "dee")).stdout, onDeal)
      yield* server.stop
    })
  )
})
