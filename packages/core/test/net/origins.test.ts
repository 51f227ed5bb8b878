/** Addresses in a service's answers and headers never lead Gitpip to another host, or show the token to one. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option, Schema } from "effect"
import type { Github, GithubError } from "../../src/github/Github.ts"
import type { Pipedrive } from "../../src/pipedrive/Pipedrive.ts"
import { githubToken, makeGithub, makePipedrive, pipedriveToken, reasonOf, scripted } from "./clients.ts"

const api = "https://api.github.test"

/** Addresses that resemble GitHub's, or that an attacker would reach from within a company. */
const hostile = [
  "https://evil.example/a",
  "http://api.github.test/a",
  "https://api.github.test:8443/a",
  "https://api.github.test:80/a",
  "https://user@api.github.test/a",
  "https://:pass@api.github.test/a",
  `https://${githubToken}@api.github.test/a`,
  "https://api.github.test@evil.example/a",
  "https://api.github.test%40evil.example/a",
  "https://evil.example\\@api.github.test/a",
  "https://evil.example#@api.github.test/a",
  "https://evil.example?@api.github.test/a",
  "https://api.github.test.evil.example/a",
  "https://api.github.test./a",
  "https://api.github.testevil.example/a",
  "https://evilapi.github.test/a",
  "https://api.github.test%2eevil.example/a",
  "https://api-github.test/a",
  "https://127.0.0.1/a",
  "https://127.1/a",
  "https://0x7f000001/a",
  "https://2130706433/a",
  "https://0/a",
  "https://[::1]/a",
  "https://[::ffff:127.0.0.1]/a",
  "https://[::ffff:7f00:1]/a",
  "https://[fe80::1]/a",
  "https://localhost/a",
  "http://169.254.169.254/latest/meta-data/",
  "https://metadata.google.internal/a",
  "file:///etc/passwd",
  "data:text/plain,a",
  "blob:https://api.github.test/a",
  "ftp://api.github.test/a",
  "javascript:alert(1)",
  "//evil.example/a",
  "\\\\evil.example\\a",
  "https:evil.example/a",
  "https:///evil.example/a"
]

/** Where raw content is read from, and similar addresses. */
const contentHosts = ["https://gist.githubusercontent.com/a", "https://raw.githubusercontent.com/a"]
const likeContentHosts = [
  "http://gist.githubusercontent.com/a",
  "https://gist.githubusercontent.com:8443/a",
  "https://u@gist.githubusercontent.com/a",
  "https://:p@gist.githubusercontent.com/a",
  "https://gist.githubusercontent.com./a",
  "https://evilgithubusercontent.com/a",
  "https://gist.githubusercontent.com.evil.example/a",
  "https://githubusercontent.com@evil.example/a",
  "https://gist-githubusercontent.com/a"
]

type Call = readonly [name: string, call: Effect.Effect<unknown, GithubError>]
const names = ["gists", "page", "contents", "account", "check", "batch", "texts", "raw"]

const calls = (github: Github["Service"]): ReadonlyArray<Call> => [
  ["gists", github.gists("octocat", Option.some('"etag"'))],
  ["page", github.page(new URL(`${api}/user/42/gists?page=2`))],
  ["contents", github.contents("abc")],
  ["account", github.account(42)],
  ["check", github.check],
  ["batch", github.batch(["octocat"])],
  ["texts", github.texts([{ node: "abc" }])],
  ["raw", github.raw(`${api}/raw/a`, 100)]
]

/** All requests, and the hosts that saw the token. */
const asked = (requests: ReturnType<typeof scripted>["requests"]) =>
  requests.map(({ headers, url }) => `${url.origin}${headers.authorization === undefined ? "" : " with token"}`)

describe("GitHub's redirects", () => {
  it.effect("GitHub's redirects lead to no other host", () =>
    Effect.gen(function* () {
      for (const location of [...hostile, ...likeContentHosts]) {
        // Relative to the API, these are addresses of the API.
        const target = URL.canParse(location, api) ? new URL(location, api) : undefined
        if (target?.origin === api && target.username === "" && target.password === "") continue
        for (const status of [301, 302, 303, 307, 308]) {
          const { requests, transport } = scripted(() => new Response(null, { status, headers: { location } }))
          for (const index of names.keys()) {
            // A client for each, because nothing is sent for a while after a refusal of everything.
            const [name, call] = calls(yield* makeGithub(api, { transport }))[index] as Call
            yield* Effect.result(call)
            assert.deepStrictEqual(
              [...new Set(asked(requests.splice(0)))],
              [`${api} with token`],
              `${name}: ${status} ${location}`
            )
          }
        }
      }
    })
  )

  it.effect("GitHub's redirects lead to githubusercontent.com for content alone, and without the token", () =>
    Effect.gen(function* () {
      for (const location of contentHosts) {
        const { requests, transport } = scripted(({ origin }) =>
          origin === api ? new Response(null, { status: 302, headers: { location } }) : new Response("[]")
        )
        for (const index of names.keys()) {
          const [name, call] = calls(yield* makeGithub(api, { transport }))[index] as Call
          if (name === "check") continue
          if (name === "raw") assert.deepInclude(yield* call as ReturnType<Github["Service"]["raw"]>, { text: "[]" })
          else assert.strictEqual((yield* reasonOf(call))._tag, "Unexpected")
          const expected = [`${api} with token`, ...(name === "raw" ? [new URL(location).origin] : [])]
          assert.deepStrictEqual([...new Set(asked(requests.splice(0)))], expected, `${name} ${location}`)
        }
      }
    })
  )
})

it.effect("GitHub's next page is requested from no other host", () =>
  Effect.gen(function* () {
    for (const next of [...hostile, ...likeContentHosts, ...contentHosts]) {
      // Relative to the page, these are addresses of the API.
      const target = URL.canParse(next, `${api}/users/octocat/gists`)
        ? new URL(next, `${api}/users/octocat/gists`)
        : undefined
      if (target?.origin === api && target.username === "" && target.password === "") continue
      const { requests, transport } = scripted(
        () => new Response("[]", { headers: { link: `<${api}/x>; rel="prev", <${next}>; rel="next"` } })
      )
      const github = yield* makeGithub(api, { transport })
      const page = yield* Effect.result(github.gists("octocat", Option.none()))
      // Either the page is refused for its link, or its next page is refused.
      if (page._tag === "Success" && Option.isSome(page.success)) {
        const link = page.success.value.next
        if (Option.isSome(link)) yield* Effect.flip(github.page(link.value))
      }
      assert.deepStrictEqual(asked(requests), [`${api} with token`], next)
    }
  })
)

it.effect("GitHub's addresses of content are read from GitHub or not at all", () =>
  Effect.gen(function* () {
    const { requests, transport } = scripted(() => new Response("content"))
    const github = yield* makeGithub(api, { transport })
    for (const url of [...hostile, ...likeContentHosts]) {
      assert.strictEqual((yield* github.raw(url, 100))._tag, "Omitted", url)
    }
    assert.deepStrictEqual(requests, [])
    for (const url of [
      ...contentHosts,
      `${api}/raw/a`,
      "https://API.github.test:443/a",
      "https://api%2Egithub.test/a"
    ]) {
      yield* github.raw(url, 100)
    }
    assert.deepStrictEqual(asked(requests), [
      ...contentHosts.map((url) => new URL(url).origin),
      `${api} with token`,
      `${api} with token`,
      `${api} with token`
    ])
  })
)

/** Addresses from random parts that are easy to misread. */
const Part = (...parts: ReadonlyArray<string>) => Schema.Literals(parts)
const Address = Schema.Struct({
  scheme: Part("https://", "http://", "//", "https:", "https:/\\", "HTTPS://", "ftp://", ""),
  user: Part("", "u@", ":p@", "api.github.test@", "evil.example@", "evil.example\\@", "evil.example#@", "%40"),
  host: Part(
    "api.github.test",
    "API.GITHUB.TEST",
    "api.github.test.",
    "api%2egithub.test",
    "evil.example",
    "gist.githubusercontent.com",
    "githubusercontent.com",
    "xgithubusercontent.com",
    "127.0.0.1",
    "[::1]",
    "0x7f.1"
  ),
  port: Part("", ":443", ":80", ":8443", ":0443", ":"),
  path: Part("", "/a", "/../a", "\\a", "?a", "#a", "@evil.example/", ".evil.example/", "%2eevil.example/")
})

it.effect.prop(
  "no address at all makes Gitpip ask another host, or show it the token",
  [Address],
  ([{ host, path, port, scheme, user }]) =>
    Effect.gen(function* () {
      const address = `${scheme}${user}${host}${port}${path}`
      const headers = { location: address, link: `<${address}>; rel="next"` }
      const { requests, transport } = scripted(({ pathname }) =>
        pathname === "/raw/start"
          ? new Response(null, { status: 302, headers })
          : new Response("[]", pathname.startsWith("/users/") ? { headers } : {})
      )
      const github = yield* makeGithub(api, { transport })
      yield* Effect.result(github.raw(address, 10))
      yield* Effect.result(github.raw(`${api}/raw/start`, 10))
      const page = yield* Effect.result(github.gists("octocat", Option.none()))
      if (page._tag === "Success" && Option.isSome(page.success) && Option.isSome(page.success.value.next)) {
        yield* Effect.result(github.page(page.success.value.next.value))
      }
      for (const { headers, url } of requests) {
        assert.isTrue(url.origin === api || /^https:\/\/([a-z]+\.)?githubusercontent\.com$/.test(url.origin), url.href)
        assert.strictEqual(headers.authorization !== undefined, url.origin === api, url.href)
        assert.strictEqual(`${url.username}${url.password}`, "")
      }
    }),
  { arbitrary: { runs: 1_000 } }
)

describe("Pipedrive's redirects", () => {
  const origin = "https://acme.pipedrive.test"
  const calls = (pipedrive: Pipedrive["Service"]) => [
    pipedrive.createActivity({ subject: "s", type: "t", deal_id: 1, due_date: "2026-01-01", done: false, note: "" }),
    pipedrive.deleteActivity(1),
    pipedrive.activitiesOfDeal(1, Option.some("https://evil.example/a")),
    pipedrive.newestActivities(Option.some("https://evil.example/a")),
    pipedrive.createDeal({ title: "d" }),
    pipedrive.deal(1),
    pipedrive.searchDeals("../../evil", { isWholeTitle: true }),
    pipedrive.newestDeals(Option.some("&x=//evil.example")),
    pipedrive.createNote({ deal_id: 1, content: "" }),
    pipedrive.notesOf({ deal_id: 1 }),
    pipedrive.createLead({ title: "l", person_id: 1, origin_id: "o" }),
    pipedrive.deleteLead("adf21080-0e10-11eb-879b-05d71fb426ec"),
    pipedrive.newestLeads(DateTime.makeUnsafe(0), Option.some("https://evil.example/a")),
    pipedrive.archivedLeads(Option.none()),
    pipedrive.leadLabels,
    pipedrive.activityTypes
  ]

  it.effect("Pipedrive's redirects are not followed at all", () =>
    Effect.gen(function* () {
      for (const location of ["https://evil.example/a", `${origin}/api/v2/elsewhere`, "/api/v2/elsewhere"]) {
        for (const status of [301, 302, 303, 307, 308]) {
          const { requests, transport } = scripted(() => new Response(null, { status, headers: { location } }))
          const pipedrive = yield* makePipedrive(origin, { transport })
          for (const call of calls(pipedrive)) {
            yield* reasonOf(call as Pipedrive["Service"]["activityTypes"])
            const [request, ...more] = requests.splice(0)
            assert.deepStrictEqual([request?.url.origin, more], [origin, []])
            assert.match(
              request?.url.pathname ?? "",
              /^\/api\/v[12]\/[a-zA-Z]+(\/(\d+|search|archived|[0-9a-f-]{36}))?$/
            )
            // The token is in the header, and nowhere in the address.
            assert.strictEqual(request?.headers["x-api-token"], pipedriveToken)
            assert.notInclude(request?.url.href, pipedriveToken)
          }
        }
      }
    })
  )
})
