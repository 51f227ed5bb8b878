/** Accounts that are missing, renamed or empty: each is followed by its number, and fails alone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"

/** Ann is tracked and was checked, with one gist, and other names are tracked as well. Returns the gist. */
const annIsKnown = Effect.fnUntraced(function* (github: FakeGithub, ...others: ReadonlyArray<string>) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  const gist = github.addGist("ann", { files: { "a.md": "" } })
  for (const login of ["ann", ...others]) yield* gitpip.track(name(login))
  yield* gitpip.scan()
  return gist
})

describe("in a scan", () => {
  it.effect("a missing account fails alone, waits longer each time, and is found when it returns", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("bob")
        github.addGist("bob", { files: { "b.md": "" } })
        for (const login of ["ann", "bob"]) yield* gitpip.track(name(login))
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 1, 1])
        const { user } = yield* gitpip.user(name("ann"))
        assert.deepStrictEqual(
          [user.state, user.errorReason, user.retryAt?.epochMilliseconds],
          ["failing", "UserNotFound", 300_000]
        )
        github.addUser("ann")
        yield* gitpip.scan()
        assert.strictEqual((yield* gitpip.user(name("ann"))).user.state, "ok")
      })
    )
  )

  it.effect("a renamed account stays tracked under its new name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addGist("anne", { files: { "b.md": "" } })
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.failed, scan.files], [0, 1])
        assert.strictEqual((yield* gitpip.history(name("anne"), everything)).length, 2)
      })
    )
  )

  it.effect("a renamed account brings nothing of the account that now has the old name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addUser("ann")
        github.addGist("ann", { files: { "stranger.md": "" } })
        yield* gitpip.scan()
        const files = yield* gitpip.history(name("anne"), everything)
        assert.deepStrictEqual(
          files.map(({ filename }) => filename),
          ["a.md"]
        )
      })
    )
  )

  it.effect("a renamed account is found under its new name when the old name belongs to an account without gists", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addUser("ann")
        github.addGist("anne", { files: { "b.md": "" } })
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        assert.strictEqual((yield* gitpip.history(name("anne"), everything)).length, 2)
      })
    )
  )

  it.effect("an account that has deleted all its gists is no failure, and GitHub is asked only once who it is", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.deleteGist(yield* annIsKnown(github))
        for (const _ of [1, 2]) assert.strictEqual((yield* gitpip.scan()).failed, 0)
        assert.strictEqual(github.count("GET", "/user/{id}"), 1)
      })
    )
  )

  it.effect("an account whose new name is tracked as well says so and keeps its own", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github, "anne")
        github.renameUser("ann", "anne")
        yield* gitpip.scan()
        const { user } = yield* gitpip.user(name("ann"))
        assert.strictEqual(user.errorReason, "NameTaken")
        assert.include(user.errorMessage ?? "", "anne")
      })
    )
  )

  it.effect("an account whose new name was tracked once is followed as its message says", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github, "anne")
        yield* gitpip.untrack(name("anne"))
        github.renameUser("ann", "anne")
        yield* gitpip.scan()
        const { user } = yield* gitpip.user(name("ann"))
        assert.include(user.errorMessage ?? "", "Untrack the old name, and track the new one if it is not")
        yield* gitpip.untrack(name("ann"))
        yield* gitpip.track(name("anne"))
        github.addGist("anne", { files: { "b.md": "" } })
        const { failed, files } = yield* gitpip.scan()
        assert.deepStrictEqual([failed, files], [0, 1])
      })
    )
  )
})
