/**
 * What GitHub was reported or recorded to do, replayed against Gitpip's real services: each case is its smallest input. The
 * sources stand with the cases.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Services } from "../../src/layers.ts"
import type { Settings } from "../../src/Settings.ts"
import { layerPostgres } from "../database.ts"
import { makeGithub, scripted, server } from "../net/clients.ts"
import { elapse, everything, inWorld, type makeWorld, name, passTime } from "../world.ts"

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

  for (const [what, answered] of [
    ["is missing", undefined],
    ["is null", null],
    ["is a text", "true"]
  ] as const) {
    it.effect(`or secret either, because \`public\` ${what}, is not published, and not given up`, () => {
      let isOdd = true
      return withGithub(
        ({ path }) =>
          path === listOf("ann")
            ? { body: [gist("ann", "open")] }
            : path === "/gists/open"
              ? { body: whole("ann", "open", isOdd ? { public: answered } : {}) }
              : undefined,
        ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann")
            yield* gitpip.scan()
            for (let n = 0; n < 6; n++) {
              yield* gitpip.publish
              yield* passTime("10 minutes")
            }
            assert.deepStrictEqual(yield* publications, [["open.md", "pending", "Unavailable"]])
            assert.lengthOf(pipedrive.activities, 0)
            isOdd = false
            yield* passTime("1 hour")
            yield* gitpip.publish
            assert.lengthOf(pipedrive.activities, 1)
          })
      )
    })
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

/** One of each kind. The table in errors.test.ts classifies the other texts like one of these. */
const kinds = ["a suspended account", "a shut-out", "a text nobody has seen", "a bad token"]

describe("a refusal of whatever is asked for", () => {
  for (const [what, status, message] of refusals.filter(([text]) => kinds.includes(text))) {
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
              assert.isNotNull((yield* gitpip.status).github.blockedUntil)
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

describe("raw content", () => {
  /** Ann's file has to be read raw, bob's does not. */
  const twoUsers = (
    raw: (asked: Asked, now: number) => Answer,
    options: { readonly file?: string; readonly at?: string } = {}
  ) => {
    const { at, file = "dump.sql" } = options
    return (asked: Asked, origin: string, now: number): Answer | undefined => {
      if (asked.path === listOf("ann")) {
        return {
          body: [gist("ann", "big", { files: { [file]: { size: 5_242_880, raw_url: `${origin}/raw/${file}` } } })]
        }
      }
      if (asked.path === listOf("bob")) return { body: [gist("bob", "small")] }
      if (asked.path === "/gists/small") return { body: whole("bob", "small") }
      if (asked.path === "/gists/big") {
        const raw_url = at ?? `${origin}/raw/${file}`
        return {
          body: whole("ann", "big", { files: { [file]: { size: 5_242_880, truncated: true, content: "", raw_url } } })
        }
      }
      return asked.path.startsWith("/raw/") || asked.path === "/login" ? raw(asked, now) : undefined
    }
  }

  // https://github.com/artifacthub/hub/issues/4397
  for (const [what, headers] of [
    ["an hour", { "retry-after": "3600" }],
    ["no time", {}],
    ["a time in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }]
  ] as const) {
    it.effect(`of a host that answers 429 for ${what} is left out, and delays nobody else`, () =>
      withGithub(
        twoUsers(() => ({ status: 429, body: "too many requests", headers })),
        ({ asked, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann", "bob")
            yield* gitpip.scan()
            yield* gitpip.publish
            assert.deepStrictEqual(
              pipedrive.activities.map(({ subject }) => subject).filter((subject) => subject !== "dump.sql"),
              ["small.md"]
            )
            assert.strictEqual((yield* gitpip.scan()).state, "done")
            for (let n = 0; n < 20; n++) {
              yield* passTime("1 minute")
              yield* gitpip.publish
            }
            const note = pipedrive.activities.find(({ subject }) => subject === "dump.sql")?.note ?? ""
            assert.include(note, "https://gist.github.com/ann/big?file=dump.sql")
            assert.match(note, /The content is left out: .*\. See the link\./)
            assert.isAtMost(asked.filter(({ path }) => path.startsWith("/raw/")).length, 6)
          })
      )
    )
  }

  it.effect("of a host that answers again is published whole", () => {
    let answers = 0
    return withGithub(
      twoUsers(() =>
        answers++ === 0 ? { status: 429, body: "", headers: { "retry-after": "60" } } : { body: "all of it" }
      ),
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann", "bob")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.lengthOf(pipedrive.activities, 1)
          yield* passTime("1 minute")
          yield* gitpip.publish
          assert.include(pipedrive.activities.map(({ note }) => note).join(), "all of it")
        })
    )
  })

  // https://github.com/cli/cli/issues/11739
  it.effect("is read for a file behind one that is too large, whose content comes empty", () =>
    withGithub(
      ({ path }, origin) => {
        const files = {
          "0-dump.txt": {
            size: 1_200_000,
            truncated: true,
            content: "a".repeat(1_000_000),
            raw_url: `${origin}/raw/d`
          },
          "1-notes.md": { size: 22, truncated: true, content: "", raw_url: `${origin}/raw/1-notes.md` },
          "2-empty.md": { size: 0, truncated: false, content: "", raw_url: `${origin}/raw/2-empty.md` }
        }
        if (path === listOf("ann")) return { body: [gist("ann", "g", { files })] }
        if (path === "/gists/g") return { body: gist("ann", "g", { files }) }
        return path === "/raw/1-notes.md" ? { body: "all of the 22 bytes ok" } : undefined
      },
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          yield* gitpip.publish
          const noteOf = (name: string) => pipedrive.activities.find(({ subject }) => subject === name)?.note ?? ""
          assert.include(noteOf("1-notes.md"), "all\u00a0of\u00a0the\u00a022".replaceAll("\u00a0", " "))
          assert.notInclude(noteOf("1-notes.md"), "only the beginning")
          assert.include(noteOf("0-dump.txt"), "only the beginning")
          assert.include(noteOf("2-empty.md"), "(empty file)")
        })
    )
  )

  const page = { body: "<html>Sign in to GitHub</html>", headers: { "content-type": "text/html; charset=utf-8" } }
  for (const [what, raw, options] of [
    // https://github.com/lostintangent/gistpad/issues/96
    [
      "a redirect to a sign-in page",
      ({ path }: Asked) => (path === "/login" ? page : { status: 302, headers: { location: "/login?return_to=x" } }),
      {}
    ],
    ["a sign-in page with 200", () => page, {}],
    [
      "a sign-in page as text",
      ({ path }: Asked) => (path === "/login" ? { body: "Sign in" } : { status: 302, headers: { location: "/login" } }),
      {}
    ],
    // https://github.com/jupyter/nbviewer/pull/278
    ["403 above some size", () => ({ status: 403, body: "403: Forbidden" }), {}],
    ["404", () => ({ status: 404, body: "404: Not Found" }), {}],
    ["401", () => ({ status: 401, body: "" }), {}],
    ["451", () => ({ status: 451, body: "" }), {}],
    ["a redirect in circles", () => ({ status: 302, headers: { location: "/raw/dump.sql" } }), {}],
    ["another host", () => ({ body: "never read" }), { at: "https://raw.example.test/dump.sql" }],
    ["no address", () => ({ body: "never read" }), { at: "nowhere" }]
  ] as const) {
    it.effect(`that is answered with ${what} is left out: the file is published as a link with a sentence`, () =>
      withGithub(twoUsers(raw, options), ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann", "bob")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.lengthOf(pipedrive.activities, 2)
          const note = pipedrive.activities.find(({ subject }) => subject === "dump.sql")?.note ?? ""
          assert.match(note, /The content is left out: it could not be read: .*\. See the link\./)
          assert.notInclude(note, "Sign in")
          const [file] = (yield* gitpip.history(name("ann"), everything)).filter(
            ({ filename }) => filename === "dump.sql"
          )
          assert.isNull((yield* gitpip.filePreview(file?.id ?? 0)).text)
        })
      )
    )
  }

  it.effect("that is a page, as the file is, is read", () =>
    withGithub(
      twoUsers(() => page, { file: "index.html" }),
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.include(pipedrive.activities[0]?.note ?? "", "Sign in to GitHub")
        })
    )
  )

  it.effect("of a host that fails each time is left out in the end, and the file is published as a link", () =>
    withGithub(
      twoUsers(() => ({ status: 502, body: "" })),
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked("ann", "bob")
          yield* gitpip.scan()
          for (let n = 0; n < 10; n++) {
            yield* gitpip.publish
            yield* passTime("2 minutes")
          }
          assert.sameMembers(
            pipedrive.activities.map(({ subject }) => subject),
            ["small.md", "dump.sql"]
          )
        })
    )
  )
})

describe("a limit", () => {
  // https://github.com/octokit/plugin-throttling.js/issues/599
  // Other headers end a limit at the same times: see "the end of a limit" in errors.test.ts.
  for (const [what, headers] of [
    ["in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }],
    ["in a hundred years", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4999999999" }],
    ["after 1 second", { "retry-after": "1" }]
  ] as const) {
    it.effect(
      `that is told to end ${what}, again and again, is asked about ever more rarely, and not for hours`,
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
              // A short wait is waited for inside a scan.
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

  it.effect("whose headers do not say that nothing is left is one all the same", () =>
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

describe("a list's next page", () => {
  for (const [what, link] of [
    ["a relative address", '</user/1/gists?page=2>; rel="next"'],
    ["a query alone", '<?page=2>; rel="next"'],
    ["no quotes", "<?page=2>; rel=next"],
    ["several relations", '<?page=2>; title="x"; rel="last next"']
  ] as const) {
    it.effect(`is found by ${what}`, () =>
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

  it.effect("whose address cannot be read fails the user aloud", () =>
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

/** Gists of a user on pages as asked for. */
const paged = (login: string, count: number, { path, query }: Asked): Answer | undefined => {
  if (path !== listOf(login)) return undefined
  const size = Number(query.get("per_page") ?? 30)
  const page = Number(query.get("page") ?? 1)
  const ids = Array.from({ length: count }, (_, n) => `${login}-${n}`).slice((page - 1) * size, page * size)
  const link = page * size < count ? { link: `<${path}?per_page=${size}&page=${page + 1}>; rel="next"` } : {}
  return { body: ids.map((id) => gist(login, id)), headers: link }
}

describe("a long list", () => {
  // https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/18649
  for (const [what, isSlow] of [
    ["each page", () => true],
    ["the second page", (query: URLSearchParams) => query.has("page")]
  ] as const) {
    for (const most of [30, 10]) {
      it.effect(`of which GitHub gets done with no more than ${most} a page (${what}) is found, and stays so`, () =>
        withGithub(
          (asked) =>
            Number(asked.query.get("per_page")) > most && isSlow(asked.query)
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
              assert.strictEqual(asked[before]?.query.get("per_page"), `${most}`)
            })
        )
      )
    }
  }

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

  it.effect("that the limit cuts off goes on where it stopped, and asks for no page twice", () =>
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

  it.effect("does not keep sixteen others from being found, and eighty pages take eighty requests", () => {
    const logins = Array.from({ length: 16 }, (_, n) => `user-${String(n).padStart(2, "0")}`)
    return withGithub(
      anonymous((asked) => logins.map((login) => paged(login, 450, asked)).find((found) => found !== undefined)),
      ({ asked }) =>
        Effect.gen(function* () {
          const gitpip = yield* tracked(...logins)
          yield* gitpip.scan()
          // Everybody's newest gists come first.
          assert.deepStrictEqual(new Set(asked.slice(0, 16).map(({ path }) => path)).size, 16)
          yield* TestClock.adjust("61 minutes")
          yield* gitpip.scan()
          for (const login of logins) assert.strictEqual((yield* gitpip.user(name(login))).counts.files, 450)
          assert.isAtMost(pagesOf(asked), 96)
        }),
      { GITHUB_TOKEN: "" }
    )
  })

  it.effect("leaves half of an hour without a token to others when it is a scheduled scan's", () =>
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
    it.effect(`that ends with 422 after ${shown} pages is found as far as GitHub shows it`, () =>
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
    it.effect(`of which a late page answers ${status} keeps what was read, and is tried again`, () => {
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

describe("set-up", () => {
  const notFound = { status: 404, body: "<html>Not Found</html>", headers: { "content-type": "text/html" } }
  const limits = { body: { resources: {} } }
  /** What `doctor` asks, of a GitHub that answers so. */
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

  it.effect("is found wrong by the check when lists of gists are not where they should be, or may not be read", () =>
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

  it.effect("is found right without that user, without limits, and without a feed", () =>
    Effect.gen(function* () {
      for (const path of ["/users/octocat/gists", "/gists/public"]) {
        const result = yield* checked((asked) => (asked.path === path ? { body: [] } : notFound))
        assert.strictEqual(result._tag, "Success", path)
      }
    })
  )

  it.effect("that leads to no API stops the scan and marks nobody, however few are tracked", () =>
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

  it.effect("of accounts that are not there is theirs, and the others are found", () =>
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

describe("the answer to a query", () => {
  const node = (name: string, more: object) => ({
    id: `node-${name}`,
    name,
    isPublic: true,
    description: null,
    createdAt: "2026-11-01T10:00:00Z",
    updatedAt: "2026-11-01T10:00:00Z",
    url: `https://gist.github.com/ann/${name}`,
    files: [{ name: `${name}.md`, size: 1, isTruncated: false, language: null, text: "x" }],
    ...more
  })
  const nodes = [node("open", {}), node("secret", { isPublic: false })]

  it.effect("shows no gist, and no text, that it does not call public", () =>
    Effect.gen(function* () {
      const gists = { totalCount: 2, pageInfo: { hasNextPage: false }, nodes }
      const user = { databaseId: 1, login: "ann", gists }
      const { transport } = scripted(() =>
        Response.json({ data: { u0: user, nodes: [...nodes, node("unknown", { isPublic: undefined })] } })
      )
      const github = yield* makeGithub("https://api.github.test", { transport })
      const [newest] = yield* github.batch(["ann"])
      assert.deepStrictEqual(newest?._tag === "Success" && newest.success.gists.map(({ gistId }) => gistId), ["open"])
      assert.deepStrictEqual([...(yield* github.texts([{ node: "any" }])).keys()], ["open"])
    })
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
        assert.deepStrictEqual([scan.state, scan.reason], ["stopped", "Unauthorized"])
        assert.deepStrictEqual(yield* states(logins), ["new", "new", "new"])
      })
  )
})
