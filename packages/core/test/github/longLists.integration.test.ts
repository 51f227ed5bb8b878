/** Lists of several pages: the next page's address, pages that GitHub does not complete, limits in the middle. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Scanner } from "../../src/detect/Scanner.ts"
import { everything, name } from "../world.ts"
import { type Answer, type Asked, gist, listOf, paged, states, tracked, withGithub } from "./support.ts"

describe("a list's next page", () => {
  for (const [what, link] of [
    ["a relative address", '</user/1/gists?page=2>; rel="next"'],
    ["a query alone", '<?page=2>; rel="next"'],
    ["no quotes", "<?page=2>; rel=next"],
    ["several relations", '<?page=2>; title="x"; rel="last next"']
  ] as const) {
    it.effect(`a list's next page is found by ${what}`, () =>
      withGithub(
        ({ path, query }) =>
          query.get("page") === "2"
            ? { body: [gist("ann", "second")] }
            : path === listOf("ann")
              ? { body: [gist("ann", "first")], headers: { link } }
              : undefined,
        () =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann")
            assert.strictEqual((yield* gitpip.scan()).files, 2)
          })
      )
    )
  }

  it.effect("a next page whose address cannot be read fails the user's check", () =>
    withGithub(
      ({ path }) =>
        path === listOf("ann")
          ? { body: [gist("ann", "first")], headers: { link: '<http://[>; rel="next"' } }
          : undefined,
      () =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          const { user } = yield* gitpip.user(name("ann"))
          assert.deepStrictEqual([user.state, user.errorReason], ["failing", "Unexpected"])
        })
    )
  )
})

describe("a long list", () => {
  // https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/18649
  for (const [what, isSlow] of [
    ["each page", () => true],
    ["the second page", (query: URLSearchParams) => query.has("page")]
  ] as const) {
    for (const maxSize of [30, 10]) {
      it.effect(
        `a list of which GitHub completes no more than ${maxSize} gists a page (${what}) is found, and stays found`,
        () =>
          withGithub(
            (asked) =>
              Number(asked.query.get("per_page")) > maxSize && isSlow(asked.query)
                ? { status: 502, body: "Server Error" }
                : paged("ann", 250, asked),
            ({ asked }) =>
              Effect.gen(function* () {
                const gitpip = yield* tracked("ann")
                for (let n = 0; n < 5; n++) {
                  yield* gitpip.scan()
                  yield* TestClock.adjust("10 minutes")
                }
                assert.deepStrictEqual(yield* states(["ann"]), ["ok"])
                assert.lengthOf(yield* gitpip.history(name("ann"), everything), 250)
                if (what !== "each page") return
                const before = asked.length
                yield* gitpip.scan()
                assert.strictEqual(asked[before]?.query.get("per_page"), `${maxSize}`)
              })
          )
      )
    }
  }

  it.effect("a list that is longer than Gitpip reads at a time is read by smaller pages at the next check", () => {
    // Some 17 MB for 100 gists.
    const long = "x".repeat(170_000)
    return withGithub(
      (asked) => {
        const found = paged("ann", 100, asked)
        const gists = found?.body as ReadonlyArray<object> | undefined
        return gists === undefined ? undefined : { ...found, body: gists.map((one) => ({ ...one, forks_url: long })) }
      },
      () =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          assert.strictEqual((yield* gitpip.scan()).failed, 1)
          yield* TestClock.adjust("5 minutes")
          const scan = yield* gitpip.scan()
          assert.deepStrictEqual([scan.failed, scan.files], [0, 100])
        })
    )
  })

  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: 60 requests an hour without a token.
  const anonymous = (answer: (asked: Asked) => Answer | undefined) => {
    let hour = 0
    let used = 0
    return (asked: Asked, _: string, now: number): Answer | undefined => {
      const present = Math.floor(now / 3_600_000)
      if (present !== hour) used = 0
      hour = present
      const headers = (left: number) => ({
        "x-ratelimit-limit": "60",
        "x-ratelimit-remaining": `${left}`,
        "x-ratelimit-reset": `${(present + 1) * 3_600}`
      })
      if (used >= 60) return { status: 403, body: { message: "API rate limit exceeded" }, headers: headers(0) }
      used++
      const found = answer(asked) ?? { status: 404, body: { message: "Not Found" } }
      return { ...found, headers: { ...headers(60 - used), ...found.headers } }
    }
  }
  const pagesOf = (asked: ReadonlyArray<Asked>) => asked.filter(({ path }) => path.startsWith("/users/")).length

  it.effect("a list that the limit cuts off goes on where it stopped, and requests no page twice", () =>
    withGithub(
      anonymous((asked) => paged("ann", 6_050, asked)),
      ({ asked }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          assert.strictEqual((yield* gitpip.scan()).state, "stopped")
          yield* TestClock.adjust("61 minutes")
          assert.strictEqual((yield* gitpip.scan()).state, "done")
          assert.strictEqual(pagesOf(asked), 61)
          assert.strictEqual((yield* gitpip.user(name("ann"))).counts.files, 6_050)
        }),
      { GITHUB_TOKEN: "" }
    )
  )

  it.effect(
    "sixteen long lists are found together, the first pages first, and eighty pages take about eighty requests",
    () => {
      const logins = Array.from({ length: 16 }, (_, n) => `user-${String(n).padStart(2, "0")}`)
      return withGithub(
        anonymous((asked) => logins.map((login) => paged(login, 450, asked)).find((found) => found !== undefined)),
        ({ asked }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked(...logins)
            yield* gitpip.scan()
            // The newest gists of all users come first.
            assert.deepStrictEqual(new Set(asked.slice(0, 16).map(({ path }) => path)).size, 16)
            yield* TestClock.adjust("61 minutes")
            yield* gitpip.scan()
            for (const login of logins) assert.strictEqual((yield* gitpip.user(name(login))).counts.files, 450)
            assert.isAtMost(pagesOf(asked), 96)
          }),
        { GITHUB_TOKEN: "" }
      )
    }
  )

  it.effect("a scheduled scan of a long list without a token leaves part of the hour's limit to others", () =>
    withGithub(
      anonymous((asked) => paged("ann", 6_050, asked) ?? paged("bob", 1, asked)),
      ({ asked }) =>
        Effect.gen(function* () {
          yield* tracked("ann", "bob")
          const scanner = yield* Scanner
          const scan = yield* scanner.scan({ kind: "scheduled", userKey: null })
          assert.strictEqual(scan.state, "done")
          assert.isAtMost(asked.length, 40)
          assert.deepStrictEqual(yield* states(["ann", "bob"]), ["ok", "ok"])
        }),
      { GITHUB_TOKEN: "" }
    )
  )

  for (const shown of [30, 26, 1])
    it.effect(`a list that ends with 422 after ${shown} pages is found as far as GitHub shows it`, () =>
      withGithub(
        (asked) =>
          Number(asked.query.get("page")) > shown
            ? {
                status: 422,
                body: {
                  message: "In order to keep the API fast for everyone, pagination is limited for this resource."
                }
              }
            : paged("ann", 5_000, asked),
        ({ asked }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann")
            const scan = yield* gitpip.scan()
            assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 0, shown * 100])
            assert.lengthOf(asked, shown + 1)
          })
      )
    )

  for (const status of [404, 403, 500] as const) {
    it.effect(`a list of which a late page answers ${status} keeps the pages before, and is requested again`, () => {
      let isBroken = true
      return withGithub(
        (asked) =>
          isBroken && asked.query.get("page") === "3"
            ? { status, body: { message: "no" } }
            : (paged("ann", 450, asked) ?? { body: [] }),
        () =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann")
            const scan = yield* gitpip.scan()
            assert.deepStrictEqual([scan.failed, scan.files], [1, 200])
            isBroken = false
            yield* TestClock.adjust("10 minutes")
            yield* gitpip.scan()
            assert.strictEqual((yield* gitpip.user(name("ann"))).counts.files, 450)
          })
      )
    })
  }
})
