import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { allPages, found, layerRunning, problem, Running } from "./server.ts"

layer(layerRunning(), { excludeTestServices: true })("publications", (it) => {
  it.effect("lists the outbox newest first, by state, in pages that keep the state", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* found("ann", 5)
      yield* sql`update publications set state = 'failed', error_reason = 'Refused', error_message = 'no room'
        where key in (select key from publications order by key limit 3)`
      const [all] = yield* allPages("/publications")
      const ids = (all ?? []).map(({ id }) => id)
      assert.strictEqual(ids.length, 5)
      assert.deepStrictEqual(
        ids,
        ids.toSorted((a, b) => b - a)
      )
      const failed = yield* allPages("/publications?state=failed&limit=2")
      assert.deepStrictEqual(
        failed.map(({ length }) => length),
        [2, 1]
      )
      assert.isTrue(
        failed.flat().every(({ state, error_message }) => state === "failed" && error_message === "no room")
      )
      assert.deepStrictEqual(yield* allPages("/publications?state=gone"), [[]])
    })
  )

  it.effect("says why one is not in Pipedrive, and tries it again", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const sql = yield* SqlClient.SqlClient
      const [one] = (yield* call("GET", "/publications?state=failed&limit=1")).json
      yield* sql`insert into attempts (publication_key, at, outcome, message) values (${one.id}, now(), 'Refused', 'no room')`
      const details = (yield* call("GET", `/publications/${one.id}`)).json
      assert.deepStrictEqual(details.publication, one)
      assert.deepStrictEqual(
        details.attempts.map(({ outcome, message }: Record<string, string>) => [outcome, message]),
        [["Refused", "no room"]]
      )
      const retried = yield* call("POST", `/publications/${one.id}/retry`)
      assert.strictEqual(retried.status, 200)
      assert.deepInclude(retried.json, { id: one.id, state: "pending" })
      const { type, detail } = problem(yield* call("POST", `/publications/${one.id}/retry`), 409)
      assert.strictEqual(type, "urn:gitpip:problem:publication-not-failed")
      assert.include(detail, "pending")
    })
  )

  it.effect("tries all failed ones again", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      assert.deepStrictEqual((yield* call("POST", "/publications/retry")).json, { retried: 2 })
      assert.deepStrictEqual((yield* call("GET", "/publications?state=failed")).json, [])
      assert.deepStrictEqual((yield* call("POST", "/publications/retry")).json, { retried: 0 })
    })
  )

  it.effect("leaves a file out until somebody publishes it after all", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const [one] = (yield* call("GET", "/publications?state=pending&limit=1")).json
      const skipped = yield* call("POST", `/publications/${one.id}/skip`)
      assert.strictEqual(skipped.status, 200)
      assert.deepInclude(skipped.json, {
        id: one.id,
        state: "skipped",
        error_reason: "SkippedByHand",
        error_message: "A person skipped the file"
      })
      assert.deepStrictEqual((yield* call("GET", "/publications?state=skipped")).json, [skipped.json])
      const { type, detail } = problem(yield* call("POST", `/publications/${one.id}/skip`), 409)
      assert.strictEqual(type, "urn:gitpip:problem:publication-not-skippable")
      assert.include(detail, "is skipped; only a pending or failed one can be skipped")
      assert.strictEqual(problem(yield* call("POST", "/publications/999999/skip"), 404).status, 404)
      const again = yield* call("POST", `/publications/${one.id}/retry`)
      assert.deepInclude(again.json, { state: "pending", error_reason: null, error_message: null })
    })
  )

  it.effect("refuses unknown publications, invalid ids and unknown states", () =>
    Effect.gen(function* () {
      const { call } = yield* Running
      const none = "urn:gitpip:problem:publication-not-found"
      assert.strictEqual(problem(yield* call("GET", "/publications/999999"), 404).type, none)
      assert.strictEqual(problem(yield* call("POST", "/publications/999999/retry"), 404).type, none)
      problem(yield* call("GET", "/publications/abc"), 400)
      problem(yield* call("POST", "/publications/0/retry"), 400)
      const { errors } = problem(yield* call("GET", "/publications?state=lost&limit=0&after=z"), 400)
      assert.deepStrictEqual(errors.map(({ path }: { path: Array<string> }) => path.join(".")).toSorted(), [
        "query.after",
        "query.limit",
        "query.state"
      ])
      const messages = errors.map(({ message }: { message: string }) => message)
      assert.include(messages, "must be `pending`, `sending`, `published`, `failed`, `gone` or `skipped`")
      assert.notMatch(messages.join(), /expected/i)
    })
  )
})
