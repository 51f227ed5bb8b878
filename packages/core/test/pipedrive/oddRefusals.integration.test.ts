/** Refusals by a firewall, by rights, and by limits that Pipedrive does not document, and the files that each may delay. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"
import {
  attemptsOf,
  creates,
  createsOf,
  forever,
  given,
  isCreate,
  once,
  others,
  page,
  publicationOf,
  reaches,
  refusal,
  says,
  work,
  workAwake
} from "./working.ts"

describe("a firewall that refuses one file's text with a page", () => {
  for (const status of [403, 406, 400]) {
    it.effect(`(${status}) gets the file as a link, and other users' files unchanged`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          pipedrive.injectFault(page(status), { when: says("DROP TABLE"), times: forever })
          yield* given(github, { alice: { "alice.sql": "DROP TABLE users" }, ...others })
          yield* work("1 minute", "10 seconds")
          assert.strictEqual(pipedrive.activities.length, 3)
          assert.match(pipedrive.activities.find(({ subject }) => subject === "alice.sql")?.note ?? "", /left out/)
          const [attempt] = yield* attemptsOf("alice.sql")
          assert.match(attempt?.message ?? "", /The content was left out: .*in front of Pipedrive/)
          assert.strictEqual((yield* (yield* Gitpip).status).publishing.state, "on")
        })
      )
    )
  }

  it.effect("refuses the file's name as well: the file ends as failed, can be retried, and delays no other file", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        pipedrive.injectFault(page(403), { when: says("etc-passwd"), times: forever })
        yield* given(github, { alice: { "etc-passwd": "1", "z.md": "2" }, ...others })
        yield* work("1 minute", "10 seconds")
        assert.strictEqual((yield* publicationOf("z.md")).state, "published")
        yield* reaches(world, "bob", "bob-2.md")
        yield* work("3 hours")
        const failed = yield* publicationOf("etc-passwd")
        assert.deepStrictEqual([failed.state, failed.errorReason], ["failed", "Forbidden"])
        assert.match(failed.errorMessage ?? "", /firewall/)
        assert.isAtMost(pipedrive.requests.filter(says("etc-passwd")).length, 2 * 13)
        yield* reaches(world, "carol", "carol-2.md")
        pipedrive.clearFaults()
        yield* (yield* Gitpip).retry(failed.id)
        yield* work("1 minute", "10 seconds")
        assert.strictEqual(pipedrive.activities.length, 6)
        once(world)
      })
    )
  )
})

it.effect("a text that Pipedrive refuses is left out, also after limits that the requests without the text met", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      pipedrive.injectFault(refusal(400, "Note content is not allowed"), {
        when: createsOf("etc-passwd"),
        times: forever
      })
      pipedrive.injectFault({ kind: "burst-limit" }, { when: createsOf("left out"), times: 3 })
      yield* given(github, { alice: { "odd.md": "etc-passwd" } })
      yield* work("3 hours", "1 minute")
      assert.strictEqual((yield* publicationOf("odd.md")).state, "published")
    })
  )
)

describe("a deal that the token's user may not edit", () => {
  /** Files of alice, whose deal refuses every activity. */
  const deniedFiles = (pipedrive: FakePipedrive, length = 30) => {
    const deal = pipedrive.addDeal({ title: "alice" })
    pipedrive.injectFault(refusal(403, "You do not have permissions to do this."), {
      when: createsOf(`"deal_id":${deal}`),
      times: forever
    })
    return Object.fromEntries(Array.from({ length }, (_, n) => [`alice-${n}.md`, "1"]))
  }

  it.effect("fails its user's files, and no other user's", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { alice: deniedFiles(pipedrive), ...others })
        yield* work("1 minute", "10 seconds")
        assert.strictEqual(pipedrive.activities.length, 2)
        yield* reaches(world, "bob", "bob-2.md")
        pipedrive.clearRequests()
        yield* work("1 hour", "1 minute")
        // Not all 30 are tried again and again.
        assert.isAtMost(pipedrive.requests.length, 60)
        // One user's failures do not make the server unready.
        yield* (yield* Gitpip).scan()
        assert.deepStrictEqual(yield* (yield* Gitpip).overdue(DateTime.makeUnsafe(0)), [])
        yield* reaches(world, "carol", "carol-2.md")
      })
    )
  )

  it.effect("ends as failed on a server with nothing else to do", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { alice: deniedFiles(pipedrive, 1) })
        yield* work("3 hours")
        const { errorMessage, state } = yield* publicationOf("alice-0.md")
        assert.strictEqual(state, "failed")
        assert.match(errorMessage ?? "", /permissions/)
        assert.isAtMost(creates(pipedrive), 13)
      })
    )
  )

  it.effect("delays nothing any more within minutes after its end", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { alice: deniedFiles(pipedrive), ...others })
        yield* work("1 hour", "1 minute")
        pipedrive.clearFaults()
        yield* work("20 minutes", "1 minute")
        assert.strictEqual(pipedrive.activities.length, 32)
        once(world)
      })
    )
  )
})

describe("a limit that Pipedrive reports otherwise than documented", () => {
  const headers = (remaining: string) => ({
    "x-daily-ratelimit-token-limit": "30000",
    "x-daily-ratelimit-token-remaining": remaining,
    "x-ratelimit-limit": "20",
    "x-ratelimit-remaining": "19",
    "x-ratelimit-reset": "2"
  })
  for (const remaining of ["3", "0", "-12"]) {
    it.effect(`of ${remaining} tokens left for the day is waited for until the next day`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { ann: { "a.md": "1", "b.md": "1" } })
          pipedrive.injectFault(
            { kind: "status", status: 429, headers: headers(remaining) },
            { when: isCreate, times: forever }
          )
          yield* workAwake("1 hour", "10 seconds")
          assert.isAtMost(creates(pipedrive), 2)
          assert.match((yield* (yield* Gitpip).status).publishing.message ?? "", /tokens for the day/)
          pipedrive.clearFaults()
          yield* passTime("24 hours")
          yield* work("1 minute", "10 seconds")
          assert.strictEqual(pipedrive.activities.length, 2)
        })
      )
    )
  }

  for (const [what, said] of [
    ["that promise the next request", { ...headers("29000") }],
    ["in the past", { ...headers("29000"), "x-ratelimit-reset": "0", "retry-after": "0" }],
    ["that are absurd", { ...headers("29000"), "retry-after": "999999999" }]
  ] as const) {
    it.effect(`is waited for longer each time, with headers ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { ann: { "a.md": "1", "b.md": "1" } })
          pipedrive.injectFault({ kind: "status", status: 429, headers: said }, { when: isCreate, times: forever })
          yield* workAwake("2 minutes", "2 seconds")
          assert.isAtMost(creates(pipedrive), 6)
          yield* workAwake("1 hour", "30 seconds")
          assert.isAtMost(creates(pipedrive), 12)
          pipedrive.clearFaults()
          yield* work("1 hour", "5 minutes")
          assert.strictEqual(pipedrive.activities.length, 2)
        })
      )
    )
  }
})
