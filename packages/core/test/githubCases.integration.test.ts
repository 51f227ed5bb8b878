/**
 * What GitHub was reported or recorded to do, replayed against Gitpip's real services: each case is its smallest input. The
 * sources stand with the cases.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip, type Services } from "../src/Gitpip.ts"
import type { Settings } from "../src/Settings.ts"
import { layerPostgres } from "./database.ts"
import { server } from "./internal/clients.ts"
import { everything, inWorld, type makeWorld, name, passTime } from "./world.ts"

type World = Effect.Success<ReturnType<typeof makeWorld>>
type Needs = Gitpip | Services | Settings | SqlClient.SqlClient | Scope.Scope

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage["headers"]
}

/** An answer. A body that is no text is sent as JSON. */
interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** Real answers of GitHub's API carry these. */
const ordinary = (clock: Clock.Clock) => ({
  "x-ratelimit-limit": "5000",
  "x-ratelimit-remaining": "4990",
  "x-ratelimit-used": "10",
  "x-ratelimit-reset": `${Math.floor(clock.currentTimeMillisUnsafe() / 1_000) + 3_000}`
})

/** Gitpip before a GitHub that answers as told, and all that it was asked. Without GraphQL, and without a feed. */
const withGithub = <A, E>(
  answer: (asked: Asked, origin: string, now: number) => Answer | undefined,
  body: (world: World & { readonly asked: ReadonlyArray<Asked> }) => Effect.Effect<A, E, Needs>,
  env: Record<string, string> = {}
) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const asked: Array<Asked> = []
    let origin = ""
    const listener: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost")
      const one = { method: request.method ?? "", path: pathname, query: searchParams, headers: request.headers }
      asked.push(one)
      const {
        body,
        headers,
        status = 200
      } = answer(one, origin, clock.currentTimeMillisUnsafe()) ?? {
        status: 404,
        body: { message: "Not Found" }
      }
      const isText = typeof body === "string"
      response.writeHead(status, {
        "content-type": isText ? "text/plain" : "application/json",
        ...ordinary(clock),
        ...headers
      })
      response.end(isText ? body : JSON.stringify(body))
    }
    const { url } = yield* server(listener)
    origin = url
    return yield* inWorld(layerPostgres, { env: { GITHUB_API_URL: url, ...env } }, (world) => body({ ...world, asked }))
  })

const gist = (login: string, id: string, more: object = {}) => ({
  id,
  html_url: `https://gist.github.com/${login}/${id}`,
  public: true,
  owner: { id: login.length * 1_000 + login.charCodeAt(0), login },
  created_at: "2026-11-01T10:00:00Z",
  updated_at: "2026-11-01T10:00:00Z",
  files: { [`${id}.md`]: { size: 4 } },
  ...more
})

/** The gist itself: with contents. */
const whole = (login: string, id: string, more: object = {}) =>
  gist(login, id, { files: { [`${id}.md`]: { size: 4, truncated: false, content: `of ${id}` } }, ...more })

const listOf = (login: string) => `/users/${login}/gists`

const tracked = Effect.fnUntraced(function* (...logins: ReadonlyArray<string>) {
  const gitpip = yield* Gitpip
  for (const login of logins) yield* gitpip.track(name(login))
  return gitpip
})

const states = (logins: ReadonlyArray<string>) =>
  Effect.flatMap(Gitpip, (gitpip) =>
    Effect.forEach(logins, (login) => Effect.map(gitpip.user(name(login)), ({ user }) => user.state))
  )

const publications = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (all) =>
    all.map(({ errorReason, filename, state }) => [filename, state, errorReason] as const)
  )
)

// https://github.com/hub4j/github-api, GHGistTest/listGistFile, recorded 2021
describe("a gist that GitHub does not call public", () => {
  for (const [what, answered] of [
    ["false", { public: false }],
    ["missing", { public: undefined }],
    ["null", { public: null }],
    ["a text", { public: "true" }],
    ["a number", { public: 1 }]
  ] as const) {
    it.effect(`is not stored, shown or counted when \`public\` is ${what} in the user's list`, () =>
      withGithub(
        ({ path }) =>
          path === listOf("me-example")
            ? { body: [gist("me-example", "secret", answered), gist("me-example", "open")] }
            : path === "/gists/open"
              ? { body: whole("me-example", "open") }
              : undefined,
        ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            const preview = yield* gitpip.preview(name("me-example"))
            assert.deepStrictEqual([preview.gists, preview.files, preview.activities], [1, 1, 1])
            yield* tracked("me-example")
            assert.strictEqual((yield* gitpip.scan()).files, 1)
            yield* gitpip.publish
            const { files } = yield* gitpip.latest(name("me-example"))
            assert.deepStrictEqual(
              files.map(({ filename }) => filename),
              ["open.md"]
            )
            assert.deepStrictEqual(
              pipedrive.activities.map(({ subject }) => subject),
              ["open.md"]
            )
          })
      )
    )
  }

  it.effect("is not published when it becomes secret between the scan and the publication, and says so", () =>
    inWorld(layerPostgres, { queries: false }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        github.addUser("ann")
        const id = github.addGist("ann", { files: { "a.md": "text", "large.md": "x".repeat(5 * 1024 * 1024) } })
        const gitpip = yield* tracked("ann")
        yield* gitpip.scan()
        github.setPublic(id, false)
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 0)
        assert.sameDeepMembers(yield* publications, [
          ["a.md", "gone", "NotPublic"],
          ["large.md", "gone", "NotPublic"]
        ])
        const [file] = yield* gitpip.history(name("ann"), everything)
        const preview = yield* Effect.flip(gitpip.filePreview(file?.id ?? 0))
        assert.strictEqual(preview._tag === "GithubError" ? preview.reason._tag : preview._tag, "NotPublic")
      })
    )
  )

  it.effect("is not published from a text that came along with a scan more than a minute ago", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const logins = Array.from({ length: 10 }, (_, n) => `user-${n}`)
        for (const login of logins) {
          github.addUser(login)
          github.addGist(login, { files: { [`${login}.old`]: "x" } })
        }
        const gitpip = yield* tracked(...logins)
        yield* gitpip.scan()
        yield* gitpip.publish
        const id = github.addGist("user-0", { files: { "new.md": "text" } })
        yield* gitpip.scan()
        github.setPublic(id, false)
        yield* TestClock.adjust("61 seconds")
        yield* gitpip.publish
        assert.deepStrictEqual(
          (yield* publications).filter(([filename]) => filename === "new.md"),
          [["new.md", "gone", "NotPublic"]]
        )
        assert.lengthOf(pipedrive.activities, 10)
      })
    )
  )
})

/** Another answer for a while: everything is refused as told. */
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

describe("a refusal of whatever is asked for", () => {
  for (const [what, status, message] of refusals) {
    for (const logins of [["ann"], ["ann", "bob", "cy", "dan"]]) {
      it.effect(`(${what}, ${logins.length} tracked) marks nobody, is told, and ends for all within a minute`, () => {
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
              assert.isNotNull((yield* gitpip.status).github.closedUntil)
              // However often it is tried, what is asked is little.
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
      })
    }
  }

  it.effect("fails no publication, and all are published when it ends", () => {
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

  it.effect("of all lists alone is found out by the third, and the users that were marked before are unmarked", () => {
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
          assert.deepStrictEqual([scan.state, scan.reason, scan.failed], ["stopped", "Unauthorized", 0])
          assert.deepStrictEqual(new Set(yield* states(logins)), new Set(["new"]))
          isRefused = false
          yield* TestClock.adjust("1 minute")
          assert.strictEqual((yield* gitpip.scan()).files, 4)
        })
    )
  })

  it.effect("of one user's list alone, with whatever words, is that user's, and the others go on", () => {
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
