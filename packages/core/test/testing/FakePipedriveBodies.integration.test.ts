/** Bodies that the Pipedrive fake accepts or refuses, and version 1 of the API. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ACTIVITIES, DEALS, pipedrive, unlimited } from "./pipedrive.ts"

describe("bodies", () => {
  it.effect("A body becomes an activity with all other fields empty", () =>
    Effect.gen(function* () {
      const { fake, deal, create } = yield* pipedrive()
      const answer = yield* create("a.ts", { deal_id: deal, due_date: "2026-11-23", done: true, note: "n" })
      assert.strictEqual(answer.status, 200)
      assert.isTrue(answer.json.success)
      assert.deepInclude(answer.json.data, {
        id: 1,
        subject: "a.ts",
        deal_id: deal,
        due_date: "2026-11-23",
        done: true,
        marked_as_done_time: "1970-01-01T00:00:00Z",
        note: "n",
        lead_id: null,
        is_deleted: false
      })
      assert.deepStrictEqual(fake.activities[0], answer.json.data)
    })
  )

  it.effect("A body with unknown keys or wrong types is refused with all faults, and creates nothing", () =>
    Effect.gen(function* () {
      const { fake, create } = yield* pipedrive(unlimited)
      const answer = yield* create("a", { user_id: 1, deal_id: "1", done: 1, due_date: "2026-11-23T00:00:00Z" })
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(answer.json.code, "ERR_SCHEMA_VALIDATION_FAILED")
      assert.isFalse(answer.json.success)
      assert.match(
        answer.json.error,
        /^Validation failed: user_id: Parameter 'user_id' is not allowed for this request; deal_id: [^;]+; done: [^;]+; due_date: [^;]+$/
      )
      for (const wrong of [
        { deal_id: null },
        { note: 1 },
        { priority: 1.5 },
        { type: "nonsense" },
        { due_date: "2026-13-01" },
        { due_time: "9:00" },
        { participants: [{ person_id: "1" }] },
        { participants: [{ primary_flag: true }] },
        { location: "here" },
        { update_time: "2026-11-23T00:00:00Z" },
        { ["__proto__"]: {} }
      ]) {
        assert.strictEqual((yield* create("a", wrong)).status, 400, JSON.stringify(wrong))
      }
      assert.lengthOf(fake.activities, 0)
      // The one field that may be `null`.
      assert.strictEqual((yield* create("a", { outcome: null })).status, 200)
    })
  )

  it.effect("A body that is no JSON object is refused", () =>
    Effect.gen(function* () {
      const { post, call } = yield* pipedrive()
      for (const body of ["{", "[]", "null", '"a"']) assert.strictEqual((yield* post(ACTIVITIES, body)).status, 400)
      const form = { method: "POST", body: "{}", headers: { "content-type": "application/x-www-form-urlencoded" } }
      assert.strictEqual((yield* call(ACTIVITIES, form)).status, 400)
    })
  )

  it.effect("A body with the read-only `person_id` is refused, and participants set the field", () =>
    Effect.gen(function* () {
      const { create, fake } = yield* pipedrive()
      const person = fake.addPerson({ name: "Ann" })
      const refused = yield* create("a", { person_id: person })
      assert.deepStrictEqual([refused.status, refused.json.code], [400, "ERR_BAD_REQUEST"])
      const answer = yield* create("a", { participants: [{ person_id: person, primary: true }] })
      assert.strictEqual(answer.json.data.person_id, person)
    })
  )

  it.effect("A body without subject and type gets the old defaults", () =>
    Effect.gen(function* () {
      const { post } = yield* pipedrive()
      assert.deepInclude((yield* post(ACTIVITIES, {})).json.data, { subject: "Call", type: "call" })
    })
  )

  it.effect("A body with text that a database would refuse, or with a long subject, is refused", () =>
    Effect.gen(function* () {
      const { create, post } = yield* pipedrive(unlimited)
      for (const text of ["zero\u0000", "\ud800 half", "half \udc00"]) {
        assert.strictEqual((yield* create(text)).status, 400)
        assert.strictEqual((yield* create("a", { note: text })).status, 400)
        assert.strictEqual((yield* post(DEALS, { title: text })).status, 400)
      }
      assert.strictEqual((yield* create("😀".repeat(127))).status, 200)
      assert.strictEqual((yield* create("n".repeat(255))).status, 200)
      assert.strictEqual((yield* create("n".repeat(256))).status, 400)
      assert.strictEqual((yield* post(DEALS, { title: "n".repeat(256) })).status, 400)
    })
  )

  it.effect("A note of more than 100,000 bytes is refused, as sent or as cleaned", () =>
    Effect.gen(function* () {
      const { create } = yield* pipedrive(unlimited)
      assert.strictEqual((yield* create("a", { note: "é".repeat(50_000) })).status, 200)
      assert.strictEqual((yield* create("a", { note: `${"é".repeat(50_000)}a` })).status, 400)
      assert.strictEqual((yield* create("a", { note: "&".repeat(20_001) })).status, 400)
      assert.strictEqual((yield* create("a", { note: `<!--${"a".repeat(100_000)}-->` })).status, 400)
      const other = yield* pipedrive({ noteTooLargeStatus: 413 })
      assert.strictEqual((yield* other.create("a", { note: "a".repeat(100_001) })).status, 413)
    })
  )

  it.effect("An activity needs a deal that exists", () =>
    Effect.gen(function* () {
      const { fake, deal, create } = yield* pipedrive()
      assert.strictEqual((yield* create("a", { deal_id: 99 })).status, 404)
      fake.deleteDeal(deal)
      assert.strictEqual((yield* create("a", { deal_id: deal })).status, 404)
      assert.lengthOf(fake.activities, 0)
      const other = yield* pipedrive({ missingDealStatus: 400 })
      assert.strictEqual((yield* other.create("a", { deal_id: 99 })).status, 400)
    })
  )

  it.effect("A create is answered with 201 when the option says so", () =>
    Effect.gen(function* () {
      const { create, post } = yield* pipedrive({ createdStatus: 201 })
      assert.strictEqual((yield* create("a")).status, 201)
      assert.strictEqual((yield* post(DEALS, { title: "a" })).status, 201)
    })
  )
})

describe("version 1", () => {
  it.effect("Version 1 of the API knows the types and the caller", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive()
      const types = yield* call("/api/v1/activityTypes")
      assert.include(
        types.json.data.map((type: { key_string: string }) => type.key_string),
        "task"
      )
      assert.strictEqual((yield* call("/api/v1/users/me")).json.data.company_domain, "example")
    })
  )

  it.effect("Notes are stored as cleaned, and listed in pages by offset", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post } = yield* pipedrive(unlimited)
      for (const n of [0, 1, 2]) yield* post("/api/v1/notes", { content: `${n}<!-- x --> & more`, deal_id: deal })
      assert.strictEqual((yield* post("/api/v1/notes", { content: "a" })).status, 400)
      assert.strictEqual((yield* post("/api/v1/notes", { deal_id: deal })).status, 400)
      assert.strictEqual((yield* post("/api/v1/notes", { content: "a", deal_id: 99 })).status, 404)
      assert.strictEqual((yield* post("/api/v1/notes", { content: "a".repeat(100_001), deal_id: deal })).status, 400)
      assert.deepStrictEqual(
        fake.notes.map((note) => note.content),
        ["0 &amp; more", "1 &amp; more", "2 &amp; more"]
      )
      const page = yield* call(`/api/v1/notes?deal_id=${deal}&start=1&limit=1`)
      assert.deepStrictEqual(page.json.additional_data.pagination, {
        start: 1,
        limit: 1,
        more_items_in_collection: true,
        next_start: 2
      })
      assert.strictEqual(page.json.data[0].id, 2)
    })
  )
})
