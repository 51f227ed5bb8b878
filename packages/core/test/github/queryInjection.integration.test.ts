/** Texts of strangers in GitHub's answer to a query: names stay names, and a login is never part of the query. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { newest } from "../../src/github/queries.ts"
import { makeGithub, scripted } from "../net/clients.ts"
import { gist, payloads, times } from "../strangers.ts"

describe("in the answer to a query", () => {
  const file = { size: 1, isTruncated: false, language: null }
  const node = {
    id: "node",
    name: "abc",
    isPublic: true,
    description: null,
    createdAt: times.created_at,
    updatedAt: times.updated_at,
    url: "https://gist.github.com/abc",
    files: [{ ...file, name: "a.txt" }]
  }
  const user = (nodes: unknown, more: object = {}) => ({
    databaseId: 1,
    login: "ann",
    gists: { totalCount: 1, pageInfo: { hasNextPage: false }, nodes },
    ...more
  })
  const answered = Effect.fnUntraced(function* (body: unknown, logins: ReadonlyArray<string> = ["ann"]) {
    // As text: `__proto__` must arrive as a name like any other.
    const { requests, transport } = scripted(() => new Response(JSON.stringify(body)))
    const github = yield* makeGithub("https://api.github.test", { transport })
    return { requests, results: yield* github.batch(logins) }
  })

  it.effect("names and descriptions are stored as those of a list", () =>
    Effect.gen(function* () {
      const nodes = payloads.map((payload, n) => ({
        ...node,
        name: `${n}`,
        url: `https://gist.github.com/ann/${n}`,
        description: payload,
        files: [{ ...file, name: payload, language: { name: payload } }]
      }))
      const { results } = yield* answered({ data: { u0: user(nodes) } })
      const { gists } = Result.getOrThrow(results.at(0) as (typeof results)[number])
      const lists = scripted(() =>
        Response.json(
          payloads.map((payload, n) =>
            gist(`${n}`, {
              html_url: `https://gist.github.com/ann/${n}`,
              description: payload,
              files: Object.fromEntries([[payload, { language: payload, size: 1 }]])
            })
          )
        )
      )
      const github = yield* makeGithub("https://api.github.test", { transport: lists.transport })
      const { files } = Option.getOrThrow(yield* github.gists("ann", Option.none()))
      assert.lengthOf(files, payloads.length)
      assert.deepStrictEqual(
        gists.flatMap(({ files }) => files),
        files
      )
    })
  )

  it.effect("an answer of another form fails its user alone, or marks files as missing", () =>
    Effect.gen(function* () {
      const odd = [
        7,
        "user",
        [],
        {},
        user(null),
        user({}),
        user([null]),
        user([7]),
        user([], { databaseId: "1" }),
        user([], { databaseId: null }),
        user([], { login: null }),
        user([{ ...node, id: 5 }]),
        user([{ ...node, id: "x".repeat(1_001) }]),
        user([{ ...node, name: null }]),
        user([{ ...node, isPublic: undefined }]),
        user([{ ...node, isPublic: "true" }]),
        user([{ ...node, url: "https://gist.github.com/other" }]),
        user([{ ...node, url: "javascript:alert(1)/abc" }]),
        user([{ ...node, url: 'https://gist.github.com/"><script>/abc' }]),
        user([{ ...node, url: "https://u:p@gist.github.com/abc" }]),
        user([{ ...node, files: "none" }]),
        user([node], { login: 'a"b' })
      ]
      const logins = [...odd.map((_, n) => `odd-${n}`), "ann"]
      const data = Object.fromEntries([...odd, user([node])].map((one, n) => [`u${n}`, one]))
      const { results } = yield* answered({ data }, logins)
      assert.deepStrictEqual(
        results.map((result) => (Result.isSuccess(result) ? "Success" : result.failure.reason._tag)),
        [...odd.map(() => "Unexpected"), "Success"]
      )
      for (const files of [null, [null], [{ ...file, name: null }], [{ ...file, name: "a", size: "big" }]]) {
        const { results } = yield* answered({ data: { u0: user([{ ...node, files }]) } })
        const { gists } = Result.getOrThrow(results.at(0) as (typeof results)[number])
        assert.deepStrictEqual(
          gists.map(({ complete, files, small }) => [files, complete, small]),
          [[[], false, false]],
          JSON.stringify(files)
        )
      }
    })
  )

  it.effect("a login is a variable, never part of the query", () =>
    Effect.gen(function* () {
      const { requests } = yield* answered({ data: {} }, payloads)
      assert.isAbove(requests.length, 0)
      for (const payload of payloads.filter(({ length }) => length > 8)) {
        assert.notInclude(newest(payloads).document, payload)
      }
      assert.deepStrictEqual(Object.values(newest(payloads).variables), [...payloads])
    })
  )

  it.effect("errors are one line of text, whatever they hold", () =>
    Effect.gen(function* () {
      for (const payload of payloads) {
        const errors = [{ type: "FORBIDDEN", path: ["u0", payload], message: `${payload}\r\nline` }]
        const { results } = yield* answered({ data: { u0: user([node]) }, errors })
        const [result] = results
        assert.isTrue(result !== undefined && Result.isFailure(result))
        if (result === undefined || Result.isSuccess(result)) continue
        assert.strictEqual(result.failure.reason._tag, "Unexpected")
        assert.notMatch(result.failure.message, /[\r\n\0]/)
      }
    })
  )
})
