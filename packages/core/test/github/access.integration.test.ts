/** Requests that find out whether GitHub accepts the token. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { githubToken, makeGithub, reasonOf } from "../net/clients.ts"
import { graphqlEngine } from "./graphqlEngine.ts"
import { client, list, none } from "./support.ts"

describe("a token", () => {
  it.effect("a token that GitHub refuses is tried by one request and one probe, however many requests wait", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client({ token: "another", graphql: graphqlEngine })
      const read = Effect.result(github.gists("octocat", none))
      const query = Effect.result(github.batch(["octocat"]))
      yield* Effect.all(
        Array.from({ length: 15 }, () => Effect.all([read, query], { concurrency: 2 })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        fake.requests.map(({ path, status }) => [path, status]),
        [
          ["/users/octocat/gists", 401],
          ["/gists/public", 401]
        ]
      )
    })
  )

  it.effect("the first answer that accepts the token lets all waiting requests leave", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      fake.injectFault({ kind: "late" }, { times: 6 })
      const calls = yield* Effect.forEach(Array.from({ length: 6 }), () =>
        Effect.forkChild(list(github), { startImmediately: true })
      )
      yield* fake.seen(1)
      assert.lengthOf(fake.requests, 1)
      assert.strictEqual(fake.release(), 1)
      // No clock moves: all other requests leave before one of them is answered.
      yield* fake.seen(6)
      assert.strictEqual(fake.release(), 5)
      yield* Effect.forEach(calls, Fiber.join)
    })
  )
})

describe("the check", () => {
  it.effect("the check costs nothing of the limit, and reports a bad token", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      yield* github.check
      assert.strictEqual((yield* github.limits).budget?.remaining ?? 5_000, 5_000)
      const stranger = yield* makeGithub(fake.url, { token: `${githubToken}-wrong` })
      const reason = yield* reasonOf(stranger.check)
      assert.strictEqual(reason._tag, "Unauthorized")
      assert.include(reason.message, "GITHUB_TOKEN")
    })
  )

  it.effect("the check passes on a server without limits", () =>
    Effect.gen(function* () {
      const { github } = yield* client({ limit: false })
      yield* github.check
    })
  )
})
