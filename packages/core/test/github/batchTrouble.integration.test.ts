/** Batches that GitHub answers in part, refuses, or does not complete. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { reasonOf } from "../net/clients.ts"
import { always, clientWithUsers, sizes, tags } from "./support.ts"

const asksFor =
  (logins: ReadonlyArray<string>) =>
  ({ body }: { readonly body?: unknown }): boolean =>
    Object.values((body as { readonly variables?: object } | undefined)?.variables ?? {}).some((login) =>
      logins.includes(login)
    )

describe("one user's trouble", () => {
  it.effect("a user who does not exist fails alone in a batch", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(3)
      fake.addUser("acme", { type: "Organization" })
      fake.suspend("user-1", true)
      const results = yield* github.batch(["user-0", "user-1", "nobody", "acme", "user-2"])
      assert.deepStrictEqual(tags(results), ["Success", "UserNotFound", "UserNotFound", "UserNotFound", "Success"])
      assert.lengthOf(fake.requests, 1)
      const [, , nobody] = results
      assert.strictEqual(
        nobody !== undefined && Result.isFailure(nobody) ? nobody.failure.message : "",
        "GitHub knows no user nobody"
      )
    })
  )

  it.effect("a user whose gists the token may not see is Unexpected, and users without gists are answered", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1)
      fake.addUser("idle")
      fake.injectFault({ kind: "blank-gists" })
      assert.deepStrictEqual(tags(yield* github.batch(["user-0", "idle"])), ["Unexpected", "Success"])
    })
  )

  it.effect(
    "a user whose query GitHub never completes is found by halves and Unavailable, and the others are answered",
    () =>
      Effect.gen(function* () {
        for (const heavy of [[0], [49], [99], [0, 1], [10, 90]]) {
          const { github, logins, fake } = yield* clientWithUsers(100)
          fake.injectFault({ kind: "html", status: 502 }, { ...always, when: asksFor(heavy.map((n) => `user-${n}`)) })
          const found = tags(yield* github.batch(logins))
          assert.deepStrictEqual(
            found.flatMap((tag, n) => (tag === "Success" ? [] : [[n, tag]])),
            heavy.map((n) => [n, "Unavailable"])
          )
          assert.isAtMost(fake.requests.length, 60, heavy.join())
        }
      })
  )

  it.effect("a user without an answer who is found soon makes the batches no smaller", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(100)
      fake.injectFault({ kind: "html", status: 502 }, { ...always, when: asksFor(["user-0"]) })
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100, 50, 25, 12, 6, 3, 1, 1, 98])
      fake.clearFaults()
      fake.clearRequests()
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100])
    })
  )
})

describe("a batch that is too large", () => {
  const users = 30
  for (const [what, fault] of [
    ["a gateway's page", { kind: "too-many-users", users, how: "gateway", status: 504 }],
    ["another gateway's page", { kind: "too-many-users", users, how: "gateway", status: 502 }],
    ["an error without a type", { kind: "too-many-users", users, how: "broken" }],
    ["some of the users", { kind: "too-many-users", users, how: "resources" }]
  ] as const) {
    it.effect(
      `a batch that is too large and answered with ${what} is asked again in halves, and the next batch is no larger`,
      () =>
        Effect.gen(function* () {
          const { github, gists, logins, fake } = yield* clientWithUsers(100)
          fake.injectFault(fault, always)
          const results = yield* github.batch(logins)
          assert.deepStrictEqual(
            results.map((result) => Result.getOrThrow(result).gists[0]?.gistId),
            gists
          )
          assert.deepStrictEqual(sizes(fake).slice(0, 2), [100, 50])
          assert.isAtMost(sizes(fake).length, 8)
          fake.clearRequests()
          assert.deepStrictEqual(new Set(tags(yield* github.batch(logins.slice(0, 20)))), new Set(["Success"]))
          assert.lengthOf(sizes(fake), 1)
        })
    )
  }

  it.effect("a batch without an answer is asked again in halves after 15 seconds", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(10)
      fake.injectFault({ kind: "hang" })
      const call = yield* Effect.forkChild(github.batch(logins))
      yield* fake.seen(1)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(new Set(tags(yield* Fiber.join(call))), new Set(["Success"]))
      assert.deepStrictEqual(sizes(fake), [10, 5, 5])
    })
  )

  it.effect("batches grow again by one user with each full batch", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(100)
      fake.injectFault({ kind: "html", status: 502 })
      yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [100, 50, 50])
      fake.clearRequests()
      for (let n = 0; n < 3; n++) yield* github.batch(logins)
      assert.deepStrictEqual(sizes(fake), [51, 49, 52, 48, 53, 47])
    })
  )
})

describe("trouble of all users", () => {
  it.effect("a batch fails after few queries when GitHub answers no user", () =>
    Effect.gen(function* () {
      for (const fault of [
        { kind: "html", status: 502 },
        { kind: "reset" },
        { kind: "garbage" },
        { kind: "status", status: 200, body: {} },
        { kind: "status", status: 200, body: { data: null } },
        { kind: "status", status: 200, body: { errors: [7] } },
        { kind: "status", status: 200, body: { data: [], errors: [{ message: "Something went wrong" }] } }
      ] as const) {
        const { github, logins, fake } = yield* clientWithUsers(100)
        fake.injectFault(fault, always)
        const reason = yield* reasonOf(github.batch(logins))
        assert.strictEqual(reason._tag, "Unavailable", JSON.stringify(fault))
        assert.isAtMost(fake.requests.length, 9)
      }
    })
  )

  it.effect("a limit in the middle of a batch leaves the users that were answered before", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(100)
      fake.injectFault({ kind: "html", status: 502 })
      fake.injectFault({ kind: "points-spent", resetInSeconds: 60 }, { when: () => fake.requests.length === 2 })
      const found = tags(yield* github.batch(logins))
      assert.deepStrictEqual(found, [...Array(50).fill("Success"), ...Array(50).fill("RateLimited")])
    })
  )

  it.effect("a refused token, a refused query, or a server without GraphQL fails the whole batch at once", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(1)
      const errors = [{ path: ["fragment Newest", "nick"], extensions: { code: "undefinedField" }, message: "No nick" }]
      for (const [fault, tag] of [
        [{ kind: "status", status: 401, body: { message: "Bad credentials" } }, "Unauthorized"],
        [{ kind: "status", status: 403, body: { message: "Forbidden" } }, "Refused"],
        [{ kind: "status", status: 404 }, "Unexpected"],
        [{ kind: "status", status: 200, body: { errors } }, "Unexpected"],
        [{ kind: "status", status: 200, body: { errors: [{ type: "INSUFFICIENT_SCOPES" }] } }, "Unexpected"],
        [{ kind: "redirect", location: "/elsewhere" }, "Unexpected"]
      ] as const) {
        fake.injectFault(fault)
        assert.strictEqual((yield* reasonOf(github.batch(["user-0"])))._tag, tag)
        assert.lengthOf(fake.requests, 1)
        fake.clearRequests()
      }
    })
  )
})
