/** The calls of the client: what they send, cost and answer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Tracer } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { fileUrl } from "../../src/domain/GistFile.ts"
import { fromFile } from "../../src/pipedrive/activity.ts"
import { makePipedrive, pipedriveToken, reasonOf } from "../net/clients.ts"
import { activity, newest, none, world } from "./client.ts"

describe("each call", () => {
  it.effect(
    "passes Pipedrive's strict checks, costs its documented price, and carries the token in a header only",
    () =>
      Effect.gen(function* () {
        const { deal, pipedrive, fake } = yield* world()
        const price = Effect.fnUntraced(function* <A, E>(tokens: number, call: Effect.Effect<A, E>) {
          const before = fake.tokensSpent
          const result = yield* call
          assert.strictEqual(fake.tokensSpent - before, tokens)
          return result
        })
        const id = yield* price(
          5,
          pipedrive.createActivity(activity(deal, { subject: "😀 <b>", done: true, note: "<b>n</b>" }))
        )
        assert.deepInclude(fake.activities[0], {
          id,
          subject: "😀 <b>",
          type: "task",
          deal_id: deal,
          due_date: "2026-01-02",
          done: true,
          note: "<b>n</b>"
        })
        const { items } = yield* price(10, newest(pipedrive, deal))
        assert.deepStrictEqual(
          items.map(({ id, note }) => [id, note]),
          [[id, "<b>n</b>"]]
        )
        assert.strictEqual(Option.getOrThrow(yield* price(1, pipedrive.activity(id))).deal_id, deal)
        yield* price(3, pipedrive.deleteActivity(id))

        const { id: made } = yield* price(5, pipedrive.createDeal({ title: "monalisa" }))
        assert.strictEqual((yield* price(1, pipedrive.deal(made))).pipe(Option.getOrThrow).title, "monalisa")
        assert.deepStrictEqual(
          (yield* price(10, pipedrive.newestDeals(none))).items.map(({ id }) => id),
          [made, deal]
        )
        assert.deepStrictEqual(
          (yield* price(20, pipedrive.searchDeals("OCTOCAT", { isWholeTitle: true }))).items.map(({ id, title }) => [
            id,
            title
          ]),
          [[deal, "octocat"]]
        )
        const note = yield* price(10, pipedrive.createNote({ deal_id: made, content: "<b>c</b>" }))
        assert.deepStrictEqual(
          (yield* price(20, pipedrive.notesOf({ deal_id: made }))).map(({ content, id }) => [id, content]),
          [[note, "<b>c</b>"]]
        )
        assert.includeMembers(
          (yield* price(20, pipedrive.activityTypes)).map(({ key }) => key),
          ["task", "call"]
        )
        assert.deepStrictEqual(yield* price(10, pipedrive.pipelines), [{ id: 1, name: "Pipeline" }])
        assert.deepInclude((yield* price(10, pipedrive.stages))[1], { id: 2, name: "Contact Made", pipelineId: 1 })
        assert.deepStrictEqual(yield* price(20, pipedrive.users), [{ id: 11, name: "Fake", email: "fake@example.com" }])
        const { labels, visibilities } = yield* price(10, pipedrive.dealChoices)
        assert.deepStrictEqual(
          [labels[0], visibilities[0]],
          [
            { id: 21, name: "Hot" },
            { id: 1, name: "Item owner" }
          ]
        )
        assert.deepInclude((yield* price(10, pipedrive.priorities))[2], { id: 403, name: "Low" })
        yield* price(3, pipedrive.deleteDeal(made))

        for (const { headers, path, query, status } of fake.requests) {
          assert.strictEqual(status, 200)
          assert.strictEqual(headers["x-api-token"], pipedriveToken)
          assert.strictEqual(headers["user-agent"], "gitpip")
          assert.notInclude(path + JSON.stringify(query), pipedriveToken)
        }
      })
  )

  it.effect("accepts both statuses of a successful creation", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ createdStatus: 201 })
      assert.strictEqual(yield* pipedrive.createActivity(activity(deal)), fake.activities[0]?.id)
    })
  )

  it.effect("sends the largest activity that a file can become", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const filename = "長".repeat(600)
      const { note, subject } = fromFile({
        filename,
        htmlUrl: fileUrl("https://gist.github.com/octocat/0123", filename),
        description: '"'.repeat(5_000),
        type: null,
        size: 2_000_000,
        content: { _tag: "Text", text: "<\ud800\t".repeat(100_000), partial: false }
      })
      yield* pipedrive.createActivity(activity(deal, { note, subject }))
      assert.lengthOf(fake.activities, 1)
    })
  )
})

describe("lists", () => {
  it.effect("are read newest first, page by page, to their end", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world({ burst: false, dailyTokens: false })
      const ids: Array<number> = []
      for (let n = 0; n < 501; n++) {
        yield* TestClock.adjust("1 second")
        ids.push(yield* pipedrive.createActivity(activity(deal)))
      }
      fake.clearRequests()
      const first = yield* newest(pipedrive, deal)
      assert.isTrue(Option.isSome(first.cursor))
      const second = yield* pipedrive.activitiesOfDeal(deal, first.cursor)
      assert.deepStrictEqual(
        [...first.items, ...second.items].map(({ id }) => id),
        ids.toReversed()
      )
      assert.deepStrictEqual([first.items.length, second.items.length, second.cursor], [500, 1, none])
    })
  )

  it.effect("of nothing are empty, also when Pipedrive says so with null", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      assert.deepStrictEqual(yield* newest(pipedrive, deal), { items: [], cursor: none })
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data: null } })
      assert.deepStrictEqual(yield* newest(pipedrive, deal), { items: [], cursor: none })
    })
  )

  it.effect("of what the company set up are read to their end", () =>
    Effect.gen(function* () {
      const stages = Array.from({ length: 1_001 }, (_, n) => ({ id: n + 1, name: `Stage ${n}`, pipeline_id: 1 }))
      const { pipedrive, fake } = yield* world({ setup: { stages } })
      assert.strictEqual((yield* pipedrive.stages).length, 1_001)
      assert.strictEqual(fake.count("GET", "/api/v2/stages"), 3)
    })
  )

  it.effect("of users leave out those who are deactivated", () =>
    Effect.gen(function* () {
      const users = [true, false].map((active_flag, id) => ({
        id,
        name: `U${id}`,
        email: "u@example.com",
        active_flag
      }))
      const { pipedrive } = yield* world({ setup: { users } })
      assert.deepStrictEqual(
        (yield* pipedrive.users).map(({ id }) => id),
        [0]
      )
    })
  )

  it.effect("of activity types leave out the inactive", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      const data = [
        { id: 7, name: "On", key_string: "on", active_flag: true },
        { key_string: "off", active_flag: false },
        { key_string: "old" }
      ]
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data } })
      assert.deepStrictEqual(yield* pipedrive.activityTypes, [
        { key: "on", id: 7, name: "On" },
        { key: "old", id: undefined, name: "" }
      ])
    })
  )
})

describe("an item that does not exist", () => {
  it.effect("is NotFound for an activity's deal, nothing for a deal, and done for a deletion", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      const id = yield* pipedrive.createActivity(activity(deal))
      for (let times = 0; times < 2; times++) yield* pipedrive.deleteActivity(id)
      yield* pipedrive.deleteActivity(999)
      for (let times = 0; times < 2; times++) yield* pipedrive.deleteDeal(deal)
      assert.lengthOf(fake.activities, 0)
      assert.deepStrictEqual(yield* pipedrive.deal(deal), Option.none())
      assert.deepStrictEqual(yield* pipedrive.deal(999), Option.none())
      assert.strictEqual((yield* reasonOf(pipedrive.createActivity(activity(deal))))._tag, "NotFound")
    })
  )

  it.effect("is not proven by a page in Pipedrive's place", () =>
    Effect.gen(function* () {
      const { deal, pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "html", status: 404 }, { times: 4 })
      for (const call of [
        pipedrive.deleteActivity(1),
        pipedrive.deleteDeal(deal),
        pipedrive.deal(deal),
        pipedrive.createActivity(activity(deal))
      ]) {
        const reason = yield* reasonOf(call)
        assert.isTrue(reason._tag === "Forbidden" && reason.isPage)
      }
    })
  )

  it.effect("may be a deal that Pipedrive shows as deleted", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      fake.injectFault({
        kind: "status",
        status: 200,
        body: { success: true, data: { id: 5, title: "x", is_deleted: true } }
      })
      assert.deepStrictEqual(yield* pipedrive.deal(5), Option.none())
    })
  )
})

describe("traces", () => {
  it.effect("of a program that records headers hide the token", () =>
    Effect.gen(function* () {
      const { deal, pipedrive } = yield* world()
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* pipedrive.createActivity(activity(deal)).pipe(
        Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      const attributes = spans.flatMap((span) => [...span.attributes])
      assert.isTrue(attributes.some(([name]) => name === "http.request.header.x-api-token"))
      assert.notInclude(JSON.stringify(attributes), pipedriveToken)
    })
  )
})

describe("the limit key", () => {
  it.effect("differs with token and origin, and reveals neither", () =>
    Effect.gen(function* () {
      const limitKey = (url: string, token: string) =>
        Effect.map(makePipedrive(url, { token }), (pipedrive) => pipedrive.limitKey)
      const limits = yield* Effect.all([
        limitKey("https://a.test", "1"),
        limitKey("https://a.test", "2"),
        limitKey("https://b.test", "1")
      ])
      assert.strictEqual(new Set(limits).size, 3)
      assert.strictEqual(yield* limitKey("https://a.test", "1"), limits[0])
      for (const name of limits) assert.match(name, /^pipedrive:[0-9a-f]{16}$/)
    })
  )
})
