/** The calls that only the page makes: counts, days, previews, failing users. */
import { assert, layer } from "@effect/vitest"
import { Gitpip, Username } from "@gitpip/core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { allPages, found, layerRunning, problem, Running } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("news", (it) => {
  it.effect("are counted for each visitor until they visit, page by page", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const sql = yield* SqlClient.SqlClient
      for (const [login, files] of [
        ["ann", 2],
        ["bob", 0],
        ["cid", 1]
      ] as const) {
        yield* found(login, files)
      }
      const counts = (visitor: string) =>
        Effect.map(allPages(`/news?limit=2&visitor=${visitor}`), (pages) => {
          assert.deepStrictEqual(
            pages.map(({ length }) => length),
            [2, 1]
          )
          return pages.flat().map(({ files, id, login }) => `${id} ${login} ${files}`)
        })
      assert.deepStrictEqual(yield* counts("eve"), ["1 ann 2", "2 bob 0", "3 cid 1"])
      assert.deepStrictEqual(yield* counts("eve"), ["1 ann 2", "2 bob 0", "3 cid 1"])
      assert.strictEqual((yield* sql`select 1 from visits`).length, 0)
      yield* call("POST", "/latestgists/ann?visitor=eve")
      assert.deepStrictEqual(yield* counts("eve"), ["1 ann 0", "2 bob 0", "3 cid 1"])
      assert.deepStrictEqual(yield* counts("mallory"), ["1 ann 2", "2 bob 0", "3 cid 1"])
      const { errors } = problem(yield* call("GET", "/news?visitor=%00&limit=0"), 400)
      assert.strictEqual(errors.length, 2)
    })
  )

  it.effect("days are as many as were asked for, up to a month", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const today = () => new Date().toISOString().slice(0, 10)
      const before = today()
      const { json } = yield* call("GET", "/days")
      assert.strictEqual(json.length, 14)
      // Midnight may pass during this test, or since the files were found.
      assert.oneOf(json.at(-1).day, [before, today()])
      const foundLately: number = json.at(-2).found + json.at(-1).found
      assert.strictEqual(foundLately, 3)
      assert.strictEqual((yield* call("GET", "/days?days=31")).json.length, 31)
      for (const days of ["0", "32", "x"]) problem(yield* call("GET", `/days?days=${days}`), 400)
    })
  )

  it.effect("a user is tracked under the next free id when none is given", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const first = yield* call("POST", "/users/dee")
      assert.deepStrictEqual([first.status, first.json.login, first.json.id], [201, "dee", 4])
      const again = yield* call("POST", "/users/DEE")
      assert.deepStrictEqual([again.status, again.json.id], [200, 4])
      problem(yield* call("POST", "/users/a%20b"), 400)
    })
  )

  it.effect("users that fail are listed by themselves", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const gitpip = yield* Gitpip
      yield* call("POST", "/users/ghost/77")
      yield* gitpip.scan({ username: Username.make("ghost") })
      const { json } = yield* call("GET", "/users?state=failing")
      assert.deepStrictEqual(
        json.map(({ login }: { login: string }) => login),
        ["ghost"]
      )
      problem(yield* call("GET", "/users?state=well"), 400)
    })
  )
})

layer(layerRunning(), { excludeTestServices: true })("a preview", (it) => {
  const files = Effect.gen(function* () {
    const { call, github } = yield* Running
    github.addUser("ann")
    github.addGist("ann", { files: { "a.md": "# Hello <b>", "long.txt": "x".repeat(100_000), "b.bin": "\0\x01" } })
    yield* call("POST", "/users/ann/1")
    const gitpip = yield* Gitpip
    yield* gitpip.scan()
    return Object.fromEntries(
      (yield* call("GET", "/users/ann/gists")).json.map((file: { filename: string; id: number }) => [
        file.filename,
        file.id
      ])
    ) as Record<string, number>
  })

  it.effect("is the beginning of a file, read from GitHub once", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      const ids = yield* files
      const preview = (name: string) => Effect.map(call("GET", `/files/${ids[name]}/preview`), ({ json }) => json)
      assert.deepStrictEqual(yield* preview("a.md"), { text: "# Hello <b>", partial: false })
      const before = github.count()
      assert.deepStrictEqual(yield* preview("a.md"), { text: "# Hello <b>", partial: false })
      assert.strictEqual(github.count(), before)
      const long = yield* preview("long.txt")
      assert.deepStrictEqual([long.text.length, long.partial], [32_768, true])
      assert.deepStrictEqual(yield* preview("b.bin"), { text: null, partial: false })
      problem(yield* call("GET", "/files/999999/preview"), 404)
      problem(yield* call("GET", "/files/x/preview"), 400)
    })
  )

  it.effect("that GitHub does not give is a problem with the reason", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      const sql = yield* SqlClient.SqlClient
      const [file] = yield* sql<{ key: number }>`
        insert into gist_files (user_key, scan_key, gist_id, filename, html_url, size, created_at, updated_at, found_at)
        select user_key, scan_key, 'none', 'x.md', html_url, 1, now(), now(), now() from gist_files limit 1 returning key`
      const { detail, type } = problem(yield* call("GET", `/files/${file?.key}/preview`), 502)
      assert.strictEqual(type, "urn:gitpip:problem:github")
      assert.isNotEmpty(detail)

      // A failed preview is not cached: the next one succeeds.
      const gistId = github.addGist("ann", { files: { "x.md": "# Hello <b>" } })
      yield* sql`update gist_files set gist_id = ${gistId} where filename = 'x.md'`
      const { json } = yield* call("GET", `/files/${file?.key}/preview`)
      assert.deepStrictEqual(json, { text: "# Hello <b>", partial: false })
    })
  )
})
