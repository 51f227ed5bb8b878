/** The hourly points of queries, and how many users the limits let Gitpip check. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeGithub } from "../../src/testing/index.ts"
import { makeGithub, reasonOf } from "../net/clients.ts"
import { clientWithUsers } from "./support.ts"

describe("the hour's points", () => {
  it.effect("points are not read from a response that counts as a request", () =>
    Effect.gen(function* () {
      const fake = yield* FakeGithub.make({ token: "secret", limit: 7 })
      const github = yield* makeGithub(fake.url, { token: "secret" })
      assert.strictEqual((yield* reasonOf(github.batch(["user-0"])))._tag, "Unexpected")
      assert.strictEqual(fake.requests[0]?.status, 404)
      assert.isUndefined((yield* github.points.limits).budget)
    })
  )

  const resumeOf = (github: Effect.Success<ReturnType<typeof makeGithub>>) =>
    Effect.map(reasonOf(github.batch(["user-0"])), (reason) =>
      reason._tag === "RateLimited" ? DateTime.toEpochMillis(reason.resumeAt) : reason._tag
    )

  it.effect("points are never overdrawn: no query is sent until there are new points, and reads go on", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1, { points: 3 })
      for (let n = 0; n < 3; n++) yield* github.batch(["user-0"])
      fake.clearRequests()
      assert.strictEqual(yield* resumeOf(github), 3_601_000)
      assert.deepStrictEqual(fake.requests, [])
      yield* github.gists("user-0", Option.none())
      yield* TestClock.adjust("3601 seconds")
      yield* github.batch(["user-0"])
    })
  )

  for (const type of ["RATE_LIMITED", "RATE_LIMIT"] as const) {
    it.effect(`points that others have spent (${type}) block queries until just after their renewal`, () =>
      Effect.gen(function* () {
        const { github, fake } = yield* clientWithUsers(1)
        fake.injectFault({ kind: "points-spent", resetInSeconds: 600, type })
        assert.strictEqual(yield* resumeOf(github), 601_000)
        assert.strictEqual(yield* resumeOf(github), 601_000)
        assert.lengthOf(fake.requests, 1)
      })
    )
  }

  it.effect("queries wait for the end of the secondary limit, in each form that GitHub reports", () =>
    Effect.gen(function* () {
      const message = "You have exceeded a secondary rate limit. Please wait a few minutes"
      for (const [fault, until] of [
        [{ kind: "secondary-limit", retryAfterSeconds: 120 }, 120_000],
        [{ kind: "secondary-limit" }, 60_000],
        [{ kind: "status", status: 200, body: { errors: [{ message }] } }, 60_000],
        [{ kind: "status", status: 200, body: { errors: [{ message }] }, headers: { "retry-after": "30" } }, 30_000]
      ] as const) {
        const { github, fake } = yield* clientWithUsers(1)
        fake.injectFault(fault)
        assert.strictEqual(yield* resumeOf(github), until)
      }
    })
  )

  it.effect("the secondary limit holds requests and queries back, whichever of them meets it", () =>
    Effect.gen(function* () {
      const inBody = { errors: [{ message: "You have exceeded a secondary rate limit" }] }
      for (const [first, fault] of [
        ["query", { kind: "secondary-limit", retryAfterSeconds: 300 }],
        ["query", { kind: "status", status: 200, body: inBody, headers: { "retry-after": "300" } }],
        ["list", { kind: "secondary-limit", retryAfterSeconds: 300 }]
      ] as const) {
        const { github, fake } = yield* clientWithUsers(1)
        const list = Effect.asVoid(github.gists("user-0", Option.none()))
        const query = Effect.asVoid(github.batch(["user-0"]))
        fake.injectFault(fault)
        for (const request of first === "query" ? [query, list] : [list, query]) {
          assert.strictEqual((yield* reasonOf(request))._tag, "RateLimited")
        }
        assert.lengthOf(fake.requests, 1)
      }
    })
  )

  it.effect("queries have a limit of their own, which an earlier process may have stored", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1)
      assert.match(github.points.limitKey, /^github-points:[0-9a-f]{16}$/)
      yield* github.points.block(DateTime.makeUnsafe(100_000), "as stored")
      assert.strictEqual(yield* resumeOf(github), 100_000)
      assert.deepStrictEqual(fake.requests, [])
      yield* github.gists("user-0", Option.none())
    })
  )
})

describe("the capacity", () => {
  it.effect("the capacity follows from the known limits and the batches' present size", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(100)
      const points = 5_000 / 3_600
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: 100 })
      yield* github.batch(logins)
      // No time passes here, so the points decide.
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: points * 100 })
      fake.injectFault({ kind: "html", status: 502 })
      yield* github.batch(logins)
      assert.deepStrictEqual(yield* github.capacity, { single: 15, batched: points * 51 })
      const anonymous = yield* makeGithub(fake.url, { token: null })
      assert.deepStrictEqual(yield* anonymous.capacity, { single: 60 / 3_600, batched: 0 })
    })
  )

  it.effect("the capacity without a token is that of a server without limits once a response has reported none", () =>
    Effect.gen(function* () {
      const fake = yield* FakeGithub.make({ limit: false })
      fake.addUser("ann")
      const github = yield* makeGithub(fake.url, { token: null })
      assert.strictEqual((yield* github.capacity).single, 60 / 3_600)
      yield* github.gists("ann", Option.none())
      assert.strictEqual((yield* github.capacity).single, 15)
      const other = yield* makeGithub(fake.url, { token: null })
      yield* other.check
      assert.strictEqual((yield* other.capacity).single, 15)
    })
  )

  it.effect("the capacity is less when a query costs more points, or when its answer takes long", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1)
      const body = { data: { u0: null, rateLimit: { cost: 11 } }, errors: [{ type: "NOT_FOUND", path: ["u0"] }] }
      fake.injectFault({ kind: "status", status: 200, body })
      yield* github.batch(["user-0"])
      assert.strictEqual((yield* github.capacity).batched, (5_000 / 3_600 / 11) * 100)

      fake.injectFault({ kind: "late" }, { times: 3 })
      for (let n = 1; n <= 3; n++) {
        const call = yield* Effect.forkChild(github.batch(["user-0"]))
        yield* fake.seen(n + 1)
        yield* TestClock.adjust("8 seconds")
        fake.release()
        yield* Fiber.join(call)
      }
      assert.strictEqual((yield* github.capacity).batched, 100 / 8)
    })
  )
})
