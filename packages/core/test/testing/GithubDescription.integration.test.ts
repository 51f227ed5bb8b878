/**
 * The fake against GitHub's own word: its published description
 * (https://github.com/octokit/openapi) and its official client (https://github.com/octokit/octokit.js).
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import { Effect } from "effect"
import { Octokit } from "octokit"
import { FakeGithub } from "../../src/testing/index.ts"
import { ask } from "./http.ts"

const require = createRequire(import.meta.url)
const description = JSON.parse(readFileSync(require.resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"))

/** Recorded answers hold `null` for unknown languages, which the description forgets to allow. */
const schemas = description.components.schemas
for (const gist of [schemas["base-gist"], schemas["gist-simple"]]) {
  gist.properties.files.additionalProperties.properties.language.nullable = true
}

// `nullable` is understood beside `type`, which is how the description uses it; formats are checked as far as they matter.
const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false })
ajv.addFormat("uri", (text) => URL.canParse(text))
ajv.addFormat("date-time", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
ajv.addFormat("email", /@/)
ajv.addFormat("int64", true)
ajv.addSchema({ $id: "github", components: description.components })

/** The faults of an answer by the schema that the description gives for it. */
const faults = (path: string, status: number, answer: unknown): unknown => {
  const response = description.paths[path].get.responses[status]
  const content = response.$ref === undefined ? response.content : resolve(response.$ref).content
  const schema = JSON.parse(JSON.stringify(content["application/json"].schema).replaceAll('"#/', '"github#/'))
  const validate = ajv.compile(schema)
  validate(answer)
  return validate.errors ?? []
}

const resolve = (reference: string) =>
  reference
    .slice(2)
    .split("/")
    .reduce((node, key) => node[key], description)

const octocat = Effect.fnUntraced(function* () {
  const github = yield* FakeGithub.make()
  const id = github.addUser("octocat", { id: 583231 })
  github.setProfile("octocat", {
    name: "Ω",
    email: "a@b",
    company: "@github",
    website: "https://github.blog",
    bio: "x"
  })
  const gist = github.addGist("octocat", {
    description: null,
    files: {
      "hello.ts": "hello",
      "no extension": "\u0000",
      "picture.png": new Uint8Array([0x89, 0x50, 0, 0xff]),
      "empty.md": "",
      ["__proto__"]: "a",
      "line\nbreak\u0000": "b",
      "\ud800": "c",
      ["long".repeat(75)]: "d"
    }
  })
  github.addUser("hubot", { type: "Bot" })
  github.setMembers("github", ["octocat", "hubot"])
  github.setFollowers("octocat", ["hubot"])
  github.setStargazers("octocat/hello", ["octocat"])
  github.addGist("octocat", { description: "large", files: { "large.txt": "é".repeat(700_000) } })
  return { github, id, gist }
})

describe("GitHub's description", () => {
  const paths = [
    ["/users/{username}/gists", "/users/octocat/gists"],
    ["/users/{username}/gists", "/user/583231/gists"],
    ["/gists/public", "/gists/public"],
    ["/users/{username}", "/users/octocat"],
    ["/user/{account_id}", "/user/583231"],
    ["/orgs/{org}/public_members", "/orgs/github/public_members"],
    ["/users/{username}/followers", "/users/octocat/followers"],
    ["/repos/{owner}/{repo}/stargazers", "/repos/octocat/hello/stargazers"],
    ["/rate_limit", "/rate_limit"]
  ] as const
  for (const [template, path] of paths) {
    it.effect(`allows the answer of ${path}`, () =>
      Effect.gen(function* () {
        const { github } = yield* octocat()
        const answer = yield* ask(github, path)
        assert.strictEqual(answer.status, 200)
        assert.deepStrictEqual(faults(template, 200, answer.json), [])
      })
    )
  }

  it.effect("allows the answer of every gist", () =>
    Effect.gen(function* () {
      const { github } = yield* octocat()
      const { json } = yield* ask(github, "/users/octocat/gists")
      assert.lengthOf(json, 2)
      for (const { id } of json) {
        const answer = yield* ask(github, `/gists/${id}`)
        assert.deepStrictEqual(faults("/gists/{gist_id}", 200, answer.json), [])
      }
    })
  )

  it.effect("allows the refusals", () =>
    Effect.gen(function* () {
      const { github, gist } = yield* octocat()
      github.blockGist(gist)
      const blocked = yield* ask(github, `/gists/${gist}`)
      assert.strictEqual(blocked.status, 403)
      assert.deepStrictEqual(faults("/gists/{gist_id}", 403, blocked.json), [])
      const missing = yield* ask(github, "/gists/none")
      assert.strictEqual(missing.status, 404)
      assert.deepStrictEqual(faults("/gists/{gist_id}", 404, missing.json), [])
      const tooFar = yield* ask(github, "/gists/public?per_page=100&page=31")
      assert.strictEqual(tooFar.status, 422)
      assert.deepStrictEqual(faults("/gists/public", 422, tooFar.json), [])
    })
  )

  it.effect("would notice a missing or misshapen field", () =>
    Effect.gen(function* () {
      const { github } = yield* octocat()
      const { json } = yield* ask(github, "/users/octocat/gists")
      const [gist] = json
      const { commits_url: _gone, ...without } = gist
      for (const wrong of [
        without,
        { ...gist, html_url: "not an address" },
        { ...gist, owner: { ...gist.owner, id: "1" } },
        { ...gist, created_at: 0 }
      ]) {
        assert.notDeepEqual(faults("/users/{username}/gists", 200, [wrong]), [])
      }
    })
  )
})

describe("GitHub's official client", () => {
  it.effect("pages through 245 gists and sees each once", () =>
    Effect.gen(function* () {
      const github = yield* FakeGithub.make()
      github.addUser("octocat")
      const added = Array.from({ length: 245 }, (_, n) =>
        // Several in the same second, since the order must be stable among those as well.
        github.addGist("octocat", { files: { "a.txt": "" }, createdAt: Math.floor(n / 3) * 1000 })
      )
      const octokit = new Octokit({ baseUrl: github.url.origin })
      const gists = yield* Effect.promise(() =>
        octokit.paginate(octokit.rest.gists.listForUser, { username: "octocat", per_page: 100 })
      )
      assert.lengthOf(gists, 245)
      assert.deepStrictEqual(new Set(gists.map((gist) => gist.id)), new Set(added))
      assert.strictEqual(github.count("GET", "/users/{login}/gists"), 1)
      assert.strictEqual(github.count("GET", "/user/{id}/gists"), 2)
    })
  )

  it.effect("pages through the followers of a user, and through stargazers", () =>
    Effect.gen(function* () {
      const github = yield* FakeGithub.make()
      github.addUser("octocat")
      const logins = Array.from({ length: 245 }, (_, n) => `user-${n}`)
      for (const login of logins) github.addUser(login)
      github.setFollowers("octocat", logins)
      github.setStargazers("octocat/hello", logins)
      const octokit = new Octokit({ baseUrl: github.url.origin })
      const { listFollowersForUser } = octokit.rest.users
      const followers = yield* Effect.promise(() =>
        octokit.paginate(listFollowersForUser, { username: "octocat", per_page: 100 })
      )
      const { listStargazersForRepo } = octokit.rest.activity
      const stargazers = yield* Effect.promise(() =>
        octokit.paginate(listStargazersForRepo, { owner: "octocat", repo: "hello", per_page: 100 })
      )
      for (const found of [followers, stargazers]) {
        assert.deepStrictEqual(
          found.map((user) => user !== null && "login" in user && user.login),
          logins
        )
      }
      assert.strictEqual(github.requests.length, 6)
    })
  )

  it.effect("reads a gist's content", () =>
    Effect.gen(function* () {
      const { github, gist } = yield* octocat()
      const octokit = new Octokit({ baseUrl: github.url.origin, auth: "token" })
      const { data } = yield* Effect.promise(() => octokit.rest.gists.get({ gist_id: gist }))
      assert.strictEqual(data.files?.["hello.ts"]?.content, "hello")
    })
  )
})
