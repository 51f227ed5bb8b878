import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { allPages, layerRunning, problem, Running } from "./server.ts"

const trackedRows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return (yield* sql<{ n: number }>`select count(*) as n from users`)[0]?.n
})

layer(layerRunning(), { excludeTestServices: true })("users", (it) => {
  it.effect("takes a name in each form that people paste", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const [index, pasted] of ["@hubot", "https://github.com/HUBOT", "github.com/hubot/"].entries()) {
        const { json, status } = yield* call("POST", `/users/${encodeURIComponent(pasted)}`)
        assert.deepStrictEqual([status, json.login], [index === 0 ? 201 : 200, "hubot"])
      }
      assert.strictEqual((yield* call("GET", "/users/@HuBot")).json.user.login, "hubot")
      const names = yield* call("GET", `/names?names=@hubot,${encodeURIComponent("https://gist.github.com/ann")}`)
      assert.deepStrictEqual(
        names.json.map(({ name }: { readonly name: string }) => name),
        ["hubot", "ann"]
      )
      for (const wrong of ["@", "https://example.com/hubot", "https://github.com/hubot/repo"]) {
        problem(yield* call("POST", `/users/${encodeURIComponent(wrong)}`), 400)
      }
      yield* call("DELETE", "/users/@hubot/data")
    })
  )

  it.effect("tracks, knows again, shows and forgets a user", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [])

      const created = yield* call("POST", "/users/octocat/7")
      assert.strictEqual(created.status, 201)
      assert.strictEqual(created.headers.get("content-type"), "application/json")
      const { tracked_at, ...user } = created.json
      assert.match(tracked_at, /^\d{4}-\d\d-\d\dT.*Z$/)
      assert.deepStrictEqual(user, {
        login: "octocat",
        id: 7,
        github_id: null,
        state: "new",
        checked_at: null,
        failures: 0,
        retry_at: null,
        error_reason: null,
        error_message: null
      })

      const again = yield* call("POST", "/users/OCTOCAT/7")
      assert.strictEqual(again.status, 200)
      assert.deepStrictEqual(again.json, created.json)
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [created.json])

      // Nothing is published here, so that no deal is asked for.
      const placed = yield* call("POST", "/users/OCTOCAT?deal=12&person=34")
      assert.deepStrictEqual([placed.status, placed.headers.get("gitpip-unused")], [200, null])
      const { deal_id, person_id } = (yield* call("GET", "/users/octocat")).json
      assert.deepStrictEqual([deal_id, person_id], [12, 34])
      problem(yield* call("POST", "/users/hubot?deal=x"), 400)
      const wrong = problem(yield* call("POST", "/users/hubot?forks=none&include=a,,b&max_file_size=1"), 400)
      assert.include(JSON.stringify(wrong), "forks: must be `publish`, `skip` or `default`")
      assert.include(JSON.stringify(wrong), "max_file_size: must be a whole number of `B`, `KB` or `MB`")
      yield* call("POST", "/users/octocat?deal=default&include=*.md&max_file_size=5%20KB")
      yield* call("POST", "/users/octocat?include=default")

      const details = yield* call("GET", "/users/Octocat")
      assert.deepStrictEqual(details.json, {
        user: created.json,
        profile: null,
        deal_id: null,
        is_deal_chosen: false,
        person_id: 34,
        is_person_chosen: true,
        unused_choices: [],
        rules: { include: null, exclude: null, languages: null, max_file_size: "5 KB", forks: null },
        counts: { files: 0, pending: 0, sending: 0, published: 0, failed: 0, gone: 0, skipped: 0 }
      })

      const gone = yield* call("DELETE", "/users/octocat")
      assert.strictEqual(gone.status, 200)
      assert.deepStrictEqual(gone.json, created.json)
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [])
      for (const method of ["GET", "DELETE"]) {
        const { type, detail } = problem(yield* call(method, "/users/octocat"), 404)
        assert.strictEqual(type, "urn:gitpip:problem:user-not-tracked")
        assert.include(detail, "octocat")
        assert.strictEqual(detail.includes("Track it first"), method === "GET")
      }
    })
  )

  it.effect("shows a user's public profile, and erases what is stored about the user", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const sql = yield* SqlClient.SqlClient
      yield* call("POST", "/users/mona/77")
      yield* sql`
        update profiles set name = 'Mona', email = 'mona@example.com', account_created_at = '2008-01-14', read_at = now()
        where user_key = (select key from users where id = 77)`
      const { json } = yield* call("GET", "/users/mona")
      assert.deepStrictEqual(json.profile, {
        name: "Mona",
        email: "mona@example.com",
        company: null,
        location: null,
        website: null,
        bio: null,
        account_created_at: "2008-01-14T00:00:00.000Z"
      })

      yield* sql`
        insert into deals (user_key, lease_until)
        select key, now() + interval '1 minute' from users where id = 77`
      const busy = problem(yield* call("DELETE", "/users/mona/data"), 409)
      assert.strictEqual(busy.type, "urn:gitpip:problem:user-busy")
      assert.include(busy.detail, "Nothing was erased")
      yield* sql`update deals set deal_id = 5, lease_until = null where lease_until is not null`

      const forgotten = yield* call("DELETE", "/users/MONA/data")
      assert.deepStrictEqual(
        [forgotten.status, forgotten.json],
        [
          200,
          {
            login: "mona",
            files: 0,
            hashes: 0,
            activities: [],
            deals: [5],
            leads: [],
            persons: [],
            chosen_deals: [],
            chosen_persons: [],
            organizations: [],
            unconfirmed: [],
            was_forgotten: false
          }
        ]
      )
      assert.strictEqual(yield* trackedRows, 1)
      const unknown = problem(yield* call("DELETE", "/users/mona/data"), 404)
      assert.strictEqual(unknown.detail, "Nothing is stored about mona")
    })
  )

  it.effect("tracks under the next free id, and shows beforehand what that would publish", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      github.addUser("nina")
      github.addGist("nina", { files: { "a.txt": "a", "b.txt": "b" } })
      const preview = yield* call("GET", "/users/nina/preview")
      assert.deepInclude(preview.json, { login: "nina", gists: 1, files: 2, activities: 2, github_requests: 1 })
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [])
      assert.isNull(preview.json.contact)
      const { json } = yield* call("GET", "/users/nina/preview?contact=true")
      // This server publishes nothing.
      assert.isNull(json.contact)
      problem(yield* call("GET", "/users/nina/preview?contact=perhaps"), 400)
      const unknown = problem(yield* call("GET", "/users/nobody-here/preview"), 404)
      assert.strictEqual(unknown.type, "urn:gitpip:problem:account-not-found")
      assert.include(unknown.detail, "GitHub knows no user nobody-here")

      yield* call("POST", "/users/first/41")
      const created = yield* call("POST", "/users/nina")
      assert.deepStrictEqual([created.status, created.json.id], [201, 42])
      const again = yield* call("POST", "/users/NINA")
      assert.deepStrictEqual([again.status, again.json], [200, created.json])
      for (const login of ["first", "nina"]) yield* call("DELETE", `/users/${login}`)
    })
  )

  it.effect("says whether GitHub knows a name, and tracks the user in each case", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      github.addUser("Olga")
      github.addGist("Olga", { files: { "a.txt": "a" } })
      const names = yield* call("GET", "/names?names=olga,no-olga")
      assert.deepStrictEqual(names.json, [
        {
          name: "olga",
          state: "found",
          login: "Olga",
          gists: 1,
          publishes: "all",
          near: [],
          reason: null,
          record: "new"
        },
        {
          name: "no-olga",
          state: "unknown",
          login: null,
          gists: null,
          publishes: "all",
          near: [],
          reason: null,
          record: "new"
        }
      ])
      const asked = github.requests.length
      const [unasked] = (yield* call("GET", "/names?names=olga&github=false")).json
      assert.deepInclude(unasked, { name: "olga", state: "unchecked", reason: "GitHub was not asked", record: "new" })
      assert.lengthOf(github.requests, asked)
      for (const [login, said] of [
        ["olga", "found"],
        ["no-olga", "unknown"]
      ] as const) {
        const created = yield* call("POST", `/users/${login}`)
        assert.deepStrictEqual([created.status, created.headers.get("gitpip-name")], [201, said])
        const again = yield* call("POST", `/users/${login}`)
        assert.deepStrictEqual([again.status, again.headers.get("gitpip-name")], [200, null])
        yield* call("DELETE", `/users/${login}`)
      }
      for (const status of [201, 200]) {
        const ruled = yield* call("POST", `/users/olga?languages=${encodeURIComponent("Ruby,Pyton,Xyz ä")}`)
        assert.deepStrictEqual(
          [ruled.status, ruled.headers.get("gitpip-languages")],
          [status, '[{"name":"Pyton","near":"Python"},{"name":"Xyz \\u00e4"}]']
        )
      }
      assert.isNull((yield* call("POST", "/users/olga?languages=Ruby")).headers.get("gitpip-languages"))
      yield* call("DELETE", "/users/olga")
      for (const wrong of ["", "a,", "a%20b", Array.from({ length: 101 }, (_, n) => `u${n}`).join(",")]) {
        assert.include(problem(yield* call("GET", `/names?names=${wrong}`), 400).detail, "1 to 100 GitHub usernames")
      }
    })
  )

  it.effect("refuses a name or an id that belongs to another", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.strictEqual((yield* call("POST", "/users/first/100")).status, 201)
      const id = problem(yield* call("POST", "/users/second/100"), 409)
      assert.strictEqual(id.type, "urn:gitpip:problem:user-conflict")
      assert.include(id.detail, "first")
      const name = problem(yield* call("POST", "/users/first/101"), 409)
      assert.include(name.detail, "100")
      problem(yield* call("GET", "/users/second"), 404)
      yield* call("DELETE", "/users/first")
    })
  )

  it.effect("names every fault of an address at once, and stores nothing", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const before = yield* trackedRows
      const { errors, detail } = problem(yield* call("POST", "/users/not%20a%20name/1e3"), 400)
      assert.deepStrictEqual(
        errors.map(({ path }: { path: Array<string> }) => path),
        [
          ["params", "username"],
          ["params", "id"]
        ]
      )
      assert.include(detail, "1 to 39 letters")
      assert.include(detail, "1 to 9007199254740991")
      for (const id of [
        "0",
        "-1",
        "1.5",
        "1e3",
        "0x10",
        "%201",
        "9007199254740992",
        "99999999999999999999",
        "NaN",
        "1n",
        "%00"
      ]) {
        problem(yield* call("POST", `/users/fine/${id}`), 400)
      }
      for (const name of [
        "a".repeat(40),
        "a".repeat(5_000),
        "a.b",
        "%00",
        "%F0%9F%92%A9",
        "%E2%80%AE",
        "..%2F..",
        "'%3B--"
      ]) {
        problem(yield* call("POST", `/users/${name}/1`), 400)
        problem(yield* call("GET", `/users/${name}`), 400)
      }
      assert.strictEqual(yield* trackedRows, before)
    })
  )

  it.effect("names the faults of path and query together", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const { errors } = problem(yield* call("GET", "/users/a%20b/gists?limit=0&after=-1"), 400)
      assert.deepStrictEqual(
        errors.map(({ path }: { path: Array<string> }) => path.join(".")),
        ["params.username", "query.limit", "query.after"]
      )
    })
  )

  it.effect("refuses invalid limits and cursors, by name", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      for (const limit of ["0", "1001", "-5", "ten", "1.5", "", "1e2", "+3"]) {
        const { errors } = problem(yield* call("GET", `/users?limit=${encodeURI(limit)}`), 400)
        assert.deepStrictEqual(errors[0].path.slice(0, 2), ["query", "limit"], limit)
        assert.strictEqual(errors[0].message, "must be a whole number from 1 to 1000", limit)
      }
      for (const after of ["-1", "x", "", "9007199254740992"]) {
        const { errors } = problem(yield* call("GET", `/users?after=${after}`), 400)
        assert.deepStrictEqual(errors[0].path, ["query", "after"], after)
      }
      assert.strictEqual((yield* call("GET", "/users?limit=1")).status, 200)
      assert.strictEqual((yield* call("GET", "/users?limit=1000&after=9007199254740991")).status, 200)
    })
  )
})

layer(layerRunning(), { excludeTestServices: true })("2,500 users", (it) => {
  const insert = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into users (id, username, tracked_at) select n * 2, 'user-' || n, now() from generate_series(1, 2500) n`
  })
  const ids = Array.from({ length: 2_500 }, (_, n) => (n + 1) * 2)
  const idOf = ({ id }: { id: number }) => id

  it.effect("come as one array, page after page", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      yield* insert
      const all = yield* call("GET", "/users")
      assert.strictEqual(all.headers.get("content-type"), "application/json")
      assert.isNull(all.headers.get("content-length"))
      assert.isNull(all.headers.get("link"))
      assert.deepStrictEqual(all.json.map(idOf), ids)
      const head = yield* call("HEAD", "/users")
      assert.strictEqual(head.status, 200)
      assert.strictEqual(head.text, "")
    })
  )

  it.effect("come in pages that are linked", () =>
    Effect.gen(function* () {
      const pages = yield* allPages("/users?limit=999")
      assert.deepStrictEqual(
        pages.map(({ length }) => length),
        [999, 999, 502]
      )
      assert.deepStrictEqual(pages.flat().map(idOf), ids)
    })
  )

  it.effect("come without a link to an empty page, and a hundred at a time by default", () =>
    Effect.gen(function* () {
      const exact = yield* allPages("/users?limit=500")
      assert.strictEqual(exact.length, 5)
      const [first] = yield* allPages("/users?after=4900")
      assert.deepStrictEqual(first?.map(idOf), ids.slice(2_450))
      const { call } = yield* Running
      assert.strictEqual((yield* call("GET", "/users?after=0")).json.length, 100)
    })
  )

  it.effect("come whole when their number is a multiple of the page size, or one more", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { call } = yield* Running
      yield* sql`delete from users where id > 4000`
      assert.strictEqual((yield* call("GET", "/users")).json.length, 2_000)
      yield* sql`delete from users where id > 2002`
      assert.strictEqual((yield* call("GET", "/users")).json.length, 1_001)
      yield* sql`delete from users where id > 2000`
      assert.strictEqual((yield* call("GET", "/users")).json.length, 1_000)
    })
  )
})
