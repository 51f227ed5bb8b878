/** Failures that no file is at fault for: publishing waits, says why, and goes on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld } from "../world.ts"
import {
  creates,
  createsOf,
  forever,
  given,
  isCreate,
  once,
  others,
  page,
  publish,
  reaches,
  refusal,
  says,
  work,
  workAwake
} from "./working.ts"

describe("a global failure", () => {
  // Fewer users than searches are allowed at a time: the clock stands still while a drain goes on.
  const many = Object.fromEntries(
    Array.from({ length: 9 }, (_, n) => [
      `user${n}`,
      Object.fromEntries(Array.from({ length: 10 }, (_, file) => [`file${n}-${file}.md`, "1"]))
    ])
  )

  for (const [what, fault, advice] of [
    ["a deleted activity type", refusal(400, "Validation failed: type: invalid value"), /GITPIP_ACTIVITY_TYPE/],
    ["a retired address", refusal(410, "Gone"), /Update Gitpip/],
    ["a sign-in page", page(200), /PIPEDRIVE_API_URL or PIPEDRIVE_ORG leads to a sign-in page/],
    ["a firewall that refuses everything", page(403), /firewall/]
  ] as ReadonlyArray<readonly [string, Fault, RegExp]>) {
    it.effect(`${what}: stops after a few, says what to do, and all go on by themselves when it ends`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, { when: isCreate, times: forever })
          yield* given(github, many)
          yield* publish
          assert.match((yield* (yield* Gitpip).status).publishing.message ?? "", advice)
          // Twelve files at a time, each with and without its content, and the files that left before the third failure was known.
          assert.isAtMost(creates(pipedrive), 36)
          yield* workAwake("1 hour", "1 minute")
          assert.isAtMost(creates(pipedrive), 60)
          pipedrive.clearFaults()
          yield* work("20 minutes", "1 minute")
          assert.strictEqual(pipedrive.activities.length, 90)
          once(world)
        })
      )
    )
  }

  for (const [what, fault] of [
    ["401", refusal(401, "unauthorized access")],
    ["402", refusal(402, "Payment required")],
    ["a redirect", { kind: "redirect", location: "https://example.com/" }],
    ["404", refusal(404, "Not found")],
    ["429", { kind: "status", status: 429, headers: { "x-ratelimit-reset": "2", "x-ratelimit-remaining": "0" } }]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`seems ${what}, which one file alone meets: no other file waits for more than a minute`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, {
            when: createsOf("odd.md"),
            times: forever
          })
          yield* given(github, { alice: { "odd.md": "1" }, ...others })
          yield* work("1 minute", "10 seconds")
          for (let round = 0; round < 4; round++) {
            yield* reaches(world, "bob", `bob-${round}-2.md`)
            yield* work("30 minutes", "1 minute")
          }
          assert.isAtMost(pipedrive.requests.filter(says("odd.md")).length, 60)
          once(world)
        })
      )
    )
  }
})
