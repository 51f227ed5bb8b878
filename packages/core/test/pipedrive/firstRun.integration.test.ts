/** Many users whose deals are not known: the list of open deals is read once, in place of a search for each. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Gitpip } from "../../src/Gitpip.ts"
import type { Publisher } from "../../src/publish/Publisher.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime, statementsOf, type WorldOptions } from "../world.ts"
import { addOthers, beforePage, costs, dealsOf, isPage, noExtras, waiting, waitingUsers } from "./firstRun.ts"
import { createsOf, publicationOf, publish, refusal, type World, work } from "./working.ts"

type Services = Gitpip | Publisher | SqlClient.SqlClient

/** A world of some users with a file each, without a deal on record. */
const withUsers = <E>(
  users: number,
  body: (world: World) => Effect.Effect<unknown, E, Services>,
  options: WorldOptions = {}
) =>
  inWorld(layerPostgres, { ...options, env: { ...noExtras, ...options.env } }, (world) =>
    Effect.andThen(waitingUsers(world.github, users), body(world))
  )

/** The titles of the deals that a user's activities are on. */
const titlesFor = ({ activities, deals }: FakePipedrive, n: number) =>
  activities
    .filter(({ subject }) => subject === `file-${n}.md`)
    .map(({ deal_id }) => deals.find(({ id }) => id === deal_id)?.title)

describe("the list of open deals", () => {
  it.effect("stands in for the searches of many users, and adopts what searches would find", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        addOthers(pipedrive, 600)
        for (const title of ["USER-3", "User-4 ", "user-5 deal"]) pipedrive.addDeal({ title })
        pipedrive.addDeal({ title: "user-6", status: "lost" })
        pipedrive.addDeal({ title: "user-7", is_archived: true })
        pipedrive.addDeal({ title: "user-88" })
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 2, pages: 2 })
        assert.deepStrictEqual(
          [3, 4, 5].flatMap((n) => titlesFor(pipedrive, n)),
          ["USER-3", "User-4 ", "user-5 deal"]
        )
        for (const n of [6, 7]) assert.lengthOf(dealsOf(pipedrive, n), 2)
        assert.deepStrictEqual(titlesFor(pipedrive, 8), ["user-8"])
        assert.lengthOf(pipedrive.activities, 14)
      })
    )
  )

  it.effect("is right about deals that people create, rename, close, reopen and delete between its pages", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        const ids = Array.from({ length: 12 }, (_, n) => pipedrive.addDeal({ title: `deal of ${n}` }))
        const at = (n: number) => ids[n] ?? 0
        pipedrive.changeDeal(at(4), { title: "user-4" })
        pipedrive.changeDeal(at(5), { title: "user-5" })
        pipedrive.changeDeal(at(6), { title: "user-6" })
        pipedrive.changeDeal(at(7), { title: "user-7", status: "lost" })
        addOthers(pipedrive, 600)
        yield* passTime("1 minute")
        beforePage(pipedrive, 2, () => {
          pipedrive.addDeal({ title: "user-8" })
          pipedrive.changeDeal(at(3), { title: "user-3" })
          pipedrive.changeDeal(at(4), { title: "of somebody else" })
          pipedrive.changeDeal(at(5), { status: "lost" })
          pipedrive.deleteDeal(at(6))
          pipedrive.changeDeal(at(7), { status: "open" })
        })
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 2, pages: 2 })
        const targets = [3, 7].map(
          (n) => pipedrive.activities.find(({ subject }) => subject === `file-${n}.md`)?.deal_id
        )
        assert.deepStrictEqual(targets, [at(3), at(7)])
        for (const n of [3, 4, 6, 7, 8]) assert.lengthOf(dealsOf(pipedrive, n), 1, `user-${n}`)
        assert.lengthOf(dealsOf(pipedrive, 5), 2)
        assert.strictEqual(titlesFor(pipedrive, 4)[0], "user-4")
      })
    )
  )

  it.effect("shows deals that people make later, at one page of changes, and is forgotten after an hour", () =>
    withUsers(12, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* publish
        yield* passTime("11 seconds")
        const deal = pipedrive.addDeal({ title: "user-13" })
        pipedrive.clearRequests()
        yield* waiting(github, { from: 13, to: 14 })
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 0, pages: 0, changes: 1 })
        assert.strictEqual(pipedrive.activities.find(({ subject }) => subject === "file-13.md")?.deal_id, deal)
        assert.lengthOf(dealsOf(pipedrive, 13), 1)
        yield* passTime("61 minutes")
        pipedrive.clearRequests()
        yield* waiting(github, { from: 15, to: 15 })
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 1, pages: 0, changes: 0 })
      })
    )
  )

  it.effect("is not read for the next hour when it cost more than the searches would have", () =>
    withUsers(12, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        addOthers(pipedrive, 3_900)
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 2, pages: 8 })
        for (let n = 13; n <= 15; n++) {
          yield* passTime("1 minute")
          for (const { id } of pipedrive.deals) pipedrive.changeDeal(id, { value: n })
          yield* waiting(github, { from: n, to: n })
          yield* publish
        }
        yield* passTime("61 minutes")
        pipedrive.clearRequests()
        yield* waiting(github, { from: 16, to: 27 })
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 12, pages: 0 })
      })
    )
  )

  it.effect("lets the files of a user with two deals wait, with the message of a search", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        const [one, two] = [pipedrive.addDeal({ title: "user-12" }), pipedrive.addDeal({ title: "User-12 " })]
        yield* publish
        assert.include(
          (yield* publicationOf("file-12.md")).errorMessage,
          `Pipedrive has 2 open deals that may be user-12's: "user-12" (${one}), "User-12" (${two})`
        )
        assert.lengthOf(pipedrive.activities, 13)
      })
    )
  )

  it.effect("is not read for a few users while the files of many others wait for a day", () =>
    withUsers(12, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* (yield* SqlClient.SqlClient)`update publications set due_at = now() + interval '1 day' where state = 'pending'`
        yield* waiting(github, { from: 13, to: 16 })
        pipedrive.clearRequests()
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 4, pages: 0 })
      })
    )
  )

  it.effect("is not read for few users, who cost no statement more", () =>
    withUsers(9, ({ pipedrive }) =>
      Effect.gen(function* () {
        const statements = yield* statementsOf(publish)
        assert.deepInclude(costs(pipedrive), { searches: 11, pages: 0, changes: 0 })
        assert.isAtMost(statements.filter((text) => text.includes("count(distinct user_key)")).length, 1)
      })
    )
  )

  it.effect("does not count the users who wait for the sake of one or two", () =>
    inWorld(layerPostgres, { env: noExtras }, ({ github }) =>
      Effect.gen(function* () {
        yield* waiting(github, { from: 1, to: 2 })
        const statements = yield* statementsOf(publish)
        assert.lengthOf(
          statements.filter((text) => text.includes("count(distinct user_key)")),
          0
        )
      })
    )
  )
})

describe("a list of open deals that", () => {
  it.effect("is longer than the searches are worth is given up: each user is searched for", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        addOthers(pipedrive, 5_001)
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 14, pages: 10 })
        assert.lengthOf(pipedrive.activities, 14)
      })
    )
  )

  for (const [what, fault] of [
    ["Pipedrive refuses", refusal(403, "You do not have permission")],
    ["Pipedrive does not accept", refusal(400, "Validation failed")],
    ["breaks off", { kind: "status", status: 500, body: {} }]
  ] as const) {
    it.effect(`${what} is given up: each user is searched for`, () =>
      withUsers(12, ({ pipedrive }) =>
        Effect.gen(function* () {
          addOthers(pipedrive, 600)
          pipedrive.injectFault(fault, { times: Number.POSITIVE_INFINITY, when: (request) => isPage(request) })
          yield* work("1 minute", "10 seconds")
          assert.deepInclude(costs(pipedrive), { searches: 14, pages: 1 })
          assert.lengthOf(pipedrive.activities, 14)
        })
      )
    )
  }

  it.effect("has no times of changes is not used", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        const deals = Array.from({ length: 20 }, (_, n) => ({ id: n + 1, title: `user-${n}`, status: "open" }))
        pipedrive.injectFault(
          { kind: "respond", status: 200, body: { success: true, data: deals } },
          {
            times: Number.POSITIVE_INFINITY,
            when: ({ method, route }) => method === "GET" && route === "/api/v2/deals"
          }
        )
        yield* publish
        assert.deepInclude(costs(pipedrive), { searches: 14, pages: 0 })
      })
    )
  )

  it.effect("meets a limit goes on at the page that is missing", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        addOthers(pipedrive, 1_100)
        let pages = 0
        pipedrive.injectFault({ kind: "burst-limit" }, { when: (request) => isPage(request) && ++pages === 2 })
        yield* work("2 minutes", "10 seconds")
        assert.deepInclude(costs(pipedrive), { searches: 2, pages: 4 })
        assert.lengthOf(pipedrive.activities, 14)
        for (let n = 1; n <= 12; n++) assert.lengthOf(dealsOf(pipedrive, n), 1)
      })
    )
  )

  it.effect("shows a deal that is archived since is not asked for it again: the user gets another deal", () =>
    withUsers(12, ({ pipedrive }) =>
      Effect.gen(function* () {
        const deal = pipedrive.addDeal({ title: "user-12" })
        addOthers(pipedrive, 600)
        beforePage(pipedrive, 2, () => pipedrive.changeDeal(deal, { is_archived: true }))
        pipedrive.injectFault(refusal(400, "Archived deal cannot be modified"), {
          times: Number.POSITIVE_INFINITY,
          when: ({ body, method, route }) =>
            method === "POST" && route === "/api/v2/activities" && (body as { deal_id?: number }).deal_id === deal
        })
        yield* work("10 minutes", "1 minute")
        assert.strictEqual((yield* publicationOf("file-12.md")).state, "published")
        assert.lengthOf(dealsOf(pipedrive, 12), 2)
      })
    )
  )
})

describe("the list of open deals, by the settings", () => {
  const pipelines = {
    pipelines: [
      { id: 1, name: "Sales" },
      { id: 2, name: "Developers" }
    ],
    stages: [
      { id: 1, name: "New", pipeline_id: 1 },
      { id: 2, name: "New", pipeline_id: 2 }
    ]
  }
  const there = { pipeline_id: 2, stage_id: 2 }
  const elsewhere = { pipeline_id: 1, stage_id: 1 }

  it.effect("has the deals of the one pipeline, and those that people move there meanwhile", () =>
    withUsers(
      12,
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const moved = pipedrive.addDeal({ title: "user-3", ...elsewhere })
          pipedrive.addDeal({ title: "user-4", ...elsewhere })
          const own = pipedrive.addDeal({ title: "user-5", ...there })
          for (let n = 0; n < 600; n++) pipedrive.addDeal({ title: `Customer ${n}`, ...there })
          addOthers(pipedrive, 2_000)
          beforePage(pipedrive, 2, () => pipedrive.changeDeal(moved, there))
          yield* publish
          assert.deepInclude(costs(pipedrive), { searches: 2, pages: 2 })
          const on = (n: number) => pipedrive.activities.find(({ subject }) => subject === `file-${n}.md`)?.deal_id
          assert.deepStrictEqual([on(3), on(5)], [moved, own])
          assert.lengthOf(dealsOf(pipedrive, 4), 2)
        }),
      { env: { GITPIP_DEAL_PIPELINE: "Developers" }, pipedrive: { setup: pipelines } }
    )
  )

  it.effect("is not read again when names are found again after a refusal, and mean what they meant", () =>
    withUsers(
      12,
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          pipedrive.injectFault(refusal(400, "Validation failed: subject"), { when: createsOf("file-3.md") })
          yield* publish
          yield* waiting(github, { from: 21, to: 32 })
          yield* publish
          assert.strictEqual(pipedrive.count("GET", "/api/v2/dealFields"), 2)
          assert.deepInclude(costs(pipedrive), { searches: 2, pages: 1 })
        }),
      { env: { GITPIP_DEAL_LABELS: "Hot" } }
    )
  )

  it.effect("shows who has the login in the field, in any pipeline and with any title", () => {
    const field = "0123456789".repeat(4)
    return withUsers(
      12,
      ({ pipedrive }) =>
        Effect.gen(function* () {
          pipedrive.addDeal({ title: "user-5", ...there })
          const own = pipedrive.addDeal({ title: "Acme", custom_fields: { [field]: "User-5" }, ...elsewhere })
          for (const title of ["One", "Two"]) pipedrive.addDeal({ title, custom_fields: { [field]: "user-4" } })
          yield* publish
          assert.deepInclude(costs(pipedrive), { searches: 2, pages: 1 })
          assert.strictEqual(pipedrive.activities.find(({ subject }) => subject === "file-5.md")?.deal_id, own)
          assert.match(
            (yield* publicationOf("file-4.md")).errorMessage ?? "",
            /2 open deals that may be user-4's: "One"/
          )
        }),
      {
        env: { GITPIP_DEAL_PIPELINE: "Developers", GITPIP_DEAL_FIELD: "GitHub" },
        pipedrive: { setup: { ...pipelines, dealFields: [{ key: field, name: "GitHub" }] } }
      }
    )
  })
})
