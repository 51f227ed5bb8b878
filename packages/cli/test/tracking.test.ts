/** Lists of users as files, and the message when tracking fails half-way. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { DatabaseError, type NameRecord, ruleTexts, type User, UserConflict, UserId, Username } from "@gitpip/core"
import { DateTime, Effect } from "effect"
import { TestConsole } from "effect/testing"
import type { Progress } from "../src/Progress.ts"
import {
  type Candidate,
  fromFile,
  languageWarnings,
  linesWithChoices,
  trackAll,
  unusedOf,
  withoutForgotten,
  withoutRepeats
} from "../src/tracking.ts"
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

  it.live("names a user twice: a line that says the same does not count, and one that says otherwise is an error", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "list")
      const rows = ["username,deal", "octocat,", "ann,3", "ocToCat,", "ann,4", "bob,1"]
      yield* Effect.promise(() => writeFile(file, rows.join("\n")))
      const { candidates, wrong } = yield* fromFile(file)
      assert.deepStrictEqual(
        candidates.map(({ deal, username }) => [username as string, deal]),
        [
          ["octocat", undefined],
          ["ann", 3],
          ["bob", 1]
        ]
      )
      assert.deepStrictEqual(
        wrong.map(({ error, line }) => [line, error]),
        [[5, "ann is on line 3 as well, with other columns; keep one of the two lines"]]
      )
      assert.deepStrictEqual(yield* TestConsole.errorLines, [
        "1 line repeats an earlier one and does not count: line 4 (ocToCat)"
      ])
    }).pipe(Effect.provide(TestConsole.layer))
  )

  it.live("without a user says so", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "list")
      for (const text of ["", "\n# nobody\n", "username,id\n"]) {
        yield* Effect.promise(() => writeFile(file, text))
        assert.deepStrictEqual(yield* fromFile(file), { candidates: [], wrong: [] })
      }
      const line = `${file} names no user. Give a USERNAME, or USERNAME,ID, on each line`
      assert.deepStrictEqual(yield* TestConsole.errorLines, [line, line, line])
    }).pipe(Effect.provide(TestConsole.layer))
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
            : Effect.succeed({ created: true, user: user(username), unused: ["The chosen deal does not count"] })
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
      assert.deepStrictEqual(unusedOf(outcomes), ["The chosen deal does not count"])
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

describe("lines of one user", () => {
  const of = (line: number, more: Partial<Candidate>): Candidate => ({
    line,
    username: Username.make("ann"),
    id: undefined,
    ...more
  })
  for (const [title, second, expected] of [
    ["the same name in another case", { username: Username.make("ANN") }, "repeated"],
    ["no column that differs", {}, "repeated"],
    ["another id", { id: UserId.make(7) }, "conflict"],
    ["another deal", { deal: 4 }, "conflict"],
    ["another person", { person: "default" }, "conflict"],
    ["other rules", { rules: { forks: ruleTexts.forks.make("skip") } }, "conflict"],
    ["another name", { username: Username.make("bob") }, "kept"]
  ] as ReadonlyArray<readonly [string, Partial<Candidate>, string]>) {
    it(`a line with ${title} is ${expected}`, () => {
      const { conflicts, kept, repeated } = withoutRepeats([of(1, {}), of(2, second)])
      assert.strictEqual(conflicts.length > 0 ? "conflict" : repeated.length > 0 ? "repeated" : "kept", expected)
      assert.lengthOf(kept, expected === "kept" ? 2 : 1)
    })
  }
})

describe("users of a list whom somebody forgot or untracked", () => {
  const of = (line: number | null, username: string): Candidate => ({
    line,
    username: Username.make(username),
    id: undefined
  })
  const many = Array.from({ length: 22 }, (_, n) => of(n + 1, `gone-${n}`))
  const records = new Map<Username, NameRecord>([
    [Username.make("ann"), "tracked"],
    [Username.make("bob"), "untracked"],
    [Username.make("cid"), "forgotten"],
    ...many.map(({ username }) => [username, "forgotten"] as const)
  ])
  for (const [title, candidates, isDryRun, kept, remarks] of [
    ["tracked and new ones are tracked without a word", [of(1, "ann"), of(2, "dan")], false, ["ann", "dan"], []],
    [
      "forgotten ones are left out",
      [of(1, "ann"), of(2, "cid")],
      false,
      ["ann"],
      ["Left out 1 user whom somebody forgot: cid. To track one again: gitpip track cid"]
    ],
    ["a forgotten one is tracked when typed", [of(null, "cid")], false, ["cid"], []],
    [
      "untracked ones are tracked again",
      [of(1, "bob")],
      false,
      ["bob"],
      ["Tracking 1 user again whom somebody untracked: bob"]
    ],
    [
      "a dry run says what would become of them",
      [of(1, "bob"), of(2, "cid")],
      true,
      ["bob"],
      [
        "Left out 1 user whom somebody forgot: cid. To track one again: gitpip track cid",
        "Would track 1 user again whom somebody untracked: bob"
      ]
    ],
    [
      "twenty are named",
      many,
      false,
      [],
      [
        `Left out 22 users whom somebody forgot: ${many
          .slice(0, 20)
          .map(({ username }) => username)
          .join(", ")} and 2 more. To track one again: gitpip track USERNAME`
      ]
    ]
  ] as ReadonlyArray<
    readonly [string, ReadonlyArray<Candidate>, boolean, ReadonlyArray<string>, ReadonlyArray<string>]
  >) {
    it(title, () => {
      const done = withoutForgotten(candidates, records, { isDryRun })
      assert.deepStrictEqual(
        done.kept.map(({ username }): string => username),
        kept
      )
      assert.deepStrictEqual(done.remarks, remarks)
    })
  }
})

describe("languages in a file that GitHub is not known to have", () => {
  const on = (line: number, languages: string) => ({ line, rules: { languages: ruleTexts.languages.make(languages) } })
  it("are named once each, with their lines", () =>
    assert.deepStrictEqual(
      languageWarnings([on(2, "Pyton, Ruby"), on(3, "Go"), on(4, "Pyton"), on(5, "none"), { line: 6 }]),
      [
        'Warning: the column languages (line 2, 4) names "Pyton", which is not known as a language of GitHub, so that it may fit no file. Did you mean Python?'
      ]
    ))
})
