/** A gist that GitHub does not call public is never stored, shown or published. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { makeGithub, scripted } from "../net/clients.ts"
import { everything, inWorld, name, passTime } from "../world.ts"
import { gist, listOf, publications, tracked, whole, withGithub } from "./support.ts"

// https://github.com/hub4j/github-api, GHGistTest/listGistFile, recorded 2021
describe("a gist that GitHub does not call public", () => {
  for (const [what, answered] of [
    ["false", { public: false }],
    ["missing", { public: undefined }],
    ["null", { public: null }],
    ["a text", { public: "true" }],
    ["a number", { public: 1 }]
  ] as const) {
    it.effect(`a gist is not stored, shown or counted when \`public\` is ${what} in the user's list`, () =>
      withGithub(
        ({ path }) =>
          path === listOf("me-example")
            ? { body: [gist("me-example", "secret", answered), gist("me-example", "open")] }
            : path === "/gists/open"
              ? { body: whole("me-example", "open") }
              : undefined,
        ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* Gitpip
            const preview = yield* gitpip.preview(name("me-example"))
            assert.deepStrictEqual([preview.gists, preview.files, preview.activities], [1, 1, 1])
            yield* tracked("me-example")
            assert.strictEqual((yield* gitpip.scan()).files, 1)
            yield* gitpip.publish
            const { files } = yield* gitpip.latest(name("me-example"))
            assert.deepStrictEqual(
              files.map(({ filename }) => filename),
              ["open.md"]
            )
            assert.deepStrictEqual(
              pipedrive.activities.map(({ subject }) => subject),
              ["open.md"]
            )
          })
      )
    )
  }

  for (const [what, answered] of [
    ["is missing", undefined],
    ["is null", null],
    ["is a text", "true"]
  ] as const) {
    it.effect(`a gist whose \`public\` ${what} is not published, and not given up`, () => {
      let isOdd = true
      return withGithub(
        ({ path }) =>
          path === listOf("ann")
            ? { body: [gist("ann", "open")] }
            : path === "/gists/open"
              ? { body: whole("ann", "open", isOdd ? { public: answered } : {}) }
              : undefined,
        ({ pipedrive }) =>
          Effect.gen(function* () {
            const gitpip = yield* tracked("ann")
            yield* gitpip.scan()
            for (let n = 0; n < 6; n++) {
              yield* gitpip.publish
              yield* passTime("10 minutes")
            }
            assert.deepStrictEqual(yield* publications, [["open.md", "pending", "Unavailable"]])
            assert.lengthOf(pipedrive.activities, 0)
            isOdd = false
            yield* passTime("1 hour")
            yield* gitpip.publish
            assert.lengthOf(pipedrive.activities, 1)
          })
      )
    })
  }

  it.effect(
    "a gist that becomes secret between the scan and the publication is not published, and the file says so",
    () =>
      inWorld(layerPostgres, { queries: false }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          github.addUser("ann")
          const id = github.addGist("ann", { files: { "a.md": "text", "large.md": "x".repeat(5 * 1024 * 1024) } })
          const gitpip = yield* tracked("ann")
          yield* gitpip.scan()
          github.setPublic(id, false)
          yield* gitpip.publish
          assert.lengthOf(pipedrive.activities, 0)
          assert.sameDeepMembers(yield* publications, [
            ["a.md", "gone", "NotPublic"],
            ["large.md", "gone", "NotPublic"]
          ])
          const [file] = yield* gitpip.history(name("ann"), everything)
          const preview = yield* Effect.flip(gitpip.filePreview(file?.id ?? 0))
          assert.strictEqual(preview._tag === "GithubError" ? preview.reason._tag : preview._tag, "NotPublic")
        })
      )
  )

  it.effect("a gist that became secret is not published from a text that came with a scan more than a minute ago", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const logins = Array.from({ length: 10 }, (_, n) => `user-${n}`)
        for (const login of logins) {
          github.addUser(login)
          github.addGist(login, { files: { [`${login}.old`]: "x" } })
        }
        const gitpip = yield* tracked(...logins)
        yield* gitpip.scan()
        yield* gitpip.publish
        const id = github.addGist("user-0", { files: { "new.md": "text" } })
        yield* gitpip.scan()
        github.setPublic(id, false)
        yield* TestClock.adjust("61 seconds")
        yield* gitpip.publish
        assert.deepStrictEqual(
          (yield* publications).filter(([filename]) => filename === "new.md"),
          [["new.md", "gone", "NotPublic"]]
        )
        assert.lengthOf(pipedrive.activities, 10)
      })
    )
  )
})

describe("the answer to a query", () => {
  const node = (name: string, more: object) => ({
    id: `node-${name}`,
    name,
    isPublic: true,
    description: null,
    createdAt: "2026-11-01T10:00:00Z",
    updatedAt: "2026-11-01T10:00:00Z",
    url: `https://gist.github.com/ann/${name}`,
    files: [{ name: `${name}.md`, size: 1, isTruncated: false, language: null, text: "x" }],
    ...more
  })
  const nodes = [node("open", {}), node("secret", { isPublic: false })]

  it.effect("a query shows no gist, and no text, that GitHub does not call public", () =>
    Effect.gen(function* () {
      const gists = { totalCount: 2, pageInfo: { hasNextPage: false }, nodes }
      const user = { databaseId: 1, login: "ann", gists }
      const { transport } = scripted(() =>
        Response.json({ data: { u0: user, nodes: [...nodes, node("unknown", { isPublic: undefined })] } })
      )
      const github = yield* makeGithub("https://api.github.test", { transport })
      const [newest] = yield* github.batch(["ann"])
      assert.deepStrictEqual(newest?._tag === "Success" && newest.success.gists.map(({ gistId }) => gistId), ["open"])
      assert.deepStrictEqual([...(yield* github.texts([{ node: "any" }])).keys()], ["open"])
    })
  )
})
