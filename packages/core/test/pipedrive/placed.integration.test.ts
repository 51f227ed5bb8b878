/** Deals and activities stand where the settings say. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { given, isCreate, isDealCreate } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { env, setup } from "./placedSetup.ts"
import { publicationOf, work } from "./working.ts"

describe("a deal that Gitpip creates", () => {
  const placed = { pipeline_id: 2, stage_id: 22, owner_id: 12, label_ids: [21, 23], visible_to: 3 }

  it.effect(
    "has the title, pipeline, stage, owner, labels and visibility of the settings, and its activity the owner",
    () =>
      inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          const [deal] = pipedrive.deals
          assert.deepInclude(deal, { ...placed, title: "GitHub: ann" })
          assert.strictEqual(pipedrive.activities[0]?.deal_id, deal?.id)
          assert.strictEqual(pipedrive.activities[0]?.owner_id, 12)
        })
      )
  )

  it.effect("for one file has the pipeline, stage, owner, labels and visibility of the settings", () =>
    inWorld(
      layerPostgres,
      { env: { ...env, GITPIP_PUBLISH_AS: "deal", GITPIP_ACTIVITY_OWNER: "nobody" }, pipedrive: { setup } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          assert.deepInclude({ ...pipedrive.deals[0] }, placed)
          assert.match(pipedrive.deals[0]?.title ?? "", /^a\.md · ann · /)
        })
    )
  )

  it.effect("with a title of a template is created once when the response to its creation is lost", () =>
    inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* work("15 minutes", "1 minute")
        assert.lengthOf(pipedrive.deals, 1)
        assert.strictEqual(pipedrive.activities[0]?.deal_id, pipedrive.deals[0]?.id)
      })
    )
  )
})

describe("an activity", () => {
  it.effect("has the owner of the deal that a person made, for 5 tokens and no question more", () =>
    inWorld(layerPostgres, { pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.addDeal({ title: "ann", owner_id: 12 })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const before = pipedrive.tokensSpent
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ owner_id }) => owner_id),
          [12, 12]
        )
        assert.strictEqual(pipedrive.tokensSpent - before, 5)
      })
    )
  )

  it.effect("follows a new owner of the deal within a day, for one token", () =>
    inWorld(layerPostgres, { pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const deal = pipedrive.addDeal({ title: "ann" })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        pipedrive.changeDeal(deal, { owner_id: 12 })
        yield* passTime("25 hours")
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ owner_id }) => owner_id),
          [11, 12]
        )
        assert.strictEqual(pipedrive.count("GET", "/api/v2/deals/{id}"), 1)
      })
    )
  )

  it.effect("names a new person of the deal within a day, for one token, when another owns the activity", () =>
    inWorld(
      layerPostgres,
      { env: { GITPIP_ACTIVITY_OWNER: "me", GITPIP_ORGANIZATION: "off" } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const [first, second] = [pipedrive.addPerson({ name: "First" }), pipedrive.addPerson({ name: "Second" })]
          const deal = pipedrive.addDeal({ title: "ann", person_id: first })
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          pipedrive.changeDeal(deal, { person_id: second })
          yield* passTime("25 hours")
          yield* given(github, { "b.md": "2", "c.md": "3" })
          yield* (yield* Gitpip).publish
          assert.deepStrictEqual(
            pipedrive.activities.map(({ person_id }) => person_id),
            [first, second, second]
          )
          assert.strictEqual(pipedrive.count("GET", "/api/v2/deals/{id}"), 1)
        })
    )
  )

  it.effect("belongs to the token's user when Pipedrive refuses the deal's owner, and says so", () =>
    inWorld(layerPostgres, { pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.addDeal({ title: "ann", owner_id: 13 })
        yield* given(github, { "a.md": "1", "b.md": "2" })
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ owner_id }) => owner_id),
          [11, 11]
        )
        const { attempts } = yield* gitpip.publication((yield* publicationOf("a.md")).id)
        assert.match(attempts.at(-1)?.message ?? "", /^The deal's owner was left out: .*User not found/)
      })
    )
  )

  it.effect("belongs to the deal's owner again within a day after the user is active again", () =>
    inWorld(layerPostgres, { pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.addDeal({ title: "ann", owner_id: 13 })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        pipedrive.changeSetup({ users: setup.users?.map((user) => ({ ...user, active_flag: true })) ?? [] })
        yield* passTime("25 hours")
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ owner_id }) => owner_id),
          [11, 13]
        )
      })
    )
  )

  it.effect("goes without the owner and the person when Pipedrive refuses both, and says so", () =>
    inWorld(layerPostgres, { pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const person = pipedrive.addPerson({ name: "Ann" })
        pipedrive.addDeal({ title: "ann", owner_id: 12, person_id: person })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const users = setup.users?.map((user) => (user.id === 12 ? { ...user, active_flag: false } : user)) ?? []
        pipedrive.changeSetup({ users })
        pipedrive.deletePerson(person)
        for (const file of ["b.md", "c.md"]) {
          github.addGist("ann", { files: { [file]: "2" } })
          yield* gitpip.scan()
          yield* gitpip.publish
        }
        assert.deepStrictEqual(
          pipedrive.activities.map(({ owner_id, person_id }) => [owner_id, person_id]),
          [
            [12, person],
            [11, null],
            [11, null]
          ]
        )
        const { attempts } = yield* gitpip.publication((yield* publicationOf("b.md")).id)
        assert.match(
          attempts.at(-1)?.message ?? "",
          /^The .+ was left out: .*not found.* The .+ was left out: .*not found/
        )
        // The next file is not refused first.
        assert.strictEqual(pipedrive.requests.filter(isCreate).length, 5)
      })
    )
  )

  for (const [what, own, fields] of [
    ["a user whom the setting names", { GITPIP_ACTIVITY_OWNER: "Ann" }, { owner_id: 12 }],
    ["the token's user", { GITPIP_ACTIVITY_OWNER: "me" }, { owner_id: 11 }],
    ["a priority", { GITPIP_ACTIVITY_PRIORITY: "Low" }, { priority: 403 }],
    ["a due date some days later", { GITPIP_ACTIVITY_DUE: "3" }, { due_date: "1970-01-04" }],
    ["no due date", { GITPIP_ACTIVITY_DUE: "none" }, { due_date: null }],
    ["a due date in a zone of its own", { GITPIP_TIME_ZONE: "America/Los_Angeles" }, { due_date: "1969-12-31" }]
  ] as const) {
    it.effect(`has ${what} when the settings say so`, () =>
      inWorld(layerPostgres, { env: own, pipedrive: { setup } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          pipedrive.addDeal({ title: "ann", owner_id: 12 })
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          assert.deepInclude(pipedrive.activities[0], fields)
        })
      )
    )
  }

  it.effect("is due by TZ while Pipedrive does not report the zone of the token's user", () =>
    inWorld(
      layerPostgres,
      { env: { TZ: "America/Los_Angeles" }, pipedrive: { timeZone: "" } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          assert.strictEqual(pipedrive.activities[0]?.due_date, "1969-12-31")
        })
    )
  )
})
