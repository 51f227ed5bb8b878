/** What is published, in which order, and what waits. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, passTime, services } from "../world.ts"
import { drainLate, given, isCreate, lookups } from "./publishing.ts"

describe("a certain outcome costs no lookup", () => {
  it.effect("a burst limit is waited for", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "burst-limit" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        yield* drainLate("3 seconds")
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.strictEqual(lookups(pipedrive), 0)
      })
    )
  )

  it.effect("a spent day pauses publishing until the next day, also in a restarted process", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2", "c.md": "3" })
        pipedrive.setDailyTokens(35)
        yield* gitpip.publish
        yield* gitpip.publish
        const asked = pipedrive.requests.length
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.strictEqual((yield* gitpip.status).publishing.state, "paused")

        const restarted = Effect.gen(function* () {
          yield* (yield* Gitpip).publish
        }).pipe(Effect.provide(services(settings)))
        yield* restarted
        assert.strictEqual(pipedrive.requests.length, asked)

        yield* TestClock.adjust("25 hours")
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 3)
        assert.strictEqual(lookups(pipedrive), 0)
      })
    )
  )

  it.effect("a refused token pauses all publishing, and status says so", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2" })
        pipedrive.injectFault({ kind: "status", status: 401 })
        yield* gitpip.publish
        yield* gitpip.publish
        assert.strictEqual(pipedrive.requests.length, 1)
        assert.match((yield* gitpip.status).publishing.message ?? "", /PIPEDRIVE_TOKEN/)
        yield* drainLate("16 minutes")
        assert.strictEqual(pipedrive.activities.length, 2)
      })
    )
  )
})

describe("several processes and users", () => {
  it.effect("two processes on one database publish each file once", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const files = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`f${n}.txt`, String(n)]))
        yield* given(github, files)
        const drain = Effect.flatMap(Gitpip, (gitpip) => gitpip.publish)
        const drainFresh = drain.pipe(Effect.provide(services(settings)))
        yield* Effect.all([drain, drainFresh, drainFresh], { concurrency: "unbounded" })
        yield* drainLate("1 hour")
        assert.strictEqual(pipedrive.activities.length, 120)
        assert.strictEqual(new Set(pipedrive.activities.map(({ subject }) => subject)).size, 120)
        assert.strictEqual(pipedrive.deals.length, 1)
      })
    )
  )

  it.effect(
    "a backlog goes on when GitHub's hour is over, also when no user is tracked and no request goes to GitHub",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "old.md": "1" } })
          yield* passTime("1 minute")
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          github.injectFault({ kind: "primary-limit", resetInSeconds: 600 })
          yield* gitpip.scan()
          yield* gitpip.untrack(name("ann"))
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 0)
          yield* drainLate("1 hour")
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
  )

  it.effect("one user's backlog does not delay another's new file", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const { publications } = yield* Store
        const backlog = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}.txt`, String(n)]))
        yield* given(github, backlog, "ann")
        yield* given(github, { "one.txt": "1" }, "bob")
        yield* given(github, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`c${n}.txt`, ""])), "cy")
        const first = yield* publications.claim(5, Timing.publicationLease)
        assert.sameMembers(
          first.slice(0, 3).map(({ username }) => username),
          ["ann", "bob", "cy"]
        )
        const rest = yield* publications.claim(40, Timing.publicationLease)
        const share = rest.filter(({ username }) => username === "cy").length
        assert.isAtLeast(share, 19)
        assert.isAtMost(share, 21)
        // A newcomer starts at the queue head: neither behind all that waits, nor before it for ever.
        yield* given(github, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}.txt`, ""])), "dee")
        const later = yield* publications.claim(30, Timing.publicationLease)
        assert.isAtMost(later.filter(({ username }) => username === "dee").length, 11)
        assert.isAtLeast(later.filter(({ username }) => username === "dee").length, 9)
      })
    )
  )
})

describe("without credentials", () => {
  it.effect("nothing is sent and everything waits", () =>
    inWorld(layerPostgres, { env: { PIPEDRIVE_TOKEN: "", PIPEDRIVE_API_URL: "" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const status = yield* gitpip.status
        assert.deepStrictEqual([status.publishing.state, status.publications.pending], ["off", 1])
        assert.strictEqual(pipedrive.requests.length, 0)
      })
    )
  )
})

for (const status of [400, 403, 500]) {
  it.effect(
    `a duplicate whose deletion is answered ${status} keeps no other from being deleted, and is tried rarely`,
    () =>
      inWorld(layerPostgres, {}, ({ pipedrive }) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          const { undeleted } = (yield* Store).publications
          const deletes = ({ method, path }: { readonly method: string; readonly path: string }) =>
            method === "DELETE" && path.includes("/activities/1")
          pipedrive.injectFault({ kind: "status", status }, { when: deletes, times: Number.POSITIVE_INFINITY })
          yield* sql`insert into duplicates (remote_id, found_at) 
          values ('1', clock_timestamp() - interval '1 minute'), ('2', clock_timestamp())`
          yield* drainLate("1 minute")
          assert.deepStrictEqual(
            (yield* undeleted).map(({ remoteId }) => remoteId),
            ["1"]
          )
          for (let round = 0; round < 60; round++) yield* drainLate("1 minute")
          assert.strictEqual(pipedrive.requests.filter(deletes).length, 5)
          for (let day = 0; day < 4; day++) yield* drainLate("1 day")
          pipedrive.clearRequests()
          for (let round = 0; round < 20; round++) yield* drainLate("6 hours")
          assert.isAtMost(pipedrive.requests.filter(deletes).length, 5)
          // A person gives the right to delete it.
          pipedrive.clearFaults()
          yield* drainLate("1 day")
          assert.deepStrictEqual(yield* sql`select remote_id from duplicates`, [])
        })
      )
  )
}
