import { assert, describe, it } from "@effect/vitest"
import type { GistFile } from "@gitpip/core"
import { reasons } from "../src/commands/files.ts"

const file = (publicationId: number, publicationState: string, publicationMessage: string | null) =>
  ({ publicationId, publicationState, publicationMessage }) as GistFile

describe("the reasons below a list of files", () => {
  for (const [what, files, rows] of [
    ["no file that is published", [file(1, "published", "an old failure")], []],
    ["no file that waits for the first attempt", [file(1, "pending", null)], []],
    ["a file that failed", [file(1, "failed", "no")], [["1", "no"]]],
    [
      "each reason once",
      [file(3, "pending", "busy"), file(2, "failed", "no"), file(1, "pending", "busy")],
      [
        ["3, 1", "busy"],
        ["2", "no"]
      ]
    ],
    [
      "five publications of one reason, and how many more there are",
      [7, 6, 5, 4, 3, 2, 1].map((id) => file(id, "pending", "busy")),
      [["7, 6, 5, 4, 3 and 2 more", "busy"]]
    ]
  ] as const) {
    it(`name ${what}`, () => {
      assert.deepStrictEqual(reasons(files), rows)
    })
  }
})
