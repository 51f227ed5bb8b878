import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { layerRunning, problem, Running } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("contacts", (it) => {
  it.effect("lists the accounts of a source, and tracks them page by page", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      const logins = Array.from({ length: 150 }, (_, n) => `user-${n}`)
      for (const login of logins) github.addUser(login)
      github.setMembers("acme", logins)

      const first = yield* call("GET", "/contacts?source=org:acme")
      assert.strictEqual(first.status, 200)
      assert.deepInclude(first.json, { source: "org:acme", next: "2", left_out: 0, is_cut: false, github_requests: 1 })
      assert.deepStrictEqual(first.json.contacts[0], { login: "user-0", person_id: null, state: "new" })
      const second = yield* call("GET", "/contacts?source=org:acme&next=2")
      assert.deepStrictEqual([second.json.next, second.json.contacts.length], [null, 50])
      assert.deepStrictEqual((yield* call("GET", "/users")).json, [])

      for (const pasted of ["org:@acme", "org:https://github.com/acme"]) {
        assert.strictEqual(
          (yield* call("GET", `/contacts?source=${encodeURIComponent(pasted)}`)).json.source,
          "org:acme"
        )
      }

      const tracked = yield* call("POST", "/contacts?source=org:acme")
      assert.deepInclude(tracked.json, { next: "2", first: null })
      assert.strictEqual((yield* call("POST", "/contacts?source=org:acme")).json.next, null)
      assert.strictEqual((yield* call("GET", "/users")).json.length, 150)
      const again = yield* call("POST", "/contacts?source=org:acme")
      assert.strictEqual(again.json.contacts[0].state, "tracked")
    })
  )

  it.effect("says what is wrong with a source, and when to try again", () =>
    Effect.gen(function* () {
      const { call, github } = yield* Running
      assert.include(problem(yield* call("GET", "/contacts?source=acme"), 400).detail, "a source is `org:ORG`")
      problem(yield* call("POST", "/contacts"), 400)
      const unknown = yield* call("GET", "/contacts?source=org:nobody")
      assert.deepInclude(problem(unknown, 404), {
        type: "urn:gitpip:problem:source-not-found",
        detail: "GitHub knows no organization nobody"
      })
      problem(yield* call("POST", "/contacts?source=stargazers:nobody/nothing"), 404)
      const page = problem(yield* call("GET", "/contacts?source=org:acme&next=x"), 400)
      assert.strictEqual(page.detail, 'next: No page of the list begins at "x"')
      assert.deepStrictEqual(page.errors[0].path, ["query", "next"])
      for (const method of ["GET", "POST"]) {
        const { detail, type } = problem(yield* call(method, "/contacts?source=pipedrive"), 422)
        assert.strictEqual(type, "urn:gitpip:problem:source-not-set-up")
        assert.include(detail, "There is no list to read")
      }
      github.injectFault({ kind: "status", status: 503 })
      assert.match(problem(yield* call("POST", "/contacts?source=org:acme"), 502).retry_at, /^\d{4}-/)
    })
  )
})
