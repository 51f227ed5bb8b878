/** The deal of a user, and one deal for each file with `GITPIP_PUBLISH_AS=deal`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { drainLate, given, isDealCreate, outcomes } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { work } from "./working.ts"

describe("the deal", () => {
  it.effect("that a person made is adopted, whatever its case, but not one that merely contains the name", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.addDeal({ title: "annabel" })
        const own = pipedrive.addDeal({ title: "ANN" })
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [own]
        )
        assert.strictEqual(pipedrive.deals.length, 2)
      })
    )
  )

  for (const missingDealStatus of [400, 404] as const) {
    it.effect(`that was deleted in Pipedrive is replaced (refused with ${missingDealStatus})`, () =>
      inWorld(layerPostgres, { pipedrive: { missingDealStatus } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          yield* gitpip.publish
          pipedrive.deleteDeal(pipedrive.deals[0]?.id ?? 0)
          github.addGist("ann", { files: { "b.md": "2" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          yield* drainLate("2 minutes")
          const [deal] = pipedrive.deals
          assert.strictEqual(pipedrive.deals.length, 1)
          assert.isTrue(pipedrive.activities.some(({ deal_id, subject }) => subject === "b.md" && deal_id === deal?.id))
        })
      )
    )
  }
})

describe("a deal whose creation lost its answer", () => {
  it.effect("is used, and not the lost deal of the same day and title", () =>
    inWorld(layerPostgres, { env: { GITPIP_DEAL_CLOSED: "replace" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        yield* passTime("2 hours")
        pipedrive.changeDeal(pipedrive.deals[0]?.id ?? 0, { status: "lost" })
        yield* passTime("22 hours")
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* given(github, { "b.md": "2" })
        yield* work("2 hours", "1 minute")
        const [, second] = pipedrive.deals
        assert.lengthOf(pipedrive.deals, 2)
        assert.strictEqual(pipedrive.activities.find(({ subject }) => subject === "b.md")?.deal_id, second?.id)
      })
    )
  )
})

describe("GITPIP_PUBLISH_AS=deal", () => {
  const env = { GITPIP_PUBLISH_AS: "deal" }
  const isNote = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
    method === "POST" && route === "/api/v1/notes"

  it.effect("creates one deal for each file, with the content as its note", () =>
    inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one", "b.md": "two" })
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.deals.length, 2)
        assert.sameMembers(
          pipedrive.notes.map(({ content }) => content.slice(-3)),
          ["one", "two"]
        )
        assert.isTrue(pipedrive.deals.some(({ title }) => title.startsWith("a.md · ann · ")))
      })
    )
  )

  it.effect("creates one deal when the response is lost, and the user is renamed before the lookup", () =>
    inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* gitpip.publish
        github.renameUser("ann", "anna")
        yield* gitpip.scan()
        const users = yield* gitpip.users({ after: 0, limit: 10 })
        assert.deepStrictEqual(
          users.map(({ login }): string => login),
          ["anna"]
        )
        yield* drainLate("2 minutes")
        yield* drainLate("5 minutes")
        assert.strictEqual((yield* outcomes).state, "published")
        assert.strictEqual(pipedrive.deals.length, 1)
      })
    )
  )

  for (const [what, fault, when] of [
    ["of the deal", { kind: "lost" }, isDealCreate],
    ["of the note", { kind: "lost" }, isNote],
    ["of a note that was not made", { kind: "reset" }, isNote]
  ] as const) {
    it.effect(`survives a lost response ${what}`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "one" })
          pipedrive.injectFault(fault, { when })
          yield* (yield* Gitpip).publish
          yield* drainLate("2 minutes")
          yield* drainLate("5 minutes")
          assert.strictEqual((yield* outcomes).state, "published")
          assert.strictEqual(pipedrive.deals.length, 1)
          assert.strictEqual(pipedrive.notes.filter(({ deal_id }) => deal_id === pipedrive.deals[0]?.id).length, 1)
        })
      )
    )
  }
})
