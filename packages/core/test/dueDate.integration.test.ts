/** An activity is due on the day that it is where Pipedrive's user works. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../src/Gitpip.ts"
import { layerPostgres } from "./database.ts"
import { inWorld, name } from "./world.ts"

const isQuestion = ({ route }: { readonly route: string | undefined }) => route === "/api/v1/users/me"

describe("the due date", () => {
  for (const [timeZone, time, day] of [
    ["Asia/Tokyo", "22 hours", "1970-01-02"],
    ["America/Los_Angeles", "2 hours", "1969-12-31"]
  ] as const) {
    it.effect(`is ${day} in ${timeZone} ${time} after 1970 began by UTC, and the zone is asked for once a day`, () =>
      inWorld(layerPostgres, { pipedrive: { timeZone } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust(time)
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          for (const file of ["a.md", "b.md"]) {
            github.addGist("ann", { files: { [file]: "" } })
            yield* gitpip.scan()
            yield* gitpip.publish
          }
          assert.deepStrictEqual(
            pipedrive.activities.map(({ due_date }) => due_date),
            [day, day]
          )
          assert.strictEqual(pipedrive.count("GET", "/api/v1/users/me"), 1)
        })
      )
    )
  }

  it.effect("is by UTC while Pipedrive does not tell the zone, and files are published all the same", () =>
    inWorld(layerPostgres, { pipedrive: { timeZone: "Asia/Tokyo" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* TestClock.adjust("22 hours")
        pipedrive.misbehave({ kind: "status", status: 404 }, { when: isQuestion })
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities[0]?.due_date, "1970-01-01")
      })
    )
  )
})
