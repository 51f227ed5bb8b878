/** Texts that came along with a batch: the same activity as by a read, without the read. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip } from "../src/Gitpip.ts"
import { ContentCache } from "../src/github/ContentCache.ts"
import { Github } from "../src/github/Github.ts"
import { Publisher } from "../src/publish/Publisher.ts"
import { ScanSpans } from "../src/telemetry/ScanSpans.ts"
import type { FakeGithub } from "../src/testing/index.ts"
import { layerPostgres } from "./database.ts"
import { inWorld, name } from "./world.ts"

const files = {
  "a.md": "# ä 🎉\r\n\t<b>&amp;",
  "empty.txt": "",
  "nul.txt": "a\0b",
  "a.png": new Uint8Array([0x89, 0x50, 0, 0xff]),
  ["__proto__"]: "p",
  "long.txt": "x".repeat(1024 * 1024 + 1)
}

/** A user with a gist for each file, found by a scan. The same ids in every world, so that its activities can be compared. */
const found = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  for (const [filename, content] of Object.entries(files)) {
    github.addGist("ann", { id: `of-${filename}`, description: `about ${filename}`, files: { [filename]: content } })
  }
  yield* gitpip.track(name("ann"))
  yield* gitpip.scan()
  github.clearRequests()
})

/** A publisher of its own, and its texts. */
const buildPublisher = Effect.map(
  Layer.build(Publisher.layer.pipe(Layer.provideMerge(ContentCache.layer), Layer.provide(ScanSpans.layer))),
  (services) => ({ contents: Context.get(services, ContentCache), publisher: Context.get(services, Publisher) })
)

/** A publisher with the texts that a batch of now brings. */
const alongside = Effect.gen(function* () {
  const github = yield* Github
  const { contents, publisher } = yield* buildPublisher
  const [ann] = yield* github.batch(["ann"])
  const gists = ann !== undefined && Result.isSuccess(ann) ? ann.success.gists : []
  const texts = yield* github.texts(gists.filter(({ small }) => small))
  for (const [gistId, { description, files }] of texts) {
    for (const [filename, text] of files) yield* contents.put({ gistId, filename }, { text, description })
  }
  return publisher
})

const reads = (github: FakeGithub) =>
  github.requests.filter(({ route }) => route === "/gists/{id}").map(({ params }) => params[0])

describe("a file whose text came along", () => {
  it.effect(
    "a file whose text came with a batch becomes the activity that a read would have made, and is not read",
    () =>
      Effect.gen(function* () {
        const activities = (batched: boolean) =>
          inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
            Effect.gen(function* () {
              yield* found(github)
              if (batched) {
                // A batch does not report these fields of a file.
                const sql = yield* SqlClient.SqlClient
                yield* sql`update gist_files set type = null, raw_url = null`
                yield* (yield* alongside).drain
                assert.deepStrictEqual(reads(github).toSorted(), ["of-a.png", "of-long.txt", "of-nul.txt"])
              } else {
                yield* (yield* Gitpip).publish
                assert.lengthOf(reads(github), Object.keys(files).length)
              }
              return new Map(pipedrive.activities.map(({ note, subject }) => [subject, note]))
            })
          )
        const byRead = yield* activities(false)
        const byBatch = yield* activities(true)
        assert.strictEqual(byBatch.size, Object.keys(files).length)
        // By itself each, since a difference in a megabyte is printed whole.
        for (const [subject, note] of byBatch) assert.isTrue(note === byRead.get(subject), subject)
      })
  )

  it.effect(
    "a file whose text came with a batch is read after all when it waits for long, and when it is retried",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* found(github)
          const publisher = yield* alongside
          pipedrive.injectFault({ kind: "status", status: 500 }, { when: ({ method }) => method === "GET" })
          yield* publisher.drain
          yield* TestClock.adjust("11 minutes")
          yield* publisher.drain
          assert.lengthOf(pipedrive.activities, Object.keys(files).length)
          assert.include(reads(github), "of-a.md")
        })
      )
  )

  for (const isFork of [undefined, true]) {
    it.effect(
      `a fork that a rule leaves out is not published when the text came ${isFork ? "with" : "without"} that`,
      () =>
        inWorld(layerPostgres, { queries: false, env: { GITPIP_FORKS: "skip" } }, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            for (const user of ["ann", "bob"]) github.addUser(user)
            const forkOf = github.addGist("bob", { files: { "a.md": "a" } })
            const gistId = github.addGist("ann", { forkOf, files: { "fork.md": "a" } })
            yield* gitpip.track(name("ann"))
            yield* gitpip.scan()
            const { contents, publisher } = yield* buildPublisher
            yield* contents.put({ gistId, filename: "fork.md" }, { text: "a", description: null, isFork })
            assert.deepInclude(yield* publisher.drain, { published: 0, skipped: 1 })
            assert.lengthOf(pipedrive.activities, 0)
            assert.lengthOf(reads(github), isFork ? 0 : 1)
          })
        )
    )
  }
})
