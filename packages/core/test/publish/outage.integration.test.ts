/** An outage of either service pauses publishing, costs few requests, and fails no file. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name, passTime } from "../world.ts"
import { drainLate, given, isCreate } from "./publishing.ts"

describe("an outage", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}.txt`, String(n)]))

  it.effect("of Pipedrive pauses publishing after the first few files, and then one request at a time is tried", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, many)
        pipedrive.injectFault({ kind: "status", status: 503 }, { when: isCreate, times: Number.POSITIVE_INFINITY })
        yield* gitpip.publish
        const first = pipedrive.count("POST", "/api/v2/activities")
        assert.isAtMost(first, 24)
        // Lookups fail as well now.
        pipedrive.injectFault(
          { kind: "html", status: 502 },
          { when: ({ method }) => method === "GET", times: Number.POSITIVE_INFINITY }
        )
        for (let round = 1; round <= 5; round++) {
          const before = pipedrive.requests.length
          yield* drainLate("16 minutes")
          assert.isAtMost(pipedrive.requests.length - before, 2)
        }
        pipedrive.clearFaults()
        for (let round = 0; round < 4; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
        assert.strictEqual(new Set(pipedrive.activities.map(({ subject }) => subject)).size, 100)
      })
    )
  )

  it.effect("of Pipedrive before a deal is found counts no file as failed, however long it lasts", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, many)
        pipedrive.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
        for (let round = 0; round < 30; round++) yield* drainLate("2 hours")
        assert.deepStrictEqual(yield* gitpip.publications({ ...everything, state: "failed" }), [])
        assert.isAtMost(pipedrive.requests.length, 24 + 30 * 2)
        pipedrive.clearFaults()
        for (let round = 0; round < 3; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
        assert.strictEqual(pipedrive.deals.length, 1)
      })
    )
  )

  it.effect("of GitHub pauses publishing alike, and counts no file as failed however long it lasts", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 100; n++) github.addGist("ann", { files: { [`f${n}.txt`]: "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.clearRequests()
        github.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
        yield* gitpip.publish
        assert.isAtMost(github.requests.length, 24)
        for (let round = 0; round < 30; round++) yield* drainLate("1 hour")
        assert.isAtMost(github.requests.length, 24 + 30)
        github.clearFaults()
        for (let round = 0; round < 4; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
      })
    )
  )
})

it.effect("an outage leaves a file all its attempts", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* given(github, { "a.md": "1" })
      yield* gitpip.publish
      github.addGist("ann", { files: { "b.md": "2" } })
      yield* gitpip.scan()
      github.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
      for (let round = 0; round < 10; round++) yield* drainLate("2 hours")
      github.clearFaults()
      // Meanwhile somebody has deleted the deal: the next file makes a new one.
      pipedrive.deleteDeal(pipedrive.deals[0]?.id ?? 0)
      yield* passTime("2 hours")
      const sql = yield* SqlClient.SqlClient
      for (let round = 0; round < 3; round++) yield* drainLate("2 hours")
      assert.deepStrictEqual(yield* sql`select p.state, p.error_reason from publications p order by key`, [
        { state: "published", errorReason: null },
        { state: "published", errorReason: null }
      ])
    })
  )
)

it.effect("refusals of requests that were under way together count as one refusal", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      github.addGist("ann", { files: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}.md`, "x"])) })
      yield* gitpip.track(name("ann"))
      yield* gitpip.scan()
      pipedrive.injectFault(
        { kind: "status", status: 429 },
        { when: ({ method, route }) => method === "POST" && route === "/api/v2/activities", times: 8 }
      )
      yield* gitpip.publish
      const pause = Option.getOrThrow(yield* (yield* Publisher).pause)
      assert.isAtMost(DateTime.toEpochMillis(pause.until) - DateTime.toEpochMillis(yield* DateTime.now), 60_000)
    })
  )
)

it.effect("failures of many files at one moment are one outage, which is tried again after half a minute", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* given(github, Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.md`, "x"])))
      pipedrive.injectFault({ kind: "status", status: 500 }, { when: isCreate, times: 12 })
      const before = yield* Effect.map(DateTime.now, DateTime.toEpochMillis)
      yield* gitpip.publish
      const { until } = (yield* gitpip.status).publishing
      assert.isAtMost((until?.epochMilliseconds ?? 0) - before, 60_000)
    })
  )
)
