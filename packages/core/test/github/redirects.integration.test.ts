/** Redirects within the API are followed, and no other address is. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { FakeGithub } from "../../src/testing/index.ts"
import { githubToken, reasonOf } from "../net/clients.ts"
import { client, list } from "./support.ts"

describe("another origin", () => {
  const elsewhere = FakeGithub.make({ token: "theirs" })

  it.effect("the next page is never requested from another origin", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const other = yield* elsewhere
      const link = `<${other.url.origin}/user/42/gists?page=2>; rel="next"`
      fake.injectFault({ kind: "status", status: 200, body: [], headers: { link } })
      const reason = yield* reasonOf(list(github))
      assert.strictEqual(reason._tag, "Unexpected")
      assert.include(reason.message, other.url.origin)
      assert.strictEqual((yield* reasonOf(github.page(new URL("/user/42/gists?page=2", other.url))))._tag, "Unexpected")
      assert.deepStrictEqual(other.requests, [])
    })
  )

  it.effect("a redirect to another origin is never followed", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const other = yield* elsewhere
      for (const status of [301, 302, 303, 307, 308] as const) {
        fake.injectFault({ kind: "redirect", status, location: new URL("/users/octocat/gists", other.url).href })
        assert.strictEqual((yield* reasonOf(list(github)))._tag, "Unexpected")
      }
      assert.deepStrictEqual(other.requests, [])
    })
  )
})

describe("a redirect", () => {
  it.effect("a redirect within GitHub is followed, with token and ETag", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const { etag } = yield* Effect.andThen(github.account(42), list(github))
      fake.clearRequests()
      fake.injectFault({ kind: "redirect", status: 301, location: "/user/42/gists?per_page=100" })
      yield* github.gists("octocat", etag)
      const last = fake.requests[1]
      assert.strictEqual(last?.path, "/user/42/gists")
      assert.strictEqual(last?.headers.authorization, `Bearer ${githubToken}`)
      assert.strictEqual(last?.headers["if-none-match"], Option.getOrThrow(etag))
    })
  )

  it.effect("a redirect to nothing does not prove that the gist is deleted", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const gist = fake.addGist("octocat", { files: { "a.md": "1" } })
      fake.injectFault({ kind: "redirect", location: "/login" })
      const reason = yield* reasonOf(github.contents(gist))
      assert.strictEqual(reason._tag, "Unexpected")
      assert.match(reason.message, /does not know the address it gave/)
    })
  )

  it.effect("a redirect in circles ends after a few requests", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      yield* github.account(42)
      fake.clearRequests()
      fake.injectFault({ kind: "redirect", location: "/users/octocat/gists" }, { times: Number.POSITIVE_INFINITY })
      const reason = yield* reasonOf(list(github))
      assert.match(reason.message, /circles/)
      assert.strictEqual(fake.requests.length, 4)
    })
  )
})
