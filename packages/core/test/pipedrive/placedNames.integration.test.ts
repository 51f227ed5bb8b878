/** The names in the settings: when Pipedrive's lists are read, and what happens while a name does not fit. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import type { LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { given, isCreate, isDealCreate } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { env, setup } from "./placedSetup.ts"
import { forever, publicationOf, refusal, work } from "./working.ts"

const isList = ({ route = "" }: Pick<LoggedRequest, "route">) =>
  /\/(pipelines|stages|users|dealFields|activityFields|activityTypes)$/.test(route)

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

  it.effect("are asked for less and less often while Pipedrive does not answer", () =>
    inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.injectFault({ kind: "status", status: 500 }, { times: forever, when: isList })
        yield* given(github, { "a.md": "1" })
        yield* work("1 hour", "10 seconds")
        assert.isAtMost(pipedrive.requests.filter(isList).length, 10)
        pipedrive.clearFaults()
        yield* work("16 minutes", "1 minute")
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

  for (const [what, stage, deals] of [
    ["the pipeline is adopted", { id: 23, name: "Hot", pipeline_id: 2 }, 1],
    ["another pipeline is not", { id: 12, name: "Hot", pipeline_id: 1 }, 2]
  ] as const) {
    it.effect(`are found again, once, for deals in a stage that was added since: a deal in ${what}`, () =>
      inWorld(
        layerPostgres,
        { env: { GITPIP_DEAL_PIPELINE: "Developers" }, pipedrive: { setup } },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            yield* gitpip.publish
            pipedrive.changeSetup({ stages: [...(setup.stages ?? []), stage] })
            const { id: stage_id, pipeline_id } = stage
            for (const title of ["ann", "bob"]) pipedrive.addDeal({ title, stage_id, pipeline_id })
            for (const login of ["ann", "bob"]) {
              yield* passTime("1 hour")
              yield* given(github, { [`${login}.md`]: "1" }, login)
              yield* gitpip.publish
            }
            assert.lengthOf(pipedrive.activities, 2)
            for (const login of ["ann", "bob"]) {
              assert.lengthOf(
                pipedrive.deals.filter(({ title }) => title === login),
                deals
              )
            }
            assert.strictEqual(pipedrive.count("GET", "/api/v2/stages"), 2)
          })
      )
    )
  }

  it.effect("with other ids than a moment ago fail no file of several users", () =>
    inWorld(layerPostgres, { env: { GITPIP_DEAL_LABELS: "Cold" }, pipedrive: { setup } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* (yield* Gitpip).publish
        pipedrive.changeSetup({ labels: [{ id: 29, name: "Cold" }] })
        for (const login of ["ann", "bob"]) yield* given(github, { [`${login}.md`]: "1" }, login)
        yield* work("1 minute", "5 seconds")
        for (const login of ["ann", "bob"]) {
          assert.strictEqual((yield* publicationOf(`${login}.md`)).state, "published", login)
        }
        assert.deepStrictEqual(
          pipedrive.deals.map(({ label_ids }) => label_ids),
          [[29], [29]]
        )
      })
    )
  )

  for (const [what, own, change, says] of [
    ["a label", { GITPIP_DEAL_LABELS: "Cold" }, { labels: [{ id: 21, name: "Hot" }] }, /GITPIP_DEAL_LABELS: .*"Cold"/],
    [
      "a pipeline",
      { GITPIP_DEAL_PIPELINE: "Developers" },
      { pipelines: [{ id: 1, name: "Sales" }], stages: [{ id: 11, name: "New", pipeline_id: 1 }] },
      /GITPIP_DEAL_PIPELINE: .*"Developers"/
    ],
    [
      "the owner of activities",
      { GITPIP_ACTIVITY_OWNER: "Ann" },
      { users: [{ id: 11, name: "Fake", email: "fake@example.com", active_flag: true }] },
      /GITPIP_ACTIVITY_OWNER: .*"Ann"/
    ],
    [
      "a label of files' deals",
      { GITPIP_DEAL_LABELS: "Cold", GITPIP_PUBLISH_AS: "deal" },
      { labels: [{ id: 21, name: "Hot" }] },
      /GITPIP_DEAL_LABELS: .*"Cold"/
    ]
  ] as const) {
    it.effect(`pause publishing and fail no file when ${what} is removed right after the lists were read`, () =>
      inWorld(layerPostgres, { env: own, pipedrive: { setup } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* gitpip.publish
          pipedrive.changeSetup(change)
          yield* given(github, { "a.md": "1", "b.md": "2" })
          yield* given(github, { "c.md": "3" }, "bob")
          yield* gitpip.publish
          assert.match((yield* gitpip.status).publishing.message ?? "", says)
          for (const file of ["a.md", "b.md", "c.md"]) {
            assert.strictEqual((yield* publicationOf(file)).state, "pending", file)
          }
        })
      )
    )
  }

  it.effect(
    "that still fit are read once a minute at most while Pipedrive refuses files for reasons of their own",
    () =>
      inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* gitpip.publish
          const lists = pipedrive.requests.filter(isList).length
          pipedrive.injectFault(refusal(400, "custom field required"), { when: isDealCreate, times: forever })
          for (const login of ["ann", "bob"]) yield* given(github, { [`${login}.md`]: "1" }, login)
          yield* gitpip.publish
          assert.strictEqual(pipedrive.requests.filter(isList).length, 2 * lists)
          assert.strictEqual((yield* publicationOf("ann.md")).state, "failed")
        })
      )
  )
})
