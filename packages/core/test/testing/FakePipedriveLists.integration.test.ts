/** Lists and searches of the Pipedrive fake. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { Answer } from "./http.ts"
import { ACTIVITIES, DEALS, pipedrive, subjects, unlimited } from "./pipedrive.ts"

describe("lists", () => {
  it.effect("Pages overlap nowhere and miss nothing, in any order", () =>
    Effect.gen(function* () {
      const { deal, call, create } = yield* pipedrive(unlimited)
      for (let n = 0; n < 7; n++) {
        yield* create(`${n}`, { deal_id: deal, due_date: `2026-11-${n % 2 === 0 ? 10 : 20}` })
        if (n % 3 === 0) yield* TestClock.adjust("1 second")
      }
      yield* call(`${ACTIVITIES}/2`, { method: "PATCH", body: { done: true } })
      const readAll = Effect.fnUntraced(function* (query: string) {
        const seen: Array<string> = []
        let cursor: string | null = ""
        while (cursor !== null) {
          const answer: Answer = yield* call(
            `${ACTIVITIES}?limit=2&${query}${cursor === "" ? "" : `&cursor=${cursor}`}`
          )
          seen.push(...subjects(answer))
          cursor = answer.json.additional_data.next_cursor
        }
        return seen.join("")
      })
      assert.strictEqual(yield* readAll(""), "0123456")
      assert.strictEqual(yield* readAll(`deal_id=${deal}&sort_direction=desc`), "6543210")
      assert.strictEqual(yield* readAll(`deal_id=${deal}&sort_by=add_time&sort_direction=desc`), "6543210")
      assert.strictEqual(yield* readAll("sort_by=due_date"), "0246135")
      assert.strictEqual(yield* readAll("sort_by=due_date&sort_direction=desc"), "5316420")
      assert.strictEqual(yield* readAll("sort_by=update_time&sort_direction=desc"), "1654320")
    })
  )

  it.effect("A list hides deleted rows, and stays complete when rows are deleted between two pages", () =>
    Effect.gen(function* () {
      const { fake, call, create } = yield* pipedrive()
      for (const subject of ["0", "1", "2", "3"]) yield* create(subject)
      const first = yield* call(`${ACTIVITIES}?limit=2`)
      fake.deleteActivity(2)
      fake.deleteActivity(3)
      const next = yield* call(`${ACTIVITIES}?limit=2&cursor=${first.json.additional_data.next_cursor}`)
      assert.deepStrictEqual([...subjects(first), ...subjects(next)], ["0", "1", "3"])
      assert.isNull(next.json.additional_data.next_cursor)
      const deleted = yield* call(`${ACTIVITIES}/2`)
      assert.deepStrictEqual([deleted.status, deleted.json.data.is_deleted], [200, true])
      assert.strictEqual((yield* call(`${ACTIVITIES}/9`)).status, 404)
      assert.strictEqual((yield* call(`${ACTIVITIES}/2`, { method: "PATCH", body: {} })).status, 404)
      assert.strictEqual((yield* call(`${ACTIVITIES}/2`, { method: "DELETE" })).status, 404)
    })
  )

  it.effect("A list filters by deal, owner, state and time of change", () =>
    Effect.gen(function* () {
      const users = [{ id: 5, name: "Ann", email: "ann@example.com", active_flag: true }]
      const { fake, deal, call, create } = yield* pipedrive({ setup: { users } })
      const other = fake.addDeal({ title: "hubot" })
      yield* create("0", { deal_id: deal, owner_id: 5 })
      yield* TestClock.adjust("10 seconds")
      yield* create("1", { deal_id: other, done: true })
      const list = (query: string) => Effect.map(call(`${ACTIVITIES}?${query}`), subjects)
      assert.deepStrictEqual(yield* list(`deal_id=${deal}`), ["0"])
      assert.deepStrictEqual(yield* list("owner_id=5"), ["0"])
      assert.deepStrictEqual(yield* list("done=true"), ["1"])
      assert.deepStrictEqual(yield* list("ids=2,9"), ["1"])
      assert.deepStrictEqual(yield* list("updated_since=1970-01-01T00:00:10Z"), ["1"])
      assert.deepStrictEqual(yield* list("updated_until=1970-01-01T00:00:10Z"), ["0"])
      // A saved filter switches the others off.
      assert.deepStrictEqual(yield* list(`filter_id=1&deal_id=${deal}`), ["0", "1"])
      // The index follows an activity to another deal.
      yield* call(`${ACTIVITIES}/2`, { method: "PATCH", body: { deal_id: deal } })
      assert.deepStrictEqual(yield* list(`deal_id=${deal}`), ["0", "1"])
      assert.deepStrictEqual(yield* list(`deal_id=${other}`), [])
    })
  )

  it.effect("A list refuses parameters that it does not know", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive(unlimited)
      for (const query of [
        "type=task",
        "limit=0",
        "limit=501",
        "deal_id=x",
        "done=1",
        "sort_by=subject",
        "cursor=nonsense",
        "updated_since=1970-01-01T00:00:00.000Z",
        "api_token=pipedrive-token"
      ]) {
        const answer = yield* call(`${ACTIVITIES}?${query}`)
        assert.deepStrictEqual([answer.status, answer.json.code], [400, "ERR_SCHEMA_VALIDATION_FAILED"], query)
      }
      assert.strictEqual((yield* call(`${ACTIVITIES}?limit=500`)).status, 200)
      assert.strictEqual((yield* call(`${DEALS}/search?term=ab&limit=101`)).status, 400)
    })
  )

  it.effect("A list refuses a cursor of another order", () =>
    Effect.gen(function* () {
      const { call, create } = yield* pipedrive()
      for (const subject of ["0", "1"]) yield* create(subject)
      const { json } = yield* call(`${ACTIVITIES}?limit=1`)
      const path = `${ACTIVITIES}?limit=1&sort_direction=desc&cursor=${json.additional_data.next_cursor}`
      assert.strictEqual((yield* call(path)).status, 400)
    })
  )

  it.effect("A list shows a new row after the lag that the option gives", () =>
    Effect.gen(function* () {
      const { fake, call, create } = yield* pipedrive({ listLagMillis: 3000 })
      yield* create("0")
      assert.deepStrictEqual(subjects(yield* call(ACTIVITIES)), [])
      assert.lengthOf(fake.activities, 1)
      assert.strictEqual((yield* call(`${ACTIVITIES}/1`)).status, 200)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(subjects(yield* call(ACTIVITIES)), ["0"])
    })
  )

  it.effect("A list of deals leaves out archived and deleted deals, unless the query asks for them", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post } = yield* pipedrive()
      fake.addDeal({ title: "archived", is_archived: true })
      fake.addDeal({ title: "won", status: "won" })
      yield* post(DEALS, { title: "gone" })
      yield* call(`${DEALS}/4`, { method: "DELETE" })
      const titles = (query: string) =>
        Effect.map(call(`${DEALS}${query}`), ({ json }) => json.data.map((one: { title: string }) => one.title))
      assert.deepStrictEqual(yield* titles(""), ["octocat", "won"])
      assert.deepStrictEqual(yield* titles("?status=won,deleted"), ["won", "gone"])
      assert.strictEqual((yield* call(`${DEALS}/4`)).json.data.is_deleted, true)
      yield* call(`${DEALS}/${deal}`, { method: "PATCH", body: { title: "renamed" } })
      assert.strictEqual(fake.deals[0]?.title, "renamed")
    })
  )
})

it.effect("An archived deal refuses each change but the end of its archiving", () =>
  Effect.gen(function* () {
    const { fake, call } = yield* pipedrive()
    const archived = fake.addDeal({ title: "archived", is_archived: true })
    const change = (body: object) =>
      Effect.map(call(`${DEALS}/${archived}`, { method: "PATCH", body }), ({ status }) => status)
    assert.strictEqual(yield* change({ title: "renamed" }), 400)
    assert.strictEqual(yield* change({ is_archived: true }), 400)
    assert.strictEqual(fake.deals.at(-1)?.title, "archived")
    assert.strictEqual(yield* change({ is_archived: false, title: "renamed" }), 200)
    assert.strictEqual(yield* change({ title: "again" }), 200)
  })
)

describe("search", () => {
  const search = (query: string) => `${DEALS}/search?${query}`
  const found = (answer: { readonly json: { data: { items: ReadonlyArray<{ item: { title: string } }> } } }) =>
    answer.json.data.items.map(({ item }) => item.title)

  it.effect("A search finds a whole title without case, or a part of a title", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive()
      fake.addDeal({ title: "Octocat" })
      fake.addDeal({ title: "octocat & sons", status: "lost" })
      assert.deepStrictEqual(found(yield* call(search("term=OCTOCAT&exact_match=true&fields=title"))), [
        "octocat",
        "Octocat"
      ])
      assert.deepStrictEqual(found(yield* call(search("term=cat%20%26&fields=title"))), ["octocat & sons"])
      assert.deepStrictEqual(found(yield* call(search("term=octocat&status=lost"))), ["octocat & sons"])
      assert.strictEqual((yield* call(search("term=o"))).status, 400)
    })
  )

  it.effect("A search covers custom fields and notes unless the query limits it", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post } = yield* pipedrive()
      fake.addDeal({ title: "field", custom_fields: { abc: "needle" } })
      yield* post("/api/v1/notes", { content: "a needle", deal_id: deal })
      assert.deepStrictEqual(found(yield* call(search("term=needle"))), ["octocat", "field"])
      assert.deepStrictEqual(found(yield* call(search("term=needle&fields=title"))), [])
    })
  )

  it.effect("A search finds a new deal after the lag", () =>
    Effect.gen(function* () {
      const { call, post } = yield* pipedrive()
      yield* post(DEALS, { title: "hubot" })
      const hits = Effect.map(call(search("term=hubot")), found)
      assert.deepStrictEqual(yield* hits, [])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* hits, ["hubot"])
    })
  )

  it.effect("A search answers in pages", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive()
      fake.addDeal({ title: "octocat" })
      const first = yield* call(search("term=octocat&limit=1"))
      assert.lengthOf(found(first), 1)
      const cursor = first.json.additional_data.next_cursor
      const second = yield* call(search(`term=octocat&limit=1&cursor=${cursor}`))
      assert.lengthOf(found(second), 1)
      assert.isNull(second.json.additional_data.next_cursor)
      assert.notStrictEqual(first.json.data.items[0].item.id, second.json.data.items[0].item.id)
    })
  )
})
