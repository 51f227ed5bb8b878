/** Refusals of every request, of one kind or of one thing, and limits, as GitHub was reported to send them. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { TestClock } from "effect/testing"
import { elapse, name, passTime } from "../world.ts"
import { gist, listOf, publications, states, tracked, whole, withGithub } from "./support.ts"

/** The answer to every request, for a while. */
const refusals = [
  ["a suspended account", 403, "Sorry. Your account was suspended"],
  ["a shut-out", 403, "Maximum number of login attempts exceeded. Please try again later."],
  ["the wrong kind of token", 403, "Resource not accessible by integration"],
  [
    "an IP allow list",
    403,
    "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."
  ],
  ["a text nobody has seen", 403, "The hamster is asleep"],
  ["a bad token", 401, "Bad credentials"],
  ["a missing token", 401, "Requires authentication"]
] as const

/** One text of each kind. The table in classify.test.ts has all texts. */
const kinds = ["a suspended account", "a shut-out", "a text nobody has seen", "a bad token"]

describe("a refusal of every request", () => {
  for (const [what, status, message] of refusals.filter(([text]) => kinds.includes(text))) {
    for (const logins of [["ann"], ["ann", "bob", "cy", "dan"]]) {
      it.effect(
        `a refusal of every request (${what}, ${logins.length} tracked) marks no user, is reported, and ends for all users within minutes`,
        () => {
          let isRefused = true
          return withGithub(
            ({ path }) => {
              if (isRefused) return { status, body: { message, status: `${status}` } }
              const login = logins.find((one) => path === listOf(one))
              if (login !== undefined) return { body: [gist(login, `gist-${login}`)] }
              const id = logins.find((one) => path === `/gists/gist-${one}`)
              if (id !== undefined) return { body: whole(id, `gist-${id}`) }
              return path === "/gists/public" ? { body: [] } : undefined
            },
            ({ asked, pipedrive }) =>
              Effect.gen(function* () {
                const gitpip = yield* tracked(...logins)
                const scan = yield* gitpip.scan()
                assert.deepStrictEqual([scan.state, scan.reason, scan.failed], ["stopped", "Unauthorized", 0])
                assert.deepStrictEqual(new Set(yield* states(logins)), new Set(["new"]))
                const overdue = yield* gitpip.overdue(yield* DateTime.now)
                assert.include(overdue.join(), message)
                assert.isNotNull((yield* gitpip.status).github.blockedUntil)
                // Many scans send few requests.
                const before = asked.length
                for (let n = 0; n < 60; n++) {
                  yield* TestClock.adjust("10 seconds")
                  yield* gitpip.scan()
                }
                assert.isAtMost(asked.length - before, 15)

                isRefused = false
                yield* TestClock.adjust(status === 401 || what === "a shut-out" ? "5 minutes" : "1 minute")
                const after = yield* gitpip.scan()
                assert.deepStrictEqual([after.state, after.files], ["done", logins.length])
                assert.deepStrictEqual(new Set(yield* states(logins)), new Set(["ok"]))
                assert.deepStrictEqual(yield* gitpip.overdue(yield* DateTime.now), [])
                yield* gitpip.publish
                assert.lengthOf(pipedrive.activities, logins.length)
              })
          )
        }
      )
    }
  }

  it.effect("a refusal of every request fails no publication, and all files are published when it ends", () => {
    let isRefused = false
    const logins = ["ann", "bob", "cy", "dan"]
    return withGithub(
      ({ path }) => {
        if (isRefused) return { status: 403, body: { message: "Sorry. Your account was suspended" } }
        const login = logins.find((one) => path === listOf(one))
        if (login !== undefined) return { body: [gist(login, `gist-${login}`)] }
        const id = logins.find((one) => path === `/gists/gist-${one}`)
        return id === undefined ? undefined : { body: whole(id, `gist-${id}`) }
      },
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked(...logins)
          yield* gitpip.scan()
          isRefused = true
          for (let n = 0; n < 30; n++) {
            yield* gitpip.publish
            yield* passTime("1 minute")
          }
          assert.deepStrictEqual(new Set((yield* publications).map(([, state]) => state)), new Set(["pending"]))
          isRefused = false
          yield* passTime("1 minute")
          yield* gitpip.publish
          assert.lengthOf(pipedrive.activities, 4)
        })
    )
  })

  it.effect(
    "a refusal of all lists is found out by the third, and the users that were marked before are unmarked",
    () => {
      let isRefused = true
      const logins = ["ann", "bob", "cy", "dan"]
      return withGithub(
        ({ path }) => {
          if (path === "/gists/public") return { body: [] }
          const login = logins.find((one) => path === listOf(one))
          if (login === undefined) return undefined
          return isRefused ? { status: 403, body: { message: "Forbidden" } } : { body: [gist(login, `gist-${login}`)] }
        },
        () =>
          Effect.gen(function* () {
            const gitpip = yield* tracked(...logins)
            const scan = yield* gitpip.scan()
            assert.deepStrictEqual([scan.state, scan.reason, scan.failed], ["stopped", "Refused", 0])
            assert.deepStrictEqual(new Set(yield* states(logins)), new Set(["new"]))
            isRefused = false
            yield* TestClock.adjust("1 minute")
            assert.strictEqual((yield* gitpip.scan()).files, 4)
          })
      )
    }
  )

  it.effect("a refusal of one user's list, with whatever words, fails that user alone", () => {
    const logins = ["ann", "bob", "cy", "dan", "eve"]
    return Effect.gen(function* () {
      for (const [, status, message] of [...refusals, ["", 400, "Bad Request"], ["", 422, "Spammed"]] as const) {
        yield* withGithub(
          ({ path }) => {
            if (path === "/gists/public") return { body: [] }
            const login = logins.find((one) => path === listOf(one))
            if (login === undefined) return undefined
            return login === "ann" ? { status, body: { message } } : { body: [gist(login, `gist-${login}`)] }
          },
          () =>
            Effect.gen(function* () {
              const gitpip = yield* tracked(...logins)
              for (let n = 0; n < 3; n++) {
                const scan = yield* gitpip.scan()
                assert.deepStrictEqual([scan.state, scan.failed, scan.message], ["done", 1, null], message)
                yield* TestClock.adjust("20 minutes")
              }
              assert.deepStrictEqual(yield* states(logins), ["failing", "ok", "ok", "ok", "ok"])
            })
        )
      }
    })
  })
})

describe("a limit", () => {
  // https://github.com/octokit/plugin-throttling.js/issues/599
  // Other headers end a limit at the same times: see "the end of a limit" in classify.test.ts.
  for (const [what, headers] of [
    ["in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }],
    ["in a hundred years", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4999999999" }],
    ["after 1 second", { "retry-after": "1" }]
  ] as const) {
    it.effect(
      `a limit that is stated to end ${what}, again and again, is asked about ever more rarely, and is over within hours`,
      () => {
        let isLimited = true
        return withGithub(
          ({ path }) => {
            if (isLimited) return { status: 403, body: { message: "API rate limit exceeded" }, headers }
            return path === listOf("ann") ? { body: [gist("ann", "g")] } : undefined
          },
          ({ asked }) =>
            Effect.gen(function* () {
              const gitpip = yield* tracked("ann")
              yield* TestClock.adjust("12 hours")
              // A scan waits for the end of a short limit.
              for (let n = 0; n < 60; n++) {
                yield* Effect.forkChild(Effect.ignore(gitpip.scan()), { startImmediately: true })
                yield* elapse("2 minutes")
              }
              assert.isAtMost(asked.length, 10)
              isLimited = false
              yield* elapse("61 minutes")
              assert.strictEqual((yield* gitpip.scan()).state, "done")
            })
        )
      }
    )
  }

  it.effect("a limit is known by its text when its headers do not say that nothing is left", () =>
    withGithub(
      () => ({ status: 403, body: { message: "API rate limit exceeded for user ID 1." } }),
      () =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          const scan = yield* gitpip.scan()
          assert.deepStrictEqual([scan.state, scan.reason, scan.failed], ["stopped", "RateLimited", 0])
        })
    )
  )
})

it.effect("users that earlier scans marked are unmarked when a later one finds that all lists are refused", () => {
  const logins = ["ann", "bob", "cy"]
  return withGithub(
    ({ path }) => (path === "/gists/public" ? { body: [] } : { status: 403, body: { message: "Forbidden" } }),
    () =>
      Effect.gen(function* () {
        const gitpip = yield* tracked(...logins)
        for (const login of ["ann", "bob"]) yield* gitpip.scan({ username: name(login) })
        assert.deepStrictEqual(yield* states(logins), ["failing", "failing", "new"])
        const scan = yield* gitpip.scan({ username: name("cy") })
        assert.deepStrictEqual([scan.state, scan.reason], ["stopped", "Refused"])
        assert.deepStrictEqual(yield* states(logins), ["new", "new", "new"])
      })
  )
})
