/** A token that Pipedrive refuses pauses publishing and is shown, whichever request meets the refusal. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as Timing from "../../src/domain/Timing.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive, Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime, services } from "../world.ts"
import { drainLate, given, isCreate, lookups, outcomes } from "./publishing.ts"

const forever = Number.POSITIVE_INFINITY
const answer = (status: number): Fault => ({
  kind: "status",
  status,
  body: { success: false, error: "unauthorized access" }
})

const publishing = Effect.map(
  Effect.flatMap(Gitpip, ({ status }) => status),
  ({ publishing: { message, state } }) => ({ message: message ?? "", state })
)

/** One file whose creation Pipedrive did not confirm. */
const givenUncertain = Effect.fnUntraced(function* (
  { github, pipedrive }: { readonly github: Parameters<typeof given>[0]; readonly pipedrive: FakePipedrive },
  fault: Fault = { kind: "lost" }
) {
  yield* given(github, { "a.md": "1" })
  pipedrive.injectFault(fault, { when: isCreate })
  yield* (yield* Gitpip).publish
})

describe("a refused token", () => {
  for (const status of [401, 402]) {
    it.effect(`(${status}) that only a lookup meets pauses publishing, is shown, and counts against no file`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { pipedrive, settings } = world
          const gitpip = yield* Gitpip
          yield* givenUncertain(world)
          const started = yield* DateTime.now
          pipedrive.injectFault(answer(status), { times: forever })
          yield* drainLate(Timing.settleDelay)
          const { message, state } = yield* publishing
          assert.strictEqual(state, "paused")
          assert.match(message, status === 401 ? /PIPEDRIVE_TOKEN/ : /unpaid/)
          assert.deepStrictEqual(yield* outcomes, {
            state: "pending",
            reason: "Forbidden",
            attempts: ["OutcomeUnknown"]
          })
          // Every process shows the refusal, and a server is not ready.
          assert.deepStrictEqual(yield* Effect.provide(publishing, services(settings)), { message, state })
          yield* passTime("14 minutes")
          const reasons = yield* gitpip.overdue(started)
          assert.isTrue(
            reasons.some((reason) => reason.includes(message)),
            reasons.join("\n")
          )

          // However long the refusal lasts, a drain costs a request or two.
          for (let round = 0; round < 20; round++) {
            const before = pipedrive.requests.length
            yield* drainLate("20 minutes")
            assert.isAtMost(pipedrive.requests.length - before, 3)
          }
          assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown"])

          pipedrive.clearFaults()
          pipedrive.clearRequests()
          yield* drainLate("16 minutes")
          assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
          assert.deepStrictEqual([lookups(pipedrive), pipedrive.activities.length], [1, 1])
          assert.deepStrictEqual(yield* publishing, { message: "", state: "on" })
        })
      )
    )
  }

  it.effect("for one file's lookup alone is that file's own while others are published", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* givenUncertain(world)
        pipedrive.injectFault(answer(401), {
          when: ({ method, route }) => method === "GET" && route === "/api/v2/activities",
          times: forever
        })
        yield* drainLate(Timing.settleDelay)
        yield* given(github, { "b.md": "2" }, "bob")
        yield* drainLate("1 minute")
        assert.lengthOf(pipedrive.activities, 2)
        yield* drainLate("16 minutes")
        assert.strictEqual((yield* publishing).state, "on")
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`select error_reason, attempts from publications where state = 'pending'`, [
          { errorReason: "LookupFailed", attempts: 3 }
        ])
      })
    )
  )

  it.effect("that only an audit meets pauses publishing, and is shown", () =>
    inWorld(layerPostgres, { pipedrive: { listLagMillis: 20 * 60_000 } }, (world) =>
      Effect.gen(function* () {
        const { pipedrive, settings } = world
        yield* givenUncertain(world)
        yield* drainLate(Timing.settleDelay)
        yield* drainLate(Timing.certainDelay)
        assert.lengthOf(pipedrive.activities, 2)
        pipedrive.injectFault(answer(401), { times: forever })
        yield* drainLate(Timing.auditDelay)
        assert.match((yield* publishing).message, /PIPEDRIVE_TOKEN/)
        assert.strictEqual((yield* Effect.provide(publishing, services(settings))).state, "paused")
        pipedrive.clearFaults()
        yield* drainLate("16 minutes")
        yield* drainLate("16 minutes")
        assert.strictEqual((yield* publishing).state, "on")
        assert.lengthOf(pipedrive.activities, 1)
      })
    )
  )

  it.effect("that only the deletion of a duplicate meets pauses publishing, and is shown", () =>
    inWorld(layerPostgres, {}, ({ pipedrive, settings }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into duplicates (remote_id, found_at) values ('1', now()), ('2', now())`
        pipedrive.injectFault(answer(401), { times: forever })
        yield* drainLate("1 minute")
        // The second duplicate is not tried. A cheap read shows that the refusal is not the first one's own.
        assert.deepStrictEqual(
          pipedrive.requests.map(({ method, route }) => `${method} ${route}`),
          ["DELETE /api/v2/activities/{id}", "GET /api/v1/users/me"]
        )
        assert.match((yield* publishing).message, /PIPEDRIVE_TOKEN/)
        assert.strictEqual((yield* Effect.provide(publishing, services(settings))).state, "paused")
        pipedrive.clearFaults()
        yield* drainLate("16 minutes")
        assert.strictEqual((yield* publishing).state, "on")
        assert.deepStrictEqual(yield* sql`select remote_id from duplicates`, [])
      })
    )
  )

  it.effect("leaves a deal without its note to the next attempt, also when that was the last one", () =>
    inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: "deal" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "reset" }, { when: ({ route }) => route === "/api/v1/notes" })
        yield* (yield* Gitpip).publish
        const sql = yield* SqlClient.SqlClient
        yield* sql`update publications set attempts = ${Timing.maxAttempts - 1}`
        pipedrive.injectFault(answer(401), { when: ({ route }) => route === "/api/v1/notes", times: forever })
        pipedrive.injectFault(answer(401), { when: ({ route }) => route === "/api/v1/users/me", times: forever })
        yield* drainLate(Timing.settleDelay)
        assert.strictEqual((yield* outcomes).state, "pending")
        assert.match((yield* publishing).message, /PIPEDRIVE_TOKEN/)
        pipedrive.clearFaults()
        yield* drainLate("16 minutes")
        assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
        assert.deepStrictEqual([pipedrive.deals.length, pipedrive.notes.length], [1, 1])
      })
    )
  )

  it.effect("of GitHub that only the content of a found deal meets pauses publishing, and is shown", () =>
    inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: "deal" } }, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "reset" }, { when: ({ route }) => route === "/api/v1/notes" })
        yield* (yield* Gitpip).publish
        github.injectFault({ kind: "status", status: 401, body: { message: "Bad credentials" } }, { times: forever })
        yield* drainLate(Timing.settleDelay)
        assert.match((yield* publishing).message, /GITHUB_TOKEN/)
        assert.strictEqual((yield* Effect.provide(publishing, services(settings))).state, "paused")
        pipedrive.clearRequests()
        for (let minute = 0; minute < 60; minute++) yield* drainLate("1 minute")
        assert.isAtMost(pipedrive.requests.length, 20)
        github.clearFaults()
        yield* drainLate("6 minutes")
        assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
        assert.deepStrictEqual([pipedrive.deals.length, pipedrive.notes.length], [1, 1])
        assert.deepStrictEqual(yield* publishing, { message: "", state: "on" })
      })
    )
  )
})
