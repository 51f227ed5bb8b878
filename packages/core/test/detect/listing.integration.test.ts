/** How much of a user's list a scan reads, and which gists it finds. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name } from "../world.ts"

describe("a scan", () => {
  it.effect("reads a user's list page by page, and only as far as something is new", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 245; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("ann"))
        assert.strictEqual((yield* gitpip.scan()).files, 245)
        assert.strictEqual(github.requests.length, 3)

        github.clearRequests()
        github.addGist("ann", { files: { "new.md": "" }, createdAt: 900_000 })
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        // The first page held something new, the second did not: the third is not asked for.
        assert.strictEqual(github.requests.length, 2)
      })
    )
  )

  for (const [who, gists, news] of [
    ["a user with few gists", 1, { gists: 1, files: 15 }],
    ["a user without a gist", 0, { gists: 1, files: 15 }],
    ["a user with more gists than a batch shows", 30, { gists: 12, files: 1 }]
  ] as const) {
    it.effect(`finds the files of ${who} after a list that was behind the batch`, () =>
      inWorld(layerPostgres, {}, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          for (let n = 0; n < gists; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
          // Ten users and more are checked by a batch.
          for (let n = 0; n < 10; n++) {
            github.addUser(`user-${n}`)
            yield* gitpip.track(name(`user-${n}`))
          }
          if (gists > 0) {
            yield* gitpip.track(name("ann"))
            assert.strictEqual((yield* gitpip.scan()).files, gists)
            yield* TestClock.adjust("1 minute")
          } else yield* gitpip.track(name("ann"))
          const before = yield* Effect.promise(async () => {
            const headers = { authorization: "Bearer github-secret", "user-agent": "test" }
            return (await fetch(`${github.url.origin}/users/ann/gists?per_page=100`, { headers })).json()
          })
          for (let n = 0; n < news.gists; n++) {
            const files = Array.from({ length: news.files }, (_, file) => [`new-${n}-${file}.md`, ""])
            github.addGist("ann", { files: Object.fromEntries(files) })
          }
          github.injectFault(
            { kind: "respond", body: before, headers: () => ({ etag: '"behind"' }) },
            { when: ({ route }) => route === "/users/{login}/gists" }
          )
          const behind = yield* gitpip.scan()
          assert.deepStrictEqual([behind.state, behind.failed, behind.files], ["done", 0, 0])
          yield* TestClock.adjust("5 minutes")
          assert.strictEqual((yield* gitpip.scan()).files, news.gists * news.files)
          // And the batch is confirmed.
          github.clearRequests()
          yield* gitpip.scan()
          assert.deepStrictEqual(
            github.requests.map(({ route }) => route),
            ["/graphql"]
          )
        })
      )
    )
  }

  it.effect("reads a user's whole list once a day, so that a file added to an old gist is found", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const oldest = github.addGist("ann", { files: { "old.md": "" }, createdAt: 0 })
        for (let n = 1; n < 150; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.addFile(oldest, "late.md", "")
        assert.strictEqual((yield* gitpip.scan()).files, 0)
        yield* TestClock.adjust("24 hours")
        assert.strictEqual((yield* gitpip.scan()).files, 1)
      })
    )
  )

  it.effect("keeps the pages that were read when a later page fails, and finds the others at the next scan", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 150; n++) github.addGist("ann", { files: { [`${n}.md`]: "" } })
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "status", status: 502 }, { when: ({ route }) => route === "/user/{id}/gists" })
        const stopped = yield* gitpip.scan()
        assert.deepStrictEqual([stopped.state, stopped.failed, stopped.files], ["done", 1, 100])
        assert.strictEqual((yield* gitpip.scan()).files, 50)
      })
    )
  )

  it.effect("finds gists that were secret and become public, however old they are", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const secret = github.addGist("ann", { files: { "s.md": "" }, createdAt: 0, public: false })
        github.addGist("ann", { files: { "p.md": "" }, createdAt: 1_000 })
        yield* gitpip.track(name("ann"))
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        github.setPublic(secret, true)
        assert.strictEqual((yield* gitpip.scan()).files, 1)
      })
    )
  )

  it.effect(
    "with GITPIP_BACKFILL=none lists gists older than the tracking without publishing them, and publishes what appears later",
    () =>
      inWorld(layerPostgres, { env: { GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("1 hour")
          github.addUser("ann")
          github.addGist("ann", { files: { "old.md": "" }, createdAt: 0 })
          const secret = github.addGist("ann", { files: { "secret.md": "" }, createdAt: 0, public: false })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 0)
          assert.strictEqual((yield* gitpip.latest(name("ann"))).files.length, 1)
          github.setPublic(secret, true)
          github.addGist("ann", { files: { "new.md": "" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.sameMembers(
            pipedrive.activities.map(({ subject }) => subject),
            ["secret.md", "new.md"]
          )
        })
      )
  )

  it.effect("with GITPIP_BACKFILL=none publishes a gist that was made in the second of the tracking, after it", () =>
    inWorld(layerPostgres, { env: { GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "old.md": "" } })
        yield* TestClock.adjust("1.3 seconds")
        yield* gitpip.track(name("ann"))
        github.addGist("ann", { files: { "new.md": "" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ subject }) => subject),
          ["new.md"]
        )
      })
    )
  )
})
