/** Texts of small gists by one query. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { makeGithub, scripted } from "../net/clients.ts"
import { clientWithUsers, one } from "./support.ts"

describe("texts", () => {
  it.effect("texts are those of the REST API, and missing when that is not certain", () =>
    Effect.gen(function* () {
      const { github, fake } = yield* clientWithUsers(0)
      fake.addUser("ann")
      const id = fake.addGist("ann", {
        description: "all\0kinds",
        files: {
          "a.md": "# ä 🎉\r\n",
          "empty.txt": "",
          "nul.txt": "a\0b",
          "late-nul.txt": `${"x".repeat(9_000)}\0`,
          "a.bin": new Uint8Array([0, 255]),
          ["__proto__"]: "polluted",
          "bom.txt": "\ufeffx"
        }
      })
      const { gists } = one(yield* github.batch(["ann"]))
      fake.clearRequests()
      const found = yield* github.texts([...gists, { node: "bm9uZQ==" }])
      assert.deepStrictEqual([...found.keys()], [id])
      assert.lengthOf(fake.requests, 1)
      const rest = yield* github.contents(id)
      assert.strictEqual(found.get(id)?.description, rest.description)
      const texts = found.get(id)?.files ?? new Map<string, string>()
      assert.deepStrictEqual([...texts.keys()].toSorted(), ["__proto__", "a.md", "bom.txt", "empty.txt"])
      for (const [name, text] of texts) {
        assert.deepStrictEqual(rest.files.get(name), { _tag: "Text", text, partial: false }, name)
      }
    })
  )

  it.effect("texts of more gists than fit are requested by several queries", () =>
    Effect.gen(function* () {
      const { github, logins, fake } = yield* clientWithUsers(45)
      const nodes = (yield* github.batch(logins)).flatMap((result) => Result.getOrThrow(result).gists)
      fake.clearRequests()
      assert.strictEqual((yield* github.texts(nodes)).size, 45)
      assert.lengthOf(fake.requests, 3)
    })
  )

  it.effect("texts that do not match the file's size are not taken for its content", () =>
    Effect.gen(function* () {
      const file = (name: string, more: object) => ({ name, size: 3, isTruncated: false, text: "abc", ...more })
      const files = [
        file("good", {}),
        file("cut", { isTruncated: true }),
        file("short", { size: 4 }),
        file("long", { size: 2 }),
        file("unknown", { size: null }),
        file("converted", { text: "\ufffd", size: 1 }),
        file("half", { text: "\ud800" }),
        file("none", { text: null }),
        null,
        7,
        { name: "empty", size: 0, isTruncated: false, text: null }
      ]
      const nodes = [
        null,
        {},
        { name: 5, isPublic: true, description: null, files: [] },
        { name: "id", isPublic: true, description: null, files }
      ]
      const { transport } = scripted(() => Response.json({ data: { nodes } }))
      const found = yield* (yield* makeGithub("https://api.github.test", { transport })).texts([{ node: "a" }])
      assert.deepStrictEqual(
        [...found].map(([id, { files }]) => [id, [...files]]),
        [
          [
            "id",
            [
              ["good", "abc"],
              ["empty", ""]
            ]
          ]
        ]
      )
    })
  )
})
