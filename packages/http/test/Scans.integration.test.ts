import { assert, layer } from "@effect/vitest"
import { Gitpip } from "@gitpip/core"
import { Effect } from "effect"
import { allPages, found, layerRunning, problem, Running } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("scans", (it) => {
  it.effect("accepts a request for a scan, and answers with the scan's address", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      yield* call("POST", "/users/ann/1")
      const all = yield* call("POST", "/scans")
      assert.strictEqual(all.status, 202)
      assert.deepInclude(all.json, { kind: "requested", state: "queued", login: null })
      assert.strictEqual(all.headers.get("location"), `/scans/${all.json.id}`)
      assert.strictEqual((yield* call("POST", "/scans")).json.id, all.json.id)

      const one = yield* call("POST", "/scans?username=ANN")
      assert.strictEqual(one.status, 202)
      assert.strictEqual(one.json.login, "ann")

      const details = yield* call("GET", one.headers.get("location") ?? "")
      assert.deepStrictEqual(details.json, { scan: one.json, files: [], failures: [] })
    })
  )

  it.effect("shows the files that a scan added and the users that failed", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const scan = yield* found("bob", 2)
      const details = yield* call("GET", `/scans/${scan.id}`)
      assert.deepInclude(details.json.scan, { id: scan.id, state: "done", login: "bob", files: 2 })
      assert.deepStrictEqual(
        details.json.files.map(({ filename }: { filename: string }) => filename),
        ["bob-0.txt", "bob-1.txt"]
      )
      const gitpip = yield* Gitpip
      const all = yield* gitpip.scan()
      const { failures } = (yield* call("GET", `/scans/${all.id}`)).json
      assert.deepStrictEqual(
        failures.map(({ login, reason }: Record<string, string>) => [login, reason]),
        [["ann", "UserNotFound"]]
      )
    })
  )

  it.effect("lists scans newest first in linked pages", () =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (let n = 0; n < 3; n++) yield* gitpip.scan()
      const [all] = yield* allPages("/scans")
      const ids = (all ?? []).map(({ id }) => id)
      assert.isAtLeast(ids.length, 3)
      assert.deepStrictEqual(
        ids,
        ids.toSorted((a, b) => b - a)
      )
      const pages = yield* allPages("/scans?limit=2")
      assert.isAtLeast(pages.length, 2)
      assert.deepStrictEqual(
        pages.flat().map(({ id }) => id),
        ids
      )
    })
  )

  it.effect("refuses unknown scans and invalid ids", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.strictEqual(problem(yield* call("GET", "/scans/999999"), 404).type, "urn:gitpip:problem:scan-not-found")
      assert.strictEqual(
        problem(yield* call("POST", "/scans?username=nobody"), 404).type,
        "urn:gitpip:problem:user-not-tracked"
      )
      const before = (yield* call("GET", "/scans?limit=1")).json
      for (const id of ["x", "0", "-3", "1e1"]) problem(yield* call("GET", `/scans/${id}`), 400)
      problem(yield* call("POST", "/scans?username=a%20b"), 400)
      problem(yield* call("POST", "/scans?username="), 400)
      const { detail } = problem(yield* call("POST", "/scans?user=ham"), 400)
      assert.strictEqual(detail, "user: unknown parameter. Did you mean `username`? This call knows: `username`")
      const unclear = problem(yield* call("POST", "/scans?x=1&username=a%20b"), 400)
      assert.match(unclear.detail, /username: .*; x: unknown parameter. This call knows: `username`$/)
      const none = problem(yield* call("DELETE", "/users/ann?dry_run=1"), 400)
      assert.strictEqual(none.detail, "dry_run: unknown parameter. This call has no parameters in its query")
      assert.deepStrictEqual((yield* call("GET", "/scans?limit=1")).json, before)
    })
  )

  it.effect("a read refuses unknown parameters too, but for one that scripts add against caches", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const list = problem(yield* call("GET", "/publications?status=failed&limit=1"), 400)
      assert.strictEqual(
        list.detail,
        "status: unknown parameter. Did you mean `state`? This call knows: `limit`, `after`, `state`"
      )
      const one = problem(yield* call("GET", "/status?verbose=1"), 400)
      assert.strictEqual(one.detail, "verbose: unknown parameter. This call has no parameters in its query")
      const ready = problem(yield* call("GET", "/ready?exlude=work"), 400)
      assert.include(ready.detail, "Did you mean `exclude`?")
      const twice = problem(yield* call("GET", "/scans?limit=1&limit=2"), 400)
      assert.strictEqual(twice.detail, "limit: is given more than once. Give it once")
      const nameless = problem(yield* call("GET", "/scans?=1"), 400)
      assert.strictEqual(nameless.detail, "a parameter has no name. Write `name=value`")
      assert.strictEqual((yield* call("GET", "/scans?limit=1&_=1700000000")).status, 200)
      problem(yield* call("POST", "/scans?_=1"), 400)
      for (const path of ["/health", "/metrics"]) assert.strictEqual((yield* call("GET", `${path}?x=1`)).status, 200)
    })
  )
})
