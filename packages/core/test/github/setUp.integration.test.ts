/** What a wrong address or token does to the check, and to a scan. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeGithub, server } from "../net/clients.ts"
import { type Answer, type Asked, gist, listOf, states, tracked, withGithub } from "./support.ts"

describe("set-up", () => {
  const notFound = { status: 404, body: "<html>Not Found</html>", headers: { "content-type": "text/html" } }
  const limits = { body: { resources: {} } }
  /** The check of `doctor`, with a GitHub that gives these answers. */
  const checked = (answer: (asked: Asked) => Answer) =>
    Effect.gen(function* () {
      const { url } = yield* server((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost")
        const {
          body,
          headers,
          status = 200
        } = answer({
          method: request.method ?? "",
          path: pathname,
          query: searchParams,
          headers: request.headers
        })
        response.writeHead(status, { "content-type": "application/json", ...headers })
        response.end(typeof body === "string" ? body : JSON.stringify(body))
      })
      const github = yield* makeGithub(url)
      return yield* Effect.result(Effect.andThen(github.check, github.checkLists))
    })

  it.effect("the check fails when lists of gists are not where they should be, or may not be read", () =>
    Effect.gen(function* () {
      for (const [answer, reason, message] of [
        [() => notFound, "Unexpected", /not where lists of gists are/],
        [() => ({ status: 404, body: { message: "Not Found" } }), "Unexpected", /not where lists of gists are/],
        [() => ({ body: "<html>Welcome</html>" }), "Unavailable", /cannot be read/],
        [() => ({ body: { message: "Welcome" } }), "Unavailable", /cannot be read/],
        [
          () => ({ status: 403, body: { message: "Resource not accessible by integration" } }),
          "Unauthorized",
          /classic personal access token/
        ],
        [() => ({ status: 403, body: { message: "Forbidden" } }), "Refused", /HTTP 403/],
        [() => ({ status: 401, body: { message: "Bad credentials" } }), "Unauthorized", /Set GITHUB_TOKEN/]
      ] as ReadonlyArray<readonly [() => Answer, string, RegExp]>) {
        const result = yield* checked((asked) => (asked.path === "/rate_limit" ? limits : answer()))
        if (result._tag === "Success") return assert.fail(String(message))
        assert.strictEqual(result.failure.reason._tag, reason)
        assert.match(result.failure.message, message)
      }
    })
  )

  it.effect("the check passes without that user, without limits, and without a feed", () =>
    Effect.gen(function* () {
      for (const path of ["/users/octocat/gists", "/gists/public"]) {
        const result = yield* checked((asked) => (asked.path === path ? { body: [] } : notFound))
        assert.strictEqual(result._tag, "Success", path)
      }
    })
  )

  it.effect("an address that leads to no API stops the scan and marks no user, however few are tracked", () =>
    Effect.gen(function* () {
      for (const logins of [["ann"], ["ann", "bob", "cy", "dan"]]) {
        yield* withGithub(
          ({ path }) => (path === "/rate_limit" ? limits : notFound),
          () =>
            Effect.gen(function* () {
              const gitpip = yield* tracked(...logins)
              const scan = yield* gitpip.scan()
              assert.deepStrictEqual([scan.state, scan.reason, scan.failed], ["stopped", "Unexpected", 0])
              assert.match(scan.message ?? "", /GITHUB_API_URL/)
              assert.deepStrictEqual(new Set(yield* states(logins)), new Set(["new"]))
            })
        )
      }
    })
  )

  it.effect("accounts that do not exist fail alone, and the others are found", () =>
    withGithub(
      ({ path }) =>
        path === "/gists/public" ? { body: [] } : path === listOf("zed") ? { body: [gist("zed", "g")] } : undefined,
      () =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("a1", "a2", "a3", "a4", "a5", "zed")
          const scan = yield* gitpip.scan()
          assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 5, 1])
        })
    )
  )
})
