/** Lists of users as files, and the message when tracking fails half-way. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { DatabaseError, ruleTexts, type User, UserConflict, UserId, Username } from "@gitpip/core"
import { DateTime, Effect } from "effect"
import { TestConsole } from "effect/testing"
import type { Progress } from "../src/Progress.ts"
import { fromFile, linesWithChoices, trackAll } from "../src/tracking.ts"
import { directory } from "./process.ts"

const user = (login: Username): User => ({
  login,
  id: UserId.make(1),
  githubId: null,
  state: "new",
  trackedAt: DateTime.makeUnsafe(0),
  checkedAt: null,
  failures: 0,
  retryAt: null,
  errorReason: null,
  errorMessage: null
})

const quiet: Progress = { update: () => Effect.void, done: Effect.void }

describe("a file of users", () => {
  it.live("is text in UTF-8 with any line ends, and any other file is refused", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const candidates = Effect.fnUntraced(function* (bytes: Buffer) {
        const file = join(path, "list")
        yield* Effect.promise(() => writeFile(file, bytes))
        return yield* Effect.result(fromFile(file))
      })
      const list = "username,id,deal,person,forks\r\nann,7\rbob,,12,default,skip\n"
      const read = yield* candidates(Buffer.from(`\uFEFF${list}`))
      assert.deepInclude(read, {
        success: {
          candidates: [
            {
              line: 2,
              username: Username.make("ann"),
              id: UserId.make(7),
              deal: undefined,
              person: undefined,
              rules: {}
            },
            {
              line: 3,
              username: Username.make("bob"),
              id: undefined,
              deal: 12,
              person: "default",
              rules: { forks: ruleTexts.forks.make("skip") }
            }
          ],
          wrong: []
        }
      })
      for (const bytes of [Buffer.from(`\uFEFF${list}`, "utf16le"), Buffer.from([0x50, 0x4b, 3, 4, 0, 0])]) {
        const refused = yield* candidates(bytes)
        assert.match(
          String("failure" in refused && refused.failure.message),
          /is not text in UTF-8; save it as CSV in UTF-8/
        )
      }
      const folder = yield* Effect.flip(fromFile(path))
      assert.match(folder.message, /cannot be read: .*EISDIR.* Give a file with a USERNAME/)
    })
  )

  it.live("without an end is refused", () =>
    Effect.gen(function* () {
      const endless = yield* Effect.flip(fromFile("/dev/zero"))
      assert.match(endless.message, /cannot be read: it is longer than 64 MiB; split it/)
    })
  )
})

describe("tracking many", () => {
  it.effect("goes on after one that is refused, and reports how many were tracked when all fails", () =>
    Effect.gen(function* () {
      const track = (username: Username) =>
        username === "taken"
          ? Effect.fail(new UserConflict({ message: "id 7 belongs to ann" }))
          : username === "late"
            ? Effect.fail(new DatabaseError({ message: "The database is gone" }))
            : Effect.succeed({ created: true, user: user(username) })
      const candidates = ["ann", "taken", "bob", "late", "never"].map((username, index) => ({
        line: index + 1,
        username: Username.make(username),
        id: undefined
      }))
      const error = yield* Effect.flip(trackAll({ track }, candidates, quiet))
      assert.strictEqual(error.message, "The database is gone")
      assert.deepStrictEqual(yield* TestConsole.errorLines, [
        "2 users tracked before the failure. Run the command with the same list again: tracked users stay tracked."
      ])
      const outcomes = yield* trackAll({ track }, candidates.slice(0, 3), quiet)
      assert.deepStrictEqual(
        outcomes.map(({ created, error }) => [created, error]),
        [
          [true, null],
          [false, "taken: id 7 belongs to ann"],
          [true, null]
        ]
      )
    }).pipe(Effect.provide(TestConsole.layer))
  )
})

describe("a list's choices", () => {
  it("are those lines that name a deal or a person, or take one back", () => {
    const username = Username.make("ann")
    const on = (line: number | null, choice: object) => ({ line, username, id: undefined, ...choice })
    const candidates = [on(null, { deal: 3 }), on(2, { deal: 3 }), on(3, {}), on(4, { person: "default" })]
    assert.deepStrictEqual(linesWithChoices(candidates), [2, 4])
  })
})
