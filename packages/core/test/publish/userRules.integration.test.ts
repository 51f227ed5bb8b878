/** Rules on files that one user has, and gists that were forked from others. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { ruleTexts } from "../../src/domain/UserRules.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name, statementsOf } from "../world.ts"

const subjects = ({ activities }: FakePipedrive) => activities.map(({ subject }) => subject).toSorted()

/** Publications by file: state and reason. */
const states = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (publications) =>
    Object.fromEntries(publications.map(({ errorMessage, filename, state }) => [filename, [state, errorMessage]]))
  )
)

const { exclude, forks, include, maxFileSize } = ruleTexts
const reads = (github: FakeGithub) => github.count("GET", "/gists/{id}")
const forksSkipped = "GITPIP_FORKS leaves out gists that were forked from others"

/** Ten users, so that a batch checks them where there is a token. */
const tenUsers = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  for (let n = 0; n < 10; n++) {
    github.addUser(`user-${n}`)
    yield* gitpip.track(name(`user-${n}`))
  }
})

describe("a user's rules on files", () => {
  for (const [how, env] of [
    ["a list", { GITHUB_TOKEN: "" }],
    ["a batch", {}]
  ] as const) {
    it.effect(`hold for the files of that user in ${how}, in place of the settings of the same names`, () =>
      inWorld(layerPostgres, { env: { GITPIP_EXCLUDE: "*.lock", GITPIP_MAX_FILE_SIZE: "10 B", ...env } }, (world) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const { github, pipedrive } = world
          yield* tenUsers(github)
          yield* gitpip.track(name("user-3"), { rules: { exclude: exclude.make("*.md") } })
          github.addGist("user-3", { files: { "a.md": "a", "b.lock": "b", "c.txt": "longer than ten bytes" } })
          github.addGist("user-4", { files: { "d.md": "d", "e.lock": "e" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.deepStrictEqual(subjects(pipedrive), ["b.lock", "d.md"])
          assert.deepInclude(yield* states, {
            "a.md": ["skipped", "The user's rule --exclude leaves out *.md"],
            "c.txt": ["skipped", "GITPIP_MAX_FILE_SIZE leaves out files of more than 10 bytes"],
            "e.lock": ["skipped", "GITPIP_EXCLUDE leaves out *.lock"]
          })
        })
      )
    )
  }

  it.effect("are shown with the user, changed one by one, taken back, and hold for later files only", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const ann = name("ann")
        const rules = Effect.map(gitpip.user(ann), ({ rules }) => rules)
        const none = { include: null, exclude: null, languages: null, maxFileSize: null, forks: null }
        github.addUser("ann")
        const { created } = yield* gitpip.track(ann, {
          rules: { include: include.make("*.md, *.{py,rb}"), maxFileSize: maxFileSize.make("5 B") }
        })
        assert.isTrue(created)
        assert.deepStrictEqual(yield* rules, { ...none, include: "*.md, *.{py,rb}", maxFileSize: "5 B" })
        github.addGist("ann", { files: { "a.md": "a", "b.txt": "b" } })
        yield* gitpip.scan()
        const again = yield* gitpip.track(ann, {
          rules: { include: include.make("default"), forks: forks.make("skip") }
        })
        assert.isFalse(again.created)
        assert.deepStrictEqual(yield* rules, { ...none, maxFileSize: "5 B", forks: "skip" })
        yield* gitpip.track(ann)
        github.addGist("ann", { files: { "c.txt": "c", "d.md": "123456" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(subjects(pipedrive), ["a.md", "c.txt"])
        assert.deepInclude(yield* states, {
          "b.txt": ["skipped", "The user's rule --include publishes only *.md, *.{py,rb}"],
          "d.md": ["skipped", "The user's rule --max-file-size leaves out files of more than 5 bytes"]
        })
        yield* gitpip.untrack(ann)
        yield* gitpip.track(ann)
        assert.deepStrictEqual(yield* rules, { ...none, maxFileSize: "5 B", forks: "skip" })
        yield* gitpip.forget(ann)
        yield* gitpip.track(ann)
        assert.deepStrictEqual(yield* rules, none)
      })
    )
  )

  it.effect("hold from the first check on, and cost a user without rules no statement", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const plain = yield* statementsOf(gitpip.track(name("bob")))
        assert.isFalse(plain.some((text) => text.includes("file_rules")))
        // Rules that cannot be stored take the user along, so that no check comes between the two.
        const sql = yield* SqlClient.SqlClient
        yield* sql`alter table file_rules rename to gone`
        yield* Effect.flip(gitpip.track(name("ann"), { rules: { forks: forks.make("skip") } }))
        yield* sql`alter table gone rename to file_rules`
        assert.strictEqual((yield* Effect.flip(gitpip.user(name("ann"))))._tag, "UserNotTracked")
      })
    )
  )

  it.effect("are counted by a preview: those that are given before the user's own, and these before the settings", () =>
    inWorld(layerPostgres, { env: { GITPIP_EXCLUDE: "*.lock" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "a", "b.md": "b", "c.lock": "c", "d.txt": "d" } })
        const skipped = (rules?: Parameters<typeof gitpip.preview>[1]) =>
          Effect.map(gitpip.preview(name("ann"), rules), ({ skipped }) => skipped)
        assert.strictEqual(yield* skipped(), 1)
        assert.strictEqual(yield* skipped({ exclude: exclude.make("*.md") }), 2)
        yield* gitpip.track(name("ann"), { rules: { include: include.make("*.md") } })
        assert.strictEqual(yield* skipped(), 2)
        assert.strictEqual(yield* skipped({ include: include.make("none"), exclude: exclude.make("none") }), 0)
        assert.strictEqual(yield* skipped({ include: include.make("default") }), 1)
      })
    )
  )
})

describe("a gist that was forked from another", () => {
  for (const [how, env] of [
    ["a list", { GITHUB_TOKEN: "" }],
    ["a batch", {}]
  ] as const) {
    it.effect(`is left out with GITPIP_FORKS=skip when ${how} shows it, and published on request`, () =>
      inWorld(layerPostgres, { env: { GITPIP_FORKS: "skip", ...env } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* tenUsers(github)
          github.addUser("origin")
          const forkOf = github.addGist("origin", { files: { "a.md": "a" } })
          yield* gitpip.track(name("user-5"), { rules: { forks: forks.make("publish") } })
          for (const user of [3, 5]) github.addGist(`user-${user}`, { forkOf, files: { [`fork-${user}.md`]: "a" } })
          github.addGist("user-3", { files: { "own.md": "b" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.deepStrictEqual(subjects(pipedrive), ["fork-5.md", "own.md"])
          assert.deepInclude(yield* states, { "fork-3.md": ["skipped", forksSkipped] })
          const [skipped] = yield* gitpip.publications({ ...everything, state: "skipped" })
          yield* gitpip.retry(skipped?.id ?? 0)
          yield* gitpip.publish
          assert.deepStrictEqual(subjects(pipedrive), ["fork-3.md", "fork-5.md", "own.md"])
        })
      )
    )
  }

  it.effect("costs no request of its own, is counted as skipped, and says so in its history", () =>
    inWorld(layerPostgres, { queries: false, env: { GITPIP_FORKS: "skip" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const user of ["ann", "bob"]) github.addUser(user)
        const forkOf = github.addGist("bob", { files: { "a.md": "a" } })
        github.addGist("ann", { forkOf, files: { "fork-1.md": "a", "fork-2.md": "b" } })
        github.addGist("ann", { files: { "own.md": "c" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        assert.strictEqual(reads(github), 0)
        assert.deepInclude(yield* gitpip.publish, { published: 1, skipped: 2 })
        // One for each of both gists, as without the rule.
        assert.strictEqual(reads(github), 2)
        assert.deepStrictEqual(subjects(pipedrive), ["own.md"])
        const [publication] = yield* gitpip.publications({ ...everything, state: "skipped" })
        const { attempts } = yield* gitpip.publication(publication?.id ?? 0)
        assert.deepStrictEqual(
          attempts.map(({ message, outcome }) => [outcome, message]),
          [["SkippedByRule", forksSkipped]]
        )
      })
    )
  )

  it.effect("is published when no rule speaks of forks", () =>
    inWorld(layerPostgres, { queries: false }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const user of ["ann", "bob"]) github.addUser(user)
        const forkOf = github.addGist("bob", { files: { "a.md": "a" } })
        github.addGist("ann", { forkOf, files: { "fork.md": "a" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(subjects(pipedrive), ["fork.md"])
      })
    )
  )
})
