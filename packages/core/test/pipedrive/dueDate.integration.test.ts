/** An activity is due on the day that it is where Pipedrive's user works. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { elapse, inWorld, name } from "../world.ts"

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

  it.effect("is in UTC while Pipedrive does not report the zone, and files are published nevertheless", () =>
    inWorld(layerPostgres, { pipedrive: { timeZone: "Asia/Tokyo" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* TestClock.adjust("22 hours")
        pipedrive.injectFault({ kind: "status", status: 404 }, { when: isQuestion })
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities[0]?.due_date, "1970-01-01")
      })
    )
  )

  const absurd = {
    "retry-after": "4294967296",
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": "0",
    "x-ratelimit-reset": "99999999999",
    "x-daily-ratelimit-token-remaining": "-1"
  }
  const faults: ReadonlyArray<readonly [what: string, fault: Fault]> = [
    ["a limit that ends in a hundred years", { kind: "respond", status: 429, headers: () => absurd }],
    [
      "a success with a limit that ends in three thousand years",
      { kind: "respond", status: 200, headers: () => absurd }
    ],
    ["a firewall's page", { kind: "html", status: 403 }],
    ["a body that never ends", { kind: "respond", status: 200, ending: "endless" }],
    ["a fault", { kind: "status", status: 500 }]
  ]
  for (const [what, fault] of faults) {
    it.effect(`delays publishing by a minute at most when the question for the zone is answered with ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          pipedrive.injectFault(fault, { when: isQuestion, times: Number.POSITIVE_INFINITY })
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.scan()
          for (let n = 0; n < 6; n++) {
            yield* Effect.forkChild(Effect.ignore(gitpip.publish), { startImmediately: true })
            yield* elapse("10 seconds")
          }
          assert.lengthOf(pipedrive.activities, 1)
        })
      )
    )
  }

  it.effect("delays publishing by ten seconds when the question for the zone is never answered", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.injectFault({ kind: "hang" }, { when: isQuestion, times: Number.POSITIVE_INFINITY })
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.scan()
        const drain = yield* Effect.forkChild(gitpip.publish)
        yield* pipedrive.seen(1, isQuestion)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual((yield* Fiber.join(drain)).published, 1)
      })
    )
  )
})
