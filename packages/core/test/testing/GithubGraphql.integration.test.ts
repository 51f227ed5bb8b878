/** The fake's GraphQL, by GitHub's published schema and by what its documentation and reports say of costs and errors. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { FakeGithub, type FakeGithubOptions } from "../../src/testing/index.ts"
import { graphqlEngine } from "../github/graphqlEngine.ts"
import { ask } from "./http.ts"

const world = Effect.fnUntraced(function* (options: FakeGithubOptions = {}) {
  const github = yield* FakeGithub.make({ graphql: graphqlEngine, ...options })
  github.addUser("octocat", { id: 42 })
  const query = (text: string, variables: object = {}, token = "token") =>
    ask(github, "/graphql", {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: { query: text, variables }
    })
  return { github, query }
})

const many = (count: number, field: (n: number) => string, more = "") =>
  `{ ${Array.from({ length: count }, (_, n) => field(n)).join("\n")} ${more} }`
const logins = (first: number) => `gists(first: ${first}) { totalCount }`

describe("GraphQL", () => {
  it.effect("is not there without an executor", () =>
    Effect.gen(function* () {
      const github = yield* FakeGithub.make()
      const answer = yield* ask(github, "/graphql", { method: "POST", body: { query: "{ __typename }" } })
      assert.strictEqual(answer.status, 404)
    })
  )

  it.effect("needs a token, and a good one", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world({ token: "one" })
      const anonymous = yield* ask(github, "/graphql", { method: "POST", body: { query: "{ __typename }" } })
      assert.deepStrictEqual([anonymous.status, anonymous.json.status], [401, "401"])
      assert.strictEqual((yield* query("{ __typename }", {}, "two")).status, 401)
      assert.deepStrictEqual((yield* query("{ __typename }", {}, "one")).json, { data: { __typename: "Query" } })
    })
  )

  it.effect("shows a user's public profile, and refuses a whole query for an e-mail address", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      github.setProfile("octocat", {
        name: "Mona",
        email: "mona@github.com",
        website: "https://github.blog",
        bio: "hi"
      })
      const shown = yield* query(`{ user(login: "octocat") { name company location websiteUrl bio createdAt } }`)
      assert.deepStrictEqual(shown.json.data.user, {
        name: "Mona",
        company: null,
        location: null,
        websiteUrl: "https://github.blog",
        bio: "hi",
        createdAt: "1970-01-01T00:00:00Z"
      })
      const { json } = yield* query(`{ user(login: "octocat") { login email } }`)
      assert.deepStrictEqual([json.data, json.errors[0].type], [undefined, "INSUFFICIENT_SCOPES"])
    })
  )

  it.effect("shows public gists, last changed first, with their files", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      const old = github.addGist("octocat", { description: "old", files: { "a.ts": "let a" }, createdAt: 0 })
      github.addGist("octocat", { files: { "b.bin": new Uint8Array([0, 1]), "empty.txt": "" }, createdAt: 60_000 })
      github.addGist("octocat", { files: { "secret.txt": "s" }, public: false })
      yield* TestClock.adjust("1 hour")
      github.editFile(old, "a.ts", "let b")
      const { json } = yield* query(
        `query ($login: String!) { user(login: $login) { databaseId login
        gists(first: 10, privacy: PUBLIC, orderBy: {field: UPDATED_AT, direction: DESC}) { totalCount pageInfo { hasNextPage }
          nodes { name description updatedAt url owner { login }
            files(limit: 5) { name size text isTruncated language { name } } } } } }`,
        { login: "OctoCat" }
      )
      assert.deepStrictEqual(json, {
        data: {
          user: {
            databaseId: 42,
            login: "octocat",
            gists: {
              totalCount: 2,
              pageInfo: { hasNextPage: false },
              nodes: [
                {
                  name: old,
                  description: "old",
                  updatedAt: "1970-01-01T01:00:00Z",
                  url: `https://gist.github.com/${old}`,
                  owner: { login: "octocat" },
                  files: [
                    { name: "a.ts", size: 5, text: "let b", isTruncated: false, language: { name: "TypeScript" } }
                  ]
                },
                {
                  name: json.data.user.gists.nodes[1].name,
                  description: null,
                  updatedAt: "1970-01-01T00:01:00Z",
                  url: json.data.user.gists.nodes[1].url,
                  owner: { login: "octocat" },
                  files: [
                    { name: "b.bin", size: 2, text: null, isTruncated: false, language: null },
                    { name: "empty.txt", size: 0, text: null, isTruncated: false, language: { name: "Text" } }
                  ]
                }
              ]
            }
          }
        }
      })
    })
  )

  it.effect("cuts a gist's files at ten unless asked for more, and long text", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      const files = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}.txt`, "x".repeat(600 * 1024)]))
      github.addGist("octocat", { files })
      const { json } = yield* query(`{ user(login: "octocat") { gists(first: 1) { nodes {
        ten: files { name } all: files(limit: 300) { isTruncated text short: text(truncate: 3) } } } } }`)
      const [gist] = json.data.user.gists.nodes
      assert.lengthOf(gist.ten, 10)
      assert.lengthOf(gist.all, 12)
      assert.deepStrictEqual([gist.all[0].isTruncated, gist.all[0].text.length], [true, 500 * 1024])
      assert.strictEqual(gist.all[0].short, "xxx")
    })
  )

  it.effect("finds gists by their node ids, as REST shows them", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      github.addGist("octocat", { files: { a: "1" } })
      const [{ node_id }] = (yield* ask(github, "/users/octocat/gists")).json
      const { json } = yield* query("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Gist { files { text } } } }", {
        ids: [node_id, "bm9uZQ=="]
      })
      assert.deepStrictEqual(json.data.nodes, [{ files: [{ text: "1" }] }, null])
      assert.deepInclude(json.errors[0], { type: "NOT_FOUND", path: ["nodes", 1] })
    })
  )

  it.effect("does not know organizations, the suspended and the unknown: null, and an error that names the alias", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      github.addUser("acme", { type: "Organization" })
      github.addUser("gone")
      github.suspend("gone", true)
      const { json, status } = yield* query(
        `{ u0: user(login: "acme") { id } u1: user(login: "octocat") { login } u2: user(login: "gone") { id } u3: user(login: "no") { id } }`
      )
      assert.strictEqual(status, 200)
      assert.deepStrictEqual(json.data, { u0: null, u1: { login: "octocat" }, u2: null, u3: null })
      assert.deepStrictEqual(
        json.errors.map(({ message, path, type }: Record<string, unknown>) => [type, path, message]),
        [
          ["u0", "acme"],
          ["u2", "gone"],
          ["u3", "no"]
        ].map(([alias, login]) => ["NOT_FOUND", [alias], `Could not resolve to a User with the login of '${login}'.`])
      )
    })
  )

  it.effect("refuses what the schema does not know, and text that is no query", () =>
    Effect.gen(function* () {
      const { query } = yield* world()
      for (const text of ['{ user(login: "octocat") { nick } }', "{ user { login } }", "{ user(", ""]) {
        const { json, status } = yield* query(text)
        assert.strictEqual(status, 200)
        assert.notProperty(json, "data")
        assert.isAbove(json.errors.length, 0)
      }
    })
  )
})

describe("the cost of a query", () => {
  const cost = "rateLimit { cost nodeCount limit remaining used resetAt }"

  it.effect("is one point for 100 users' gists, and comes out of an hour of its own", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      const users = (count: number) =>
        Effect.map(
          query(many(count, (n) => `u${n}: user(login: "octocat") { ${logins(10)} }`, cost)),
          ({ headers, json }) => ({ headers, facts: json.data.rateLimit })
        )
      const { facts, headers } = yield* users(100)
      assert.deepStrictEqual(facts, {
        cost: 1,
        nodeCount: 1_000,
        limit: 5_000,
        remaining: 4_999,
        used: 1,
        resetAt: "1970-01-01T01:00:00Z"
      })
      assert.deepStrictEqual(
        ["limit", "remaining", "used", "reset", "resource"].map((name) => headers.get(`x-ratelimit-${name}`)),
        ["5000", "4999", "1", "3600", "graphql"]
      )
      assert.strictEqual((yield* users(149)).facts.cost, 1)
      assert.strictEqual((yield* users(150)).facts.cost, 2)
      const { resources } = (yield* ask(github, "/rate_limit", { headers: { authorization: "Bearer token" } })).json
      assert.deepStrictEqual([resources.graphql.remaining, resources.core.remaining], [4_996, 5_000])
    })
  )

  it.effect("takes every page of a connection within another as full", () =>
    Effect.gen(function* () {
      const { query } = yield* world()
      const { json } = yield* query(
        `{ user(login: "octocat") { gists(first: 100) { nodes { comments(last: 50) { totalCount } } } } ${cost} }`
      )
      // One request for the gists and one for each gist's comments: 101, for 100 + 100 × 50 nodes.
      assert.deepInclude(json.data.rateLimit, { cost: 1, nodeCount: 5_100 })
    })
  )

  it.effect("has a limit of nodes, and pages have one of their own", () =>
    Effect.gen(function* () {
      const { query } = yield* world()
      const typeOf = (text: string) => Effect.map(query(text), ({ json }) => [json.data, json.errors[0].type])
      const nested = `gists(first: 100) { nodes { comments(first: 100) { nodes { id } } } }`
      const heavy = many(50, (n) => `u${n}: user(login: "octocat") { ${nested} }`)
      assert.deepStrictEqual(yield* typeOf(heavy), [undefined, "MAX_NODE_LIMIT_EXCEEDED"])
      const one = (gists: string) => typeOf(`{ user(login: "octocat") { ${gists} { totalCount } } }`)
      assert.deepStrictEqual(yield* one("gists"), [undefined, "MISSING_PAGINATION_BOUNDARIES"])
      for (const first of [0, 101]) {
        assert.deepStrictEqual(yield* one(`gists(first: ${first})`), [undefined, "EXCESSIVE_PAGINATION"])
      }
    })
  )

  it.effect("ends with the hour's points, for each token by itself, and begins again", () =>
    Effect.gen(function* () {
      const { query } = yield* world({ points: 2 })
      const seen = (token: string) =>
        Effect.map(query("{ rateLimit { remaining } }", {}, token), ({ json, status }) => [
          status,
          json.data?.rateLimit.remaining ?? json.errors[0].type
        ])
      assert.deepStrictEqual(
        [yield* seen("a"), yield* seen("a")],
        [
          [200, 1],
          [200, 0]
        ]
      )
      assert.deepStrictEqual(yield* seen("a"), [200, "RATE_LIMITED"])
      assert.deepStrictEqual(yield* seen("b"), [200, 1])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* seen("a"), [200, 1])
    })
  )

  it.effect("is not reported when limits are off", () =>
    Effect.gen(function* () {
      const { query } = yield* world({ limit: false })
      const { headers, json } = yield* query("{ rateLimit { cost } }")
      assert.deepStrictEqual([json.data, headers.get("x-ratelimit-limit")], [{ rateLimit: null }, null])
    })
  )
})

describe("GraphQL's faults", () => {
  const users = (count: number) => many(count, (n) => `u${n}: user(login: "octocat") { ${logins(1)} }`)

  it.effect("strike queries alone", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      github.injectFault({ kind: "points-spent", resetInSeconds: 60 })
      assert.strictEqual((yield* ask(github, "/users/octocat/gists")).status, 200)
      const { headers, json, status } = yield* query("{ __typename }")
      assert.deepStrictEqual([status, json.errors[0].type, json.data], [200, "RATE_LIMITED", undefined])
      assert.deepStrictEqual([headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset")], ["0", "60"])
      github.injectFault({ kind: "points-spent", resetInSeconds: 60, type: "RATE_LIMIT" })
      assert.deepInclude((yield* query("{ __typename }")).json.errors[0], {
        type: "RATE_LIMIT",
        code: "graphql_rate_limit"
      })
    })
  )

  it.effect("leave out users beyond a number, or answer nobody", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      const times = Number.POSITIVE_INFINITY
      github.injectFault({ kind: "too-many-users", users: 2, how: "resources" }, { times })
      const partial = (yield* query(users(3))).json
      assert.deepStrictEqual(partial.data, {
        u0: { gists: { totalCount: 0 } },
        u1: { gists: { totalCount: 0 } },
        u2: null
      })
      assert.deepStrictEqual(
        partial.errors.map(({ path, type }: Record<string, unknown>) => [type, path]),
        [["RESOURCE_LIMITS_EXCEEDED", ["u2"]]]
      )
      assert.notProperty((yield* query(users(2))).json, "errors")
      github.clearFaults()

      github.injectFault({ kind: "too-many-users", users: 2, how: "gateway", status: 504 }, { times })
      assert.strictEqual((yield* query(users(3))).status, 504)
      assert.strictEqual((yield* query(users(2))).status, 200)
      github.clearFaults()

      github.injectFault({ kind: "too-many-users", users: 2, how: "broken" }, { times })
      const broken = yield* query(users(3))
      assert.deepStrictEqual([broken.status, broken.json.data], [200, null])
      assert.notProperty(broken.json.errors[0], "type")
      assert.match(broken.json.errors[0].message, /^Something went wrong while executing your query/)
      assert.property((yield* query(users(2))).json.data, "u1")
    })
  )

  it.effect("show every gist as null", () =>
    Effect.gen(function* () {
      const { github, query } = yield* world()
      github.addGist("octocat", { files: { a: "1" } })
      github.injectFault({ kind: "blank-gists" })
      const { json } = yield* query(`{ user(login: "octocat") { gists(first: 5) { totalCount nodes { name } } } }`)
      assert.deepStrictEqual(json.data.user.gists, { totalCount: 1, nodes: [null] })
    })
  )
})
