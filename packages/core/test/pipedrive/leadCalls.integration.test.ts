/** The calls about leads: what they send, cost and answer. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { none, world } from "./client.ts"

const start = DateTime.makeUnsafe(0)

describe("each call about leads", () => {
  it.effect("passes Pipedrive's strict checks, and costs the price of version 1", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      const price = Effect.fnUntraced(function* <A, E>(tokens: number, call: Effect.Effect<A, E>) {
        const before = fake.tokensSpent
        const result = yield* call
        assert.strictEqual(fake.tokensSpent - before, tokens)
        return result
      })
      const [label] = yield* price(20, pipedrive.leadLabels)
      assert.deepStrictEqual(label, { id: "f08b42a0-4e75-11ea-9643-03698ef1cfd6", name: "Hot" })
      const lead = {
        title: "a.md",
        person_id: fake.addPerson({ name: "Ann" }),
        organization_id: fake.addOrganization({ name: "Example" }),
        owner_id: 11,
        label_ids: [label?.id ?? ""],
        visible_to: "1",
        origin_id: "gitpip-0123456789"
      }
      const id = yield* price(10, pipedrive.createLead(lead))
      assert.deepInclude({ ...fake.leads[0] }, { ...lead, id })
      const shown = { id, title: "a.md", origin_id: "gitpip-0123456789", add_time: "1970-01-01T00:00:00Z" }
      assert.deepStrictEqual(yield* price(20, pipedrive.newestLeads(start, none)), { items: [shown], cursor: none })
      assert.deepStrictEqual(yield* price(20, pipedrive.archivedLeads(none)), { items: [], cursor: none })
      fake.changeLead(id, { is_archived: true })
      assert.deepStrictEqual(yield* price(20, pipedrive.newestLeads(start, none)), { items: [], cursor: none })
      assert.deepStrictEqual(yield* price(20, pipedrive.archivedLeads(none)), { items: [shown], cursor: none })
      fake.changeLead(id, { is_archived: false })
      const note = yield* price(10, pipedrive.createNote({ lead_id: id, content: "c" }))
      yield* pipedrive.createNote({ deal_id: fake.addDeal({ title: "d" }), content: "of a deal" })
      assert.deepStrictEqual(yield* price(20, pipedrive.notesOf({ lead_id: id })), [{ id: note, content: "c" }])
      yield* price(6, pipedrive.deleteLead(id))
      yield* price(6, pipedrive.deleteLead(id))
      assert.lengthOf(fake.leads, 0)
    })
  )

  it.effect("is refused for an organization that is not there", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      const person_id = fake.addPerson({ name: "Ann" })
      const lead = { title: "a", person_id, organization_id: 7, origin_id: "o" }
      const { reason } = yield* Effect.flip(pipedrive.createLead(lead))
      assert.deepStrictEqual([reason._tag, fake.leads.length], ["Refused", 0])
      assert.match(reason.message, /Organization not found/)
    })
  )

  it.effect("takes a creation without an id in its answer for an unknown outcome", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "status", status: 201, body: { success: true, data: {} } })
      const { reason } = yield* Effect.flip(pipedrive.createLead({ title: "a", person_id: 1, origin_id: "o" }))
      assert.strictEqual(reason._tag, "OutcomeUnknown")
    })
  )
})

describe("a list of leads", () => {
  it.effect("is read newest first, page by page, to its end", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world({ burst: false, dailyTokens: false })
      const person_id = fake.addPerson({ name: "Ann" })
      const ids: Array<string> = []
      for (let n = 0; n < 501; n++) {
        yield* TestClock.adjust("1 second")
        ids.push(yield* pipedrive.createLead({ title: `${n}`, person_id, origin_id: `${n}` }))
      }
      const first = yield* pipedrive.newestLeads(start, none)
      const second = yield* pipedrive.newestLeads(start, first.cursor)
      assert.deepStrictEqual(
        [...first.items, ...second.items].map(({ id }) => id),
        ids.toReversed()
      )
      assert.deepStrictEqual([first.items.length, second.items.length, second.cursor], [500, 1, none])
      // Only what has changed since, on whole seconds.
      const since = DateTime.makeUnsafe(500_700)
      assert.deepStrictEqual(
        (yield* pipedrive.newestLeads(since, none)).items.map(({ title }) => title),
        ["500", "499"]
      )
    })
  )

  for (const [what, additional_data, cursor] of [
    ["in a part of its own", { pagination: { more_items_in_collection: true } }, Option.some("1")],
    ["beside the leads", { more_items_in_collection: true }, Option.some("1")],
    [
      "that says where the next page begins",
      { pagination: { more_items_in_collection: true, next_start: 500 } },
      Option.some("500")
    ],
    ["that leads to the same page", { pagination: { more_items_in_collection: true, next_start: 0 } }, none],
    ["at its end", { pagination: { more_items_in_collection: false } }, none],
    ["left out", undefined, none],
    ["null", null, none]
  ] as const) {
    it.effect(`is read with its paging ${what}`, () =>
      Effect.gen(function* () {
        const { pipedrive, fake } = yield* world()
        const data = [{ id: "adf21080-0e10-11eb-879b-05d71fb426ec", title: "a", origin_id: null }]
        fake.injectFault({ kind: "status", status: 200, body: { success: true, data, additional_data } })
        const page = yield* pipedrive.newestLeads(start, none)
        assert.deepStrictEqual([page.items.length, page.cursor], [1, cursor])
      })
    )
  }

  it.effect("of nothing is empty, also when Pipedrive says so with null", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data: null } })
      assert.deepStrictEqual(yield* pipedrive.archivedLeads(none), { items: [], cursor: none })
    })
  )

  it.effect("ends with a page that is empty, although Pipedrive says that there is more", () =>
    Effect.gen(function* () {
      const { pipedrive, fake } = yield* world()
      const additional_data = { pagination: { more_items_in_collection: true } }
      fake.injectFault({ kind: "status", status: 200, body: { success: true, data: [], additional_data } })
      assert.deepStrictEqual(yield* pipedrive.archivedLeads(none), { items: [], cursor: none })
    })
  )
})
