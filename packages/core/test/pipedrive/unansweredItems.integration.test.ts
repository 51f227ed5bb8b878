/** One file or gist that a service never answers for, and the files that it may delay. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name } from "../world.ts"
import {
  createsOf,
  forever,
  given,
  once,
  others,
  page,
  publicationOf,
  reaches,
  refusal,
  says,
  work
} from "./working.ts"

describe("one payload that Pipedrive never answers", () => {
  for (const [what, fault] of [
    ["500 each time", refusal(500, "Internal Server Error")],
    ["200 that reports a failure", refusal(200, "Something went wrong")],
    ["an answer that is never readable", { kind: "status", status: 200, body: "[]" }],
    ["a gateway's page each time", page(502)],
    ["410", refusal(410, "Gone")]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`${what}: ends as failed while others are published at once`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(fault, {
            when: createsOf("odd.md"),
            times: forever
          })
          yield* given(github, { alice: { "odd.md": "1" }, ...others })
          yield* work("1 minute", "10 seconds")
          yield* reaches(world, "bob", "bob-2.md")
          yield* work("5 hours")
          assert.strictEqual((yield* publicationOf("odd.md")).state, "failed")
          assert.isAtMost(pipedrive.requests.filter(says("odd.md")).length, 13)
          assert.isAtMost(pipedrive.count("GET", "/api/v2/activities"), 40)
          once(world)
        })
      )
    )
  }

  it.effect("ends as failed on a server with nothing else to do, and its user's next file is published at once", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: createsOf("odd.md"),
          times: forever
        })
        yield* given(github, { alice: { "odd.md": "1" } })
        yield* work("1 hour")
        yield* reaches(world, "alice", "next.md")
        yield* work("4 hours")
        assert.strictEqual((yield* publicationOf("odd.md")).state, "failed")
      })
    )
  )

  it.effect("is published as a link in the end when its text is the reason", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: createsOf("a fixed word"),
          times: forever
        })
        yield* given(github, { alice: { "odd.md": "a fixed word" }, ...others })
        yield* work("5 hours")
        assert.match(pipedrive.activities.find(({ subject }) => subject === "odd.md")?.note ?? "", /left out/)
        once(world)
      })
    )
  )

  it.effect("of three users at once seems an outage, and yet a fourth user's file arrives within a minute", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(refusal(500, "Oops"), {
          when: createsOf("odd"),
          times: forever
        })
        yield* given(github, { ann: { "odd1.md": "1" }, ben: { "odd2.md": "1" }, cem: { "odd3.md": "1" } })
        yield* (yield* Gitpip).track(name("dan"))
        github.addUser("dan")
        yield* work("30 minutes", "1 minute")
        yield* reaches(world, "dan", "dan.md")
        yield* work("6 hours")
        yield* reaches(world, "dan", "dan-2.md")
        yield* work("6 hours")
        for (const file of ["odd1.md", "odd2.md", "odd3.md"]) {
          assert.strictEqual((yield* publicationOf(file)).state, "failed", file)
        }
      })
    )
  )
})

describe("one gist that GitHub never answers", () => {
  it.effect("ends as failed, and delays no other file", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github } = world
        github.addUser("alice")
        const gist = github.addGist("alice", { files: { "1.md": "1", "2.md": "1", "3.md": "1" } })
        github.injectFault(page(502), { when: ({ path }) => path === `/gists/${gist}`, times: forever })
        yield* (yield* Gitpip).track(name("alice"))
        yield* given(github, others)
        yield* work("1 minute", "10 seconds")
        assert.strictEqual((yield* publicationOf("bob.md")).state, "published")
        yield* reaches(world, "carol", "carol-2.md")
        github.clearRequests()
        yield* work("6 hours")
        assert.strictEqual((yield* publicationOf("1.md")).state, "failed")
        assert.isAtMost(github.requests.length, 100)
      })
    )
  )
})
