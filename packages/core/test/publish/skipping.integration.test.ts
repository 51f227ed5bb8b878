/** Files that a rule or a person leaves out: nothing is sent for them until somebody wants that. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name } from "../world.ts"

const subjects = ({ activities }: FakePipedrive) => activities.map(({ subject }) => subject).toSorted()

/** Publications by file: state and reason. */
const states = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (publications) =>
    Object.fromEntries(publications.map(({ errorMessage, filename, state }) => [filename, [state, errorMessage]]))
  )
)

const ids = Effect.flatMap(Gitpip, (gitpip) =>
  Effect.map(gitpip.publications(everything), (publications) =>
    Object.fromEntries(publications.map(({ filename, id }) => [filename, id]))
  )
)

describe("a file that is left out", () => {
  for (const [how, env] of [
    ["a list", { GITHUB_TOKEN: "" }],
    ["a batch", {}]
  ] as const) {
    it.effect(`a file in ${how} that a rule leaves out is listed with the rule, and published on request`, () =>
      inWorld(layerPostgres, { env: { GITPIP_EXCLUDE: "*.lock", GITPIP_MAX_FILE_SIZE: "10 B", ...env } }, (world) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const { github, pipedrive } = world
          for (let n = 0; n < 10; n++) {
            github.addUser(`user-${n}`)
            yield* gitpip.track(name(`user-${n}`))
          }
          github.addGist("user-3", { files: { "a.md": "a", "b.lock": "b", "c.md": "longer than ten bytes" } })
          const { files } = yield* gitpip.scan()
          assert.strictEqual(files, 3)
          yield* gitpip.publish
          assert.deepStrictEqual(subjects(pipedrive), ["a.md"])
          assert.deepStrictEqual(yield* states, {
            "a.md": ["published", null],
            "b.lock": ["skipped", "GITPIP_EXCLUDE leaves out *.lock"],
            "c.md": ["skipped", "GITPIP_MAX_FILE_SIZE leaves out files of more than 10 bytes"]
          })
          assert.deepInclude((yield* gitpip.user(name("user-3"))).counts, { files: 3, published: 1, skipped: 2 })
          yield* gitpip.retry((yield* ids)["b.lock"] ?? 0)
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.deepStrictEqual(subjects(pipedrive), ["a.md", "b.lock"])
        })
      )
    )
  }

  it.effect("a file that a person skips is not sent, and its history says so", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "a", "b.md": "b" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        const id = (yield* ids)["a.md"] ?? 0
        yield* gitpip.skip(id)
        assert.strictEqual(yield* gitpip.retryFailed, 0)
        yield* gitpip.publish
        assert.deepStrictEqual(subjects(pipedrive), ["b.md"])
        const { attempts } = yield* gitpip.publication(id)
        assert.deepStrictEqual(
          attempts.map(({ message, outcome }) => [outcome, message]),
          [["SkippedByHand", "A person skipped the file"]]
        )
        const refused = yield* Effect.flip(gitpip.skip((yield* ids)["b.md"] ?? 0))
        assert.strictEqual(refused._tag, "PublicationNotSkippable")
        assert.match(refused.message, /is published; only a pending or failed one can be skipped/)
      })
    )
  )

  it.effect("a file that is skipped after a lost answer gets a lookup when it is published after all", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "a" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        pipedrive.injectFault(
          { kind: "lost" },
          { when: ({ method, route }) => method === "POST" && route === "/api/v2/activities" }
        )
        yield* gitpip.publish
        const id = (yield* ids)["a.md"] ?? 0
        assert.strictEqual((yield* gitpip.skip(id)).state, "skipped")
        yield* gitpip.retry(id)
        yield* gitpip.publish
        assert.deepStrictEqual(subjects(pipedrive), ["a.md"])
        assert.strictEqual((yield* gitpip.publication(id)).publication.state, "published")
      })
    )
  )
})
