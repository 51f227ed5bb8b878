/** Deals and activities stand where the settings say, by what they cost and by what happens when a name does not fit. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import type { LoggedRequest, PipedriveSetup } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { given, isCreate, isDealCreate } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { publicationOf, work } from "./working.ts"

const setup: Partial<PipedriveSetup> = {
  pipelines: [
    { id: 1, name: "Sales" },
    { id: 2, name: "Developers" }
  ],
  stages: [
    { id: 11, name: "New", pipeline_id: 1 },
    { id: 21, name: "New", pipeline_id: 2 },
    { id: 22, name: "Talking", pipeline_id: 2 }
  ],
  users: [
    { id: 11, name: "Fake", email: "fake@example.com", active_flag: true },
    { id: 12, name: "Ann", email: "ann@example.com", active_flag: true },
    { id: 13, name: "Gone", email: "gone@example.com", active_flag: false }
  ]
}

const env = {
  GITPIP_DEAL_TITLE: "GitHub: {login}",
  GITPIP_DEAL_PIPELINE: "developers",
  GITPIP_DEAL_STAGE: "Talking",
  GITPIP_DEAL_OWNER: "ann@example.com",
  GITPIP_DEAL_LABELS: "Hot, Cold",
  GITPIP_DEAL_VISIBILITY: "All users"
}

const isList = ({ route = "" }: Pick<LoggedRequest, "route">) =>
  /\/(pipelines|stages|users|dealFields|activityFields|activityTypes)$/.test(route)

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

describe("the names in the settings", () => {
  it.effect("are not read by a default installation, which spends no token at its start", () =>
    inWorld(layerPostgres, {}, ({ pipedrive }) =>
      Effect.gen(function* () {
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.tokensSpent, 0)
      })
    )
  )

  it.effect("are read once, before there is anything to publish", () =>
    inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* gitpip.publish
        const lists = pipedrive.requests.filter(isList).length
        assert.strictEqual(lists, 4)
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        assert.strictEqual(pipedrive.requests.filter(isList).length, lists)
      })
    )
  )

  it.effect("that do not fit pause publishing with the choices, and it goes on when Pipedrive has them", () =>
    inWorld(
      layerPostgres,
      { env: { GITPIP_DEAL_PIPELINE: "Develpers" }, pipedrive: { setup } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          yield* gitpip.publish
          assert.lengthOf(pipedrive.deals, 0)
          const { publishing } = yield* gitpip.status
          assert.strictEqual(publishing.state, "paused")
          assert.match(
            publishing.message ?? "",
            /GITPIP_DEAL_PIPELINE: Pipedrive has no pipeline "Develpers"\. Did you mean "Developers"\? The pipelines are: Sales \(1\), Developers \(2\)/
          )
          assert.isTrue(Option.isSome(yield* (yield* Publisher).fault))
          assert.strictEqual((yield* publicationOf("a.md")).state, "pending")

          pipedrive.changeSetup({ pipelines: [{ id: 2, name: "Develpers" }] })
          yield* work("20 minutes", "1 minute")
          assert.strictEqual((yield* publicationOf("a.md")).state, "published")
          assert.strictEqual(pipedrive.deals[0]?.pipeline_id, 2)
          assert.isTrue(Option.isNone(yield* (yield* Publisher).fault))
        })
    )
  )

  it.effect(
    "that do not fit leave no file failed: an activity type that Pipedrive does not have pauses publishing",
    () =>
      inWorld(layerPostgres, { env: { GITPIP_ACTIVITY_TYPE: "no-such-type" } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          yield* gitpip.publish
          assert.match((yield* gitpip.status).publishing.message ?? "", /no activity type `no-such-type`.* task/)
          assert.strictEqual((yield* publicationOf("a.md")).state, "pending")
          assert.strictEqual(pipedrive.requests.filter(isCreate).length, 0)
        })
      )
  )

  it.effect("wait while Pipedrive does not answer, and publishing goes on when it does", () =>
    inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.injectFault({ kind: "status", status: 500 }, { when: isList })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        assert.match((yield* gitpip.status).publishing.message ?? "", /does not report what the settings name: .*500/)
        yield* work("2 minutes", "10 seconds")
        assert.strictEqual((yield* publicationOf("a.md")).state, "published")
      })
    )
  )

  it.effect(
    "are read again when a create is refused because a stage is gone, and publishing pauses with the choices",
    () =>
      inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* gitpip.publish
          pipedrive.changeSetup({ stages: [{ id: 21, name: "New", pipeline_id: 2 }] })
          yield* passTime("1 hour")
          yield* given(github, { "a.md": "1" })
          yield* gitpip.publish
          assert.match((yield* gitpip.status).publishing.message ?? "", /GITPIP_DEAL_STAGE: .*"Talking".* New \(21\)/)
          assert.strictEqual((yield* publicationOf("a.md")).state, "pending")
          assert.strictEqual(pipedrive.requests.filter(isCreate).length, 0)
        })
      )
  )

  it.effect("are found again with another id after a create is refused, and the file is published", () =>
    inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* gitpip.publish
        pipedrive.changeSetup({
          stages: [
            { id: 21, name: "New", pipeline_id: 2 },
            { id: 29, name: "Talking", pipeline_id: 2 }
          ]
        })
        yield* passTime("1 hour")
        yield* given(github, { "a.md": "1" })
        yield* work("1 minute", "5 seconds")
        assert.strictEqual((yield* publicationOf("a.md")).state, "published")
        assert.strictEqual(pipedrive.deals[0]?.stage_id, 29)
      })
    )
  )
})
