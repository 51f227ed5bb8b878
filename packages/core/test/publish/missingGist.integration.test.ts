/** Files whose gist GitHub does not show, or not in full. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld } from "../world.ts"
import { drainLate, given, outcomes } from "./publishing.ts"

describe("a gist or file that GitHub no longer shows", () => {
  it.effect("a deleted gist is gone, but only after it was asked for twice", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gist = yield* given(github, { "a.md": "1" })
        github.deleteGist(gist)
        yield* (yield* Gitpip).publish
        assert.strictEqual((yield* outcomes).state, "pending")
        yield* drainLate("3 minutes")
        assert.deepStrictEqual(yield* outcomes, {
          state: "gone",
          reason: "GistGone",
          attempts: ["GistNotFound", "GistGone"]
        })
        assert.strictEqual(pipedrive.activities.length, 0)
      })
    )
  )

  it.effect("a file that was removed from its gist is gone", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gist = yield* given(github, { "a.md": "1", "b.md": "2" })
        github.removeFile(gist, "b.md")
        yield* (yield* Gitpip).publish
        assert.strictEqual((yield* outcomes).reason, "FileNotFound")
        yield* drainLate("3 minutes")
        const states = (yield* (yield* Gitpip).publications(everything)).map(({ filename, state }) => [filename, state])
        assert.sameDeepMembers(states, [
          ["a.md", "published"],
          ["b.md", "gone"]
        ])
      })
    )
  )

  it.effect("a file that was added right after its gist was read is read again, and not gone", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const gist = yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        github.addFile(gist, "b.md", "2")
        yield* gitpip.scan()
        yield* gitpip.publish
        yield* drainLate("3 minutes")
        assert.sameMembers(
          pipedrive.activities.map(({ subject }) => subject),
          ["a.md", "b.md"]
        )
      })
    )
  )

  it.effect("a blocked gist has failed, and can be retried", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const gist = yield* given(github, { "a.md": "1" })
        github.injectFault({ kind: "status", status: 451 }, { when: ({ path }) => path === `/gists/${gist}` })
        yield* gitpip.publish
        const [failed] = yield* gitpip.publications({ ...everything, state: "failed" })
        assert.strictEqual(failed?.errorReason, "Blocked")
        yield* gitpip.retry(failed?.id ?? 0)
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 1)
        const refused = yield* Effect.flip(gitpip.retry(failed?.id ?? 0))
        assert.strictEqual(refused._tag, "PublicationNotFailed")
      })
    )
  )

  it.effect("a limit of GitHub's pauses publishing until the limit ends, and no request is sent before", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        github.injectFault(
          { kind: "primary-limit", resetInSeconds: 600 },
          { when: ({ route }) => route === "/gists/{id}" }
        )
        yield* gitpip.publish
        const asked = github.requests.length
        yield* gitpip.publish
        assert.strictEqual(github.requests.length, asked)
        yield* drainLate("11 minutes")
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("a large gist is published with the beginning of each file, by one request", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.txt": "a".repeat(3_000_000), "b.txt": "b".repeat(3_000_000) })
        yield* (yield* Gitpip).publish
        assert.strictEqual(github.count("GET", "/gists/{id}"), 1)
        assert.strictEqual(pipedrive.activities.length, 2)
        for (const { note } of pipedrive.activities) assert.include(note ?? "", "only the beginning")
      })
    )
  )
})
