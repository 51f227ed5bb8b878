/** Names are checked at GitHub before they are tracked: what that costs, and that nothing depends on it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { elapse, inWorld, name } from "../world.ts"

const check = (...names: ReadonlyArray<string>) =>
  Effect.flatMap(Gitpip, (gitpip) => gitpip.checkNames(names.map(name)))
const routes = (github: FakeGithub) => github.requests.map(({ route }) => route)

const addOctocat = (github: FakeGithub) => {
  github.addUser("Octocat")
  for (let n = 0; n < 12; n++) github.addGist("Octocat", { files: { [`${n}.md`]: "" } })
}

describe("a check of names", () => {
  it.effect("a check of names says which exist, how they are written, and how many gists they have", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        addOctocat(github)
        github.addUser("ann")
        const [octocat, ann, nobody] = yield* check("octocat", "ann", "nobody-here")
        assert.deepStrictEqual(octocat, {
          name: name("octocat"),
          state: "found",
          login: name("Octocat"),
          gists: 12,
          publishes: "all",
          near: [],
          reason: null,
          record: "new"
        })
        assert.deepInclude(ann, { state: "found", gists: 0 })
        assert.deepInclude(nobody, { state: "unknown", login: null, gists: null, near: [], reason: null })
      })
    )
  )

  for (const [credential, env, requests] of [
    ["with a token by one query", {}, 1],
    ["without a token by one request each", { GITHUB_TOKEN: "" }, 2]
  ] as const) {
    it.effect(`a check of names says which are organizations, ${credential}`, () =>
      inWorld(layerPostgres, { env }, ({ github }) =>
        Effect.gen(function* () {
          github.addUser("acme", { type: "Organization" })
          github.addUser("ann")
          const [acme, ann] = yield* check("acme", "ann")
          assert.deepInclude(acme, { state: "organization", login: null, gists: null, near: [], reason: null })
          assert.strictEqual(ann?.state, "found")
          assert.lengthOf(github.requests, requests)
        })
      )
    )
  }

  it.effect("a check of names says what is on record of each, also without asking GitHub", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const login of ["ann", "bob", "cid"]) yield* gitpip.track(name(login))
        yield* gitpip.untrack(name("bob"))
        yield* gitpip.forget(name("cid"))
        const names = ["CID", "ann", "dan", "Bob"].map(name)
        const records = yield* gitpip.checkNames(names, { github: "skipped" })
        assert.deepStrictEqual(
          records.map(({ record, state }) => `${state} ${record}`),
          ["unchecked forgotten", "unchecked tracked", "unchecked new", "unchecked untracked"]
        )
        assert.lengthOf(github.requests, 0)
        const checks = yield* gitpip.checkNames(names)
        assert.deepStrictEqual(
          checks.map(({ record, state }) => `${state} ${record}`),
          ["unknown forgotten", "unknown tracked", "unknown new", "unknown untracked"]
        )
        yield* gitpip.track(name("cid"))
        assert.strictEqual((yield* check("cid"))[0]?.record, "tracked")
      })
    )
  )

  it.effect("a hundred names cost one query, and one more query finds names near the misspelt ones", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        addOctocat(github)
        const names = Array.from({ length: 100 }, (_, n) => `user-${n}`)
        for (const login of names) github.addUser(login)
        yield* check(...names)
        assert.deepStrictEqual(routes(github), ["/graphql"])
        const [misspelt] = yield* check("octocta")
        assert.deepStrictEqual(misspelt?.near, [name("Octocat")])
        assert.deepStrictEqual(routes(github), ["/graphql", "/graphql", "/graphql"])
        yield* check(...names, "octocta")
        assert.lengthOf(github.requests, 3)
      })
    )
  )

  it.effect("a name is asked for again after ten minutes, when its account may have come to be", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const state = Effect.map(check("late"), ([checked]) => checked?.state)
        assert.strictEqual(yield* state, "unknown")
        github.addUser("late")
        assert.strictEqual(yield* state, "unknown")
        yield* elapse("11 minutes")
        assert.strictEqual(yield* state, "found")
      })
    )
  )

  it.effect("a check of names says when rules of the settings leave files out", () =>
    inWorld(layerPostgres, { env: { GITPIP_INCLUDE: "*.md" } }, ({ github }) =>
      Effect.gen(function* () {
        addOctocat(github)
        assert.strictEqual((yield* check("octocat"))[0]?.publishes, "some")
      })
    )
  )

  it.effect("without a token a name costs one request, and names wait once half of the hour is spent", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "", GITPIP_BACKFILL: "none" } }, ({ github }) =>
      Effect.gen(function* () {
        addOctocat(github)
        const [octocat, nobody] = yield* check("octocat", "nobody-here")
        assert.deepInclude(octocat, { state: "found", login: name("Octocat"), gists: 12, publishes: "new" })
        assert.deepInclude(nobody, { state: "unknown", near: [] })
        assert.deepStrictEqual(routes(github), ["/users/{login}", "/users/{login}"])
        const many = yield* check(...Array.from({ length: 60 }, (_, n) => `user-${n}`))
        const unchecked = many.filter(({ state }) => state === "unchecked")
        assert.isAtLeast(unchecked.length, 25)
        assert.match(unchecked[0]?.reason ?? "", /^GitHub's limit leaves no room for it until 19/)
        assert.strictEqual(github.requests.length, 62 - unchecked.length)
      })
    )
  )

  it.effect("a GitHub that does not answer leaves names unchecked, and the user is tracked", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.injectFault({ kind: "hang" }, { times: Number.POSITIVE_INFINITY })
        const waiting = yield* Effect.forkChild(check("ann"))
        yield* github.seen(1, () => true)
        yield* TestClock.adjust("6 seconds")
        const [ann] = yield* Fiber.join(waiting)
        assert.deepInclude(ann, { state: "unchecked", reason: "GitHub did not answer in time" })
        const before = github.requests.length
        const [bob] = yield* check("bob")
        assert.deepInclude(bob, { state: "unchecked", reason: "GitHub did not answer in time" })
        assert.strictEqual(github.requests.length, before)
        assert.isTrue((yield* gitpip.track(name("ann"))).created)
      })
    )
  )

  it.effect("a rejected token leaves names unchecked, and the reason says so", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "wrong" } }, () =>
      Effect.gen(function* () {
        const [ann] = yield* check("ann")
        assert.strictEqual(ann?.state, "unchecked")
        assert.match(ann?.reason ?? "", /token/)
      })
    )
  )
})
