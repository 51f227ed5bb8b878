import { assert, layer } from "@effect/vitest"
import { Gitpip, Username } from "@gitpip/core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { allPages, found, layerRunning, problem, Running } from "./server.ts"

const names = (files: ReadonlyArray<{ filename: string }>) => files.map(({ filename }) => filename)

const visits = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return (yield* sql<{ n: number }>`select count(*) as n from visits`)[0]?.n
})

layer(layerRunning(), { excludeTestServices: true })("gists", (it) => {
  it.effect("shows what is new once to each visitor, and a visit's answer again by its id", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      yield* found("ann", 3)

      const first = yield* call("POST", "/latestgists/ANN")
      assert.strictEqual(first.status, 200)
      assert.deepStrictEqual(names(first.json), ["ann-0.txt", "ann-1.txt", "ann-2.txt"])
      assert.deepInclude(first.json[0], {
        owner: "ann",
        gist_id: github.requests.length > 0 ? first.json[0].gist_id : "",
        publication_state: "pending"
      })
      assert.match(first.json[0].raw_url, /^http/)
      const visit = first.headers.get("gitpip-visit")
      assert.match(visit ?? "", /^\d+$/)

      assert.deepStrictEqual((yield* call("POST", "/latestgists/ann")).json, [])
      assert.strictEqual((yield* call("POST", "/latestgists/ann?visitor=Bob%20B")).json.length, 3)
      const empty = yield* call("POST", "/latestgists/ann?visitor=Bob%20B")
      assert.deepStrictEqual([empty.json, empty.headers.get("gitpip-visit")], [[], null])

      const again = yield* call("GET", `/users/ann/visits/${visit}`)
      assert.deepStrictEqual(again.json.files, first.json)
      assert.strictEqual(again.json.id, Number(visit))
      assert.strictEqual(again.json.visitor, "default")
      assert.match(again.json.visited_at, /Z$/)
    })
  )

  it.effect("answers 404 with different problems for unknown users and unknown visits, and records nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      yield* found("cid", 1)
      const visit = (yield* call("POST", "/latestgists/cid")).headers.get("gitpip-visit")
      yield* call("POST", "/users/dee/900")
      const before = yield* visits
      const user = "urn:gitpip:problem:user-not-tracked"
      assert.strictEqual(problem(yield* call("POST", "/latestgists/nobody"), 404).type, user)
      assert.strictEqual(problem(yield* call("GET", "/users/nobody/gists"), 404).type, user)
      assert.strictEqual(problem(yield* call("GET", `/users/nobody/visits/${visit}`), 404).type, user)
      const none = "urn:gitpip:problem:visit-not-found"
      assert.strictEqual(problem(yield* call("GET", `/users/dee/visits/${visit}`), 404).type, none)
      assert.strictEqual(problem(yield* call("GET", "/users/cid/visits/9007199254740991"), 404).type, none)
      assert.strictEqual(yield* visits, before)
    })
  )

  it.effect("finds a visit and its answer again when the answer was lost", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      const gitpip = yield* Gitpip
      yield* found("fay", 2)
      const lost = yield* call("POST", "/latestgists/fay?visitor=eve")
      yield* call("POST", "/latestgists/fay")
      github.addGist("fay", { files: { "later.txt": "" } })
      yield* gitpip.scan({ username: Username.make("fay") })
      yield* call("POST", "/latestgists/fay?visitor=eve")
      const recorded = yield* visits
      const pages = yield* allPages("/users/fay/visits?visitor=eve&limit=1")
      assert.deepStrictEqual(
        pages.flat().map(({ visitor }) => visitor),
        ["eve", "eve"]
      )
      assert.strictEqual(String(pages[1]?.[0].id), lost.headers.get("gitpip-visit"))
      const again = yield* call("GET", `/users/fay/visits/${pages[1]?.[0].id}`)
      assert.deepStrictEqual(again.json.files, lost.json)
      assert.strictEqual((yield* allPages("/users/fay/visits")).flat().length, 1)
      assert.strictEqual(yield* visits, recorded)
    })
  )

  it.effect("answers 409 to a new visitor of a user with too many, and records nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const sql = yield* SqlClient.SqlClient
      yield* found("gil", 1)
      yield* sql`insert into visitor_positions (user_key, visitor, until_file)
        select u.key, n::text, 0 from users u, generate_series(1, 10000) n where u.username = 'gil'`
      const before = yield* visits
      const refused = problem(yield* call("POST", "/latestgists/gil?visitor=another"), 409)
      assert.strictEqual(refused.type, "urn:gitpip:problem:too-many-visitors")
      assert.match(refused.detail, /^gil has 10000 visitors/)
      assert.strictEqual(yield* visits, before)
      assert.strictEqual((yield* call("POST", "/latestgists/gil?visitor=77")).json.length, 1)
    })
  )

  it.effect("refuses bad names, visitors and visits, and records nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const before = yield* visits
      const { errors } = problem(yield* call("POST", "/latestgists/a%00b?visitor=%00"), 400)
      assert.deepStrictEqual(
        errors.map(({ path }: { path: Array<string> }) => path.join(".")),
        ["params.username", "query.visitor"]
      )
      for (const visitor of ["", "a".repeat(101), "%F0%9F%98%80", "a%2Fb", "a&visitor=b"]) {
        problem(yield* call("POST", `/latestgists/ann?visitor=${visitor}`), 400)
      }
      for (const visit of ["0", "x", "-1", "1.0"]) problem(yield* call("GET", `/users/ann/visits/${visit}`), 400)
      assert.strictEqual(yield* visits, before)
    })
  )

  it.effect("refuses a misspelt parameter of a visit, and records nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const before = yield* visits
      const { detail, errors } = problem(yield* call("POST", "/latestgists/ann?vistor=bob"), 400)
      assert.strictEqual(detail, "vistor: unknown parameter. Did you mean `visitor`? This call knows: `visitor`")
      assert.deepStrictEqual(errors[0].path, ["query", "vistor"])
      assert.strictEqual(yield* visits, before)
    })
  )

  it.effect("lists the history newest first in linked pages, and records no visit", () =>
    Effect.gen(function* () {
      yield* found("eve", 7)
      const before = yield* visits
      const pages = yield* allPages("/users/eve/gists?limit=3")
      assert.deepStrictEqual(
        pages.map(({ length }) => length),
        [3, 3, 1]
      )
      assert.deepStrictEqual(
        names(pages.flat()),
        [6, 5, 4, 3, 2, 1, 0].map((n) => `eve-${n}.txt`)
      )
      const [after] = yield* allPages(`/users/eve/gists?after=${pages[0]?.[2].id}`)
      assert.deepStrictEqual(
        names(after ?? []),
        [3, 2, 1, 0].map((n) => `eve-${n}.txt`)
      )
      assert.strictEqual(yield* visits, before)
    })
  )
})
