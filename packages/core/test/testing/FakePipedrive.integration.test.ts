import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { FakePipedrive, type FakePipedriveOptions } from "../../src/testing/index.ts"
import { type Answer, type Ask, ask } from "./http.ts"

const ACTIVITIES = "/api/v2/activities"
const DEALS = "/api/v2/deals"

const unlimited: FakePipedriveOptions = { burst: false, dailyTokens: false }

const pipedrive = Effect.fnUntraced(function* (options?: FakePipedriveOptions) {
  const fake = yield* FakePipedrive.make(options)
  const deal = fake.addDeal({ title: "octocat" })
  const call = (path: string, request: Ask = {}) =>
    ask(fake, path, { ...request, headers: { "x-api-token": fake.token, ...request.headers } })
  const post = (path: string, body: unknown) => call(path, { method: "POST", body })
  const create = (subject: string, more: object = {}) => post(ACTIVITIES, { subject, type: "task", ...more })
  return { fake, deal, call, post, create }
})

const subjects = (answer: { readonly json: { readonly data: ReadonlyArray<{ readonly subject: string }> } }) =>
  answer.json.data.map(({ subject }) => subject)

describe("bodies", () => {
  it.effect("become an activity with everything else empty", () =>
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

  it.effect("that hold unknown keys or wrong types are refused with all faults, and create nothing", () =>
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

  it.effect("that are no JSON object are refused", () =>
    Effect.gen(function* () {
      const { post, call } = yield* pipedrive()
      for (const body of ["{", "[]", "null", '"a"']) assert.strictEqual((yield* post(ACTIVITIES, body)).status, 400)
      const form = { method: "POST", body: "{}", headers: { "content-type": "application/x-www-form-urlencoded" } }
      assert.strictEqual((yield* call(ACTIVITIES, form)).status, 400)
    })
  )

  it.effect("with a person are refused, since that field is read-only: participants set it", () =>
    Effect.gen(function* () {
      const { create } = yield* pipedrive()
      const refused = yield* create("a", { person_id: 1 })
      assert.deepStrictEqual([refused.status, refused.json.code], [400, "ERR_BAD_REQUEST"])
      const answer = yield* create("a", { participants: [{ person_id: 7, primary: true }] })
      assert.strictEqual(answer.json.data.person_id, 7)
    })
  )

  it.effect("without subject and type get the old defaults", () =>
    Effect.gen(function* () {
      const { post } = yield* pipedrive()
      assert.deepInclude((yield* post(ACTIVITIES, {})).json.data, { subject: "Call", type: "call" })
    })
  )

  it.effect("with text that a database would refuse, or a long subject, are refused", () =>
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

  it.effect("with a note over 100,000 bytes are refused, as sent or as cleaned", () =>
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

  it.effect("hang on a deal that exists", () =>
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

  it.effect("may be answered with 201", () =>
    Effect.gen(function* () {
      const { create, post } = yield* pipedrive({ createdStatus: 201 })
      assert.strictEqual((yield* create("a")).status, 201)
      assert.strictEqual((yield* post(DEALS, { title: "a" })).status, 201)
    })
  )
})

describe("lists", () => {
  it.effect("are cut into pages that overlap nowhere and miss nothing", () =>
    Effect.gen(function* () {
      const { deal, call, create } = yield* pipedrive(unlimited)
      for (let n = 0; n < 7; n++) {
        yield* create(`${n}`, { deal_id: deal, due_date: `2026-11-${n % 2 === 0 ? 10 : 20}` })
        if (n % 3 === 0) yield* TestClock.adjust("1 second")
      }
      yield* call(`${ACTIVITIES}/2`, { method: "PATCH", body: { done: true } })
      const walk = Effect.fnUntraced(function* (query: string) {
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
      assert.strictEqual(yield* walk(""), "0123456")
      assert.strictEqual(yield* walk(`deal_id=${deal}&sort_direction=desc`), "6543210")
      assert.strictEqual(yield* walk(`deal_id=${deal}&sort_by=add_time&sort_direction=desc`), "6543210")
      assert.strictEqual(yield* walk("sort_by=due_date"), "0246135")
      assert.strictEqual(yield* walk("sort_by=due_date&sort_direction=desc"), "5316420")
      assert.strictEqual(yield* walk("sort_by=update_time&sort_direction=desc"), "1654320")
    })
  )

  it.effect("hide what is deleted, and stay right when rows go between two pages", () =>
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

  it.effect("filter by deal, owner, state and time of change", () =>
    Effect.gen(function* () {
      const { fake, deal, call, create } = yield* pipedrive()
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

  it.effect("refuse what they do not know", () =>
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

  it.effect("refuse a cursor of another order", () =>
    Effect.gen(function* () {
      const { call, create } = yield* pipedrive()
      for (const subject of ["0", "1"]) yield* create(subject)
      const { json } = yield* call(`${ACTIVITIES}?limit=1`)
      const path = `${ACTIVITIES}?limit=1&sort_direction=desc&cursor=${json.additional_data.next_cursor}`
      assert.strictEqual((yield* call(path)).status, 400)
    })
  )

  it.effect("may lag behind a create", () =>
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

  it.effect("of deals leave out archived and deleted ones, unless asked for", () =>
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

describe("search", () => {
  const search = (query: string) => `${DEALS}/search?${query}`
  const found = (answer: { readonly json: { data: { items: ReadonlyArray<{ item: { title: string } }> } } }) =>
    answer.json.data.items.map(({ item }) => item.title)

  it.effect("finds a whole title without case, or a part of one", () =>
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

  it.effect("looks into custom fields and notes unless told not to", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post } = yield* pipedrive()
      fake.addDeal({ title: "field", custom_fields: { abc: "needle" } })
      yield* post("/api/v1/notes", { content: "a needle", deal_id: deal })
      assert.deepStrictEqual(found(yield* call(search("term=needle"))), ["octocat", "field"])
      assert.deepStrictEqual(found(yield* call(search("term=needle&fields=title"))), [])
    })
  )

  it.effect("lags behind a create", () =>
    Effect.gen(function* () {
      const { call, post } = yield* pipedrive()
      yield* post(DEALS, { title: "hubot" })
      const hits = Effect.map(call(search("term=hubot")), found)
      assert.deepStrictEqual(yield* hits, [])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* hits, ["hubot"])
    })
  )

  it.effect("is paged", () =>
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

describe("version 1", () => {
  it.effect("knows the types and the caller", () =>
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

  it.effect("takes notes, cleaned, and pages them by offset", () =>
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

describe("the door", () => {
  it.effect("refuses a wrong or missing token, for free", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive()
      for (const headers of [
        { "x-api-token": "wrong" },
        { "x-api-token": "", authorization: "Bearer pipedrive-token" }
      ]) {
        const answer = yield* call(DEALS, { headers })
        assert.deepStrictEqual([answer.status, answer.headers.get("x-401-by-gw")], [401, "true"])
        assert.deepStrictEqual(answer.json, {
          success: false,
          error: "unauthorized access",
          errorCode: 401,
          error_info: "Please check developers.pipedrive.com"
        })
      }
      assert.strictEqual(fake.tokensSpent, 0)
    })
  )

  it.effect("answers unknown paths with 404 and unknown methods with 405", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive()
      assert.strictEqual((yield* call("/v1/activities")).status, 404)
      assert.strictEqual((yield* call("/api/v2/persons")).status, 404)
      assert.strictEqual((yield* call(DEALS, { method: "PUT", body: {} })).status, 405)
    })
  )
})

describe("limits", () => {
  const rate = (answer: { readonly headers: Headers }) =>
    ["limit", "remaining", "reset"].map((name) => answer.headers.get(`x-ratelimit-${name}`))
  const left = (answer: { readonly headers: Headers }) => answer.headers.get("x-daily-ratelimit-token-remaining")

  it.effect("a burst over a rolling window is refused, and its place comes back as the window moves", () =>
    Effect.gen(function* () {
      const { fake, call } = yield* pipedrive({ burst: { limit: 2, windowMillis: 2000 } })
      const get = call("/api/v1/users/me")
      assert.deepStrictEqual(rate(yield* get), ["2", "1", "2"])
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(rate(yield* get), ["2", "0", "1"])
      const refused = yield* get
      assert.deepStrictEqual([refused.status, rate(refused), left(refused)], [429, ["2", "0", "1"], "29996"])
      // Half a second later the first request has left the window, the second has not.
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(rate(yield* get), ["2", "0", "2"])
      assert.strictEqual((yield* get).status, 429)
      // Refused requests cost nothing.
      assert.strictEqual(fake.tokensSpent, 6)
    })
  )

  it.effect("searches have a window of their own", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive()
      const searches = yield* Effect.replicateEffect(call(`${DEALS}/search?term=ab`), 11)
      assert.deepStrictEqual(
        searches.map(({ status }) => status),
        [...Array.from({ length: 10 }, () => 200), 429]
      )
      assert.deepStrictEqual(rate(yield* call(DEALS)), ["20", "19", "2"])
    })
  )

  it.effect("a caller that ignores ten refusals gets a page", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive({ burst: { limit: 1, windowMillis: 2000 } })
      const get = call("/api/v1/users/me")
      yield* get
      const refusals = yield* Effect.replicateEffect(get, 11)
      assert.deepStrictEqual(
        refusals.map(({ status }) => status),
        [...Array.from({ length: 10 }, () => 429), 403]
      )
      assert.match(refusals[10]?.headers.get("content-type") ?? "", /^text\/html/)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* get).status, 200)
      assert.strictEqual((yield* get).status, 429)
    })
  )

  it.effect("every call has its price in the company's day", () =>
    Effect.gen(function* () {
      const { fake, deal, call, post, create } = yield* pipedrive({ burst: false })
      const calls = [
        [5, create("a", { deal_id: deal })],
        [10, call(ACTIVITIES)],
        [1, call(`${ACTIVITIES}/1`)],
        [5, call(`${ACTIVITIES}/1`, { method: "PATCH", body: {} })],
        [3, call(`${ACTIVITIES}/1`, { method: "DELETE" })],
        [5, post(DEALS, { title: "a" })],
        [10, call(DEALS)],
        [1, call(`${DEALS}/1`)],
        [20, call(`${DEALS}/search?term=ab`)],
        [20, call("/api/v1/activityTypes")],
        [2, call("/api/v1/users/me")],
        [10, post("/api/v1/notes", { content: "a", deal_id: deal })],
        [20, call(`/api/v1/notes?deal_id=${deal}`)]
      ] as const
      let spent = 0
      for (const [cost, request] of calls) {
        const answer = yield* request
        spent += cost
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(left(answer), `${30_000 - spent}`)
        assert.isNull(answer.headers.get("x-ratelimit-limit"))
      }
      assert.strictEqual(fake.tokensSpent, spent)
    })
  )

  it.effect("a spent budget refuses everything until midnight", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 10, 23, 23, 59))
      const { fake, create, call } = yield* pipedrive({ dailyTokens: 10 })
      assert.strictEqual(left(yield* create("a")), "5")
      assert.strictEqual(left(yield* create("b")), "0")
      for (const request of [create("c"), call("/api/v1/users/me")]) {
        const refused = yield* request
        assert.deepStrictEqual([refused.status, left(refused)], [429, "0"])
      }
      assert.lengthOf(fake.activities, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(left(yield* create("c")), "5")
      fake.setDailyTokens(0)
      assert.strictEqual((yield* create("d")).status, 429)
    })
  )

  it.effect("switched off, there are no headers", () =>
    Effect.gen(function* () {
      const { call } = yield* pipedrive(unlimited)
      const answer = yield* call("/api/v1/users/me")
      assert.deepStrictEqual([rate(answer), left(answer)], [[null, null, null], null])
    })
  )

  it.effect("can be played on request", () =>
    Effect.gen(function* () {
      const { fake, create } = yield* pipedrive()
      fake.injectFault({ kind: "burst-limit", resetInSeconds: 3 })
      fake.injectFault({ kind: "budget-spent" })
      fake.injectFault({ kind: "cloudflare-block" })
      const burst = yield* create("a")
      assert.deepStrictEqual([burst.status, rate(burst), left(burst)], [429, ["20", "0", "3"], "20000"])
      const budget = yield* create("a")
      assert.deepStrictEqual([budget.status, left(budget)], [429, "0"])
      const block = yield* create("a")
      assert.deepStrictEqual([block.status, block.json], [403, undefined])
      assert.lengthOf(fake.activities, 0)
    })
  )
})
