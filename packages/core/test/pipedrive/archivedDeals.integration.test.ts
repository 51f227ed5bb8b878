/** Deals that are archived, and notes that are refused. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive, FakeRequest, Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"
import { noExtras, waiting, waitingUsers } from "./firstRun.ts"
import {
  attemptsOf,
  createsOf,
  forever,
  given,
  isCreate,
  isNote,
  others,
  page,
  publicationOf,
  publish,
  reaches,
  refusal,
  says,
  work
} from "./working.ts"

describe("GITPIP_PUBLISH_AS=deal with notes", () => {
  const env = { GITPIP_PUBLISH_AS: "deal" }
  for (const [what, fault, text, note] of [
    ["that are too long", refusal(400, "Note content is too long"), "", undefined],
    ["that a right is missing for", refusal(403, "No permission"), "", undefined],
    ["that are never answered well", refusal(500, "Oops"), "", undefined],
    ["whose text is refused", refusal(400, "Note content is too long"), "a fixed word", /left out/],
    ["whose text a firewall refuses", page(403), "a fixed word", /left out/]
  ] as ReadonlyArray<readonly [string, Fault, string, RegExp | undefined]>) {
    it.effect(`${what}: one deal is created, and stays`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const when = (request: FakeRequest) => isNote(request) && says("odd.md")(request) && says(text)(request)
          pipedrive.injectFault(fault, { when, times: forever })
          yield* given(github, { ann: { "odd.md": "a fixed word" }, bob: { "b.md": "1" } })
          yield* work("5 hours")
          assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 2)
          assert.strictEqual(pipedrive.deals.length, 2)
          assert.strictEqual((yield* publicationOf("odd.md")).state, "published")
          const last = (yield* attemptsOf("odd.md")).at(-1)
          assert.isNotNull(last?.message)
          const written = pipedrive.notes.find(({ content }) => content.includes("odd"))
          if (note === undefined) assert.isUndefined(written)
          else assert.match(written?.content ?? "", note)
        })
      )
    )
  }
})

describe("a user's deal that is archived", () => {
  const archive = (pipedrive: FakePipedrive) => {
    const [deal] = pipedrive.deals
    if (deal === undefined) throw new Error("there is no deal")
    Object.assign(deal, { is_archived: true })
    pipedrive.injectFault(refusal(400, "Archived deal cannot be modified"), {
      when: createsOf(`"deal_id":${deal.id}`),
      times: forever
    })
    return deal.id
  }

  it.effect("is replaced by a new one, and the history says why", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" } })
        yield* work("1 second", "1 second")
        const old = archive(pipedrive)
        yield* reaches(world, "ann", "b.md")
        assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 2)
        assert.notStrictEqual(pipedrive.activities.at(-1)?.deal_id, old)
        assert.match((yield* attemptsOf("b.md"))[0]?.message ?? "", /is archived/)
      })
    )
  )

  it.effect("is replaced by another deal that a person made", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" } })
        yield* work("1 second", "1 second")
        archive(pipedrive)
        const other = pipedrive.addDeal({ title: "Ann" })
        yield* reaches(world, "ann", "b.md")
        assert.strictEqual(pipedrive.activities.at(-1)?.deal_id, other)
        assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 1)
      })
    )
  )

  it.effect("is replaced once, when the new one is refused as well", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { ann: { "a.md": "1" }, ...others })
        yield* work("1 second", "1 second")
        pipedrive.injectFault(refusal(404, "Deal not found"), {
          when: (request) =>
            (isCreate(request) && says("ann")(request)) ||
            (request.method === "GET" && request.route === "/api/v2/deals/{id}"),
          times: forever
        })
        for (let n = 0; n < 20; n++) github.addGist("ann", { files: { [`ann-${n}.md`]: "1" } })
        yield* (yield* Gitpip).scan()
        yield* work("3 hours")
        assert.isAtMost(pipedrive.count("POST", "/api/v2/deals"), 3 + 1)
        yield* reaches(world, "bob", "bob-2.md")
      })
    )
  )
})

describe("a deal that was archived since the list of open deals was read", () => {
  it.effect("does not hold its user up beside another deal", () =>
    inWorld(layerPostgres, { env: noExtras }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const [old, gone] = [pipedrive.addDeal({ title: "user-13" }), pipedrive.addDeal({ title: "user-14" })]
        yield* waitingUsers(github, 12)
        yield* publish
        for (const deal of [old, gone]) pipedrive.changeDeal(deal, { is_archived: true })
        const own = pipedrive.addDeal({ title: "user-13" })
        const twins = [pipedrive.addDeal({ title: "user-14" }), pipedrive.addDeal({ title: "user-14" })]
        yield* passTime("10 minutes")
        yield* waiting(github, { from: 13, to: 14 })
        yield* publish
        assert.strictEqual((yield* publicationOf("file-13.md")).state, "published")
        assert.strictEqual(pipedrive.activities.find(({ subject }) => subject === "file-13.md")?.deal_id, own)
        const named = twins.map((id) => `"user-14" (${id})`).join(", ")
        assert.include(
          (yield* publicationOf("file-14.md")).errorMessage,
          `2 open deals that may be user-14's: ${named}.`
        )
      })
    )
  )
})
