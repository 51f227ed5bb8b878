/** What a response other than the expected one means to the caller. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { FakeGithub } from "../../src/testing/index.ts"
import { makeGithub, reasonOf, server } from "../net/clients.ts"
import { client, list } from "./support.ts"

describe("what GitHub answers instead", () => {
  const answers: ReadonlyArray<
    readonly [what: string, fault: Parameters<FakeGithub["injectFault"]>[0], reason: string, isGlobal: boolean]
  > = [
    [
      "a bad token for one list",
      { kind: "status", status: 401, body: { message: "Bad credentials" } },
      "Refused",
      false
    ],
    ["a plain refusal", { kind: "status", status: 403, body: { message: "Forbidden" } }, "Refused", false],
    ["a refusal by a proxy", { kind: "html", status: 403 }, "Refused", false],
    ["a missing user", { kind: "status", status: 404, body: { message: "Not Found" } }, "UserNotFound", false],
    ["a takedown", { kind: "status", status: 451, body: { message: "DMCA" } }, "Blocked", false],
    ["a retired API", { kind: "status", status: 410, body: { message: "Gone" } }, "Unexpected", false],
    ["a bad request", { kind: "status", status: 422, body: { message: "Unprocessable" } }, "Unexpected", false],
    ["a fault", { kind: "status", status: 500 }, "Unavailable", true],
    ["a bad gateway's page", { kind: "html", status: 502 }, "Unavailable", true],
    ["a page with status 200", { kind: "html", status: 200 }, "Unavailable", true],
    ["half of an answer", { kind: "garbage" }, "Unavailable", true],
    ["something other than a list", { kind: "status", status: 200, body: { message: "hello" } }, "Unavailable", true],
    ["a broken connection", { kind: "reset" }, "Unavailable", true],
    ["a redirect without an address", { kind: "status", status: 302 }, "Unexpected", false]
  ]
  for (const [what, fault, tag, isGlobal] of answers) {
    it.effect(`${what} is ${tag}`, () =>
      Effect.gen(function* () {
        const { github, fake } = yield* client()
        fake.addGist("octocat", { files: { a: "1" } })
        fake.injectFault(fault)
        const error = yield* Effect.flip(list(github))
        assert.deepStrictEqual([error.reason._tag, error.isGlobal], [tag, isGlobal])
        yield* reasonOf(Effect.fail(error))
        // No request is repeated, and the next one succeeds. A refusal costs one more request, the probe.
        assert.strictEqual(fake.count("GET", "/users/{login}/gists"), 1)
        assert.isAtMost(fake.requests.length, ["Unavailable", "Blocked"].includes(tag) ? 1 : 2)
        yield* list(github)
      })
    )
  }

  it.effect("a request without an answer fails after half a minute", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      fake.injectFault({ kind: "hang" })
      const call = yield* Effect.forkChild(reasonOf(list(github)))
      yield* fake.seen(1)
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const reason = yield* Fiber.join(call)
      assert.deepStrictEqual([reason._tag, reason.message], ["Unavailable", "GitHub: no answer within 30s"])
    })
  )

  it.effect("a server that is not there is Unreachable", () =>
    Effect.gen(function* () {
      const gone = yield* server(() => undefined)
      yield* gone.close
      const reason = yield* reasonOf(list(yield* makeGithub(gone.url)))
      assert.strictEqual(reason._tag, "Unreachable")
      assert.include(reason.message, "ECONNREFUSED")
    })
  )

  it.effect("a missing gist, account or page has another reason than a missing user", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      assert.strictEqual((yield* reasonOf(github.contents("0123")))._tag, "GistNotFound")
      assert.strictEqual((yield* github.raw(new URL("/raw/o/g/s/n", fake.url).href, 9))._tag, "Omitted")
      assert.strictEqual((yield* reasonOf(github.account(7)))._tag, "UserNotFound")
      assert.strictEqual((yield* reasonOf(github.page(new URL("/user/7/gists", fake.url))))._tag, "Unexpected")
    })
  )

  it.effect("a gist that GitHub blocks is Blocked, and its user's list is still read", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* client()
      const id = fake.addGist("octocat", { files: { a: "1" } })
      fake.blockGist(id)
      const error = yield* Effect.flip(github.contents(id))
      assert.deepStrictEqual([error.reason._tag, error.isGlobal], ["Blocked", false])
      assert.strictEqual((yield* list(github)).files.length, 1)
    })
  )
})
