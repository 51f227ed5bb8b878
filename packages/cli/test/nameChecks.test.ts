/** What commands say about the names that were tracked. */
import { assert, describe, it } from "@effect/vitest"
import { DatabaseError, type NameCheck, Username } from "@gitpip/core"
import { Effect } from "effect"
import { checkAll, distinctNames, linesOf, nextStep } from "../src/nameChecks.ts"

const name = Username.make

const check = (fields: Partial<NameCheck> = {}): NameCheck => ({
  name: name("ann"),
  state: "found",
  login: name("Ann"),
  gists: 2,
  publishes: "all",
  near: [],
  reason: null,
  record: "new",
  ...fields
})

describe("distinct names", () => {
  for (const [names, distinct] of [
    [[], []],
    [["octocat", "Octocat", "OCTOCAT"], ["octocat"]],
    [
      ["Zed", "ann", "zed", "Ann", "bob"],
      ["Zed", "ann", "bob"]
    ]
  ] as const) {
    it(`of ${JSON.stringify(names)} are ${JSON.stringify(distinct)}`, () =>
      assert.deepStrictEqual(distinctNames(names), distinct))
  }
})

describe("what is said about tracked names", () => {
  for (const [checks, ...lines] of [
    [[]],
    [[check()], "Ann has 2 public gists. Their files are published."],
    [[check({ gists: 1 })], "Ann has 1 public gist. Its files are published."],
    [[check({ gists: 0 })], "Ann has no public gists yet. Files of new ones are published."],
    [
      [check(), check({ record: "forgotten" })],
      "2 accounts have 4 public gists. Their files are published, except those that were published before their user was forgotten."
    ],
    [
      [check({ record: "untracked", publishes: "some" })],
      "Ann has 2 public gists. Their files are published, except those that were found when their user was tracked before, which stay as they are, and those that rules leave out."
    ],
    [[check({ gists: null })]],
    [
      [check({ publishes: "new" })],
      "Ann has 2 public gists. Older files are only listed (GITPIP_BACKFILL=none), and new ones are published."
    ],
    [[check(), check({ gists: 3 })], "2 accounts have 5 public gists. Their files are published."],
    [
      [check({ state: "unknown", near: [name("anne"), name("anna")] })],
      "Warning: GitHub knows no user ann. Did you mean anne or anna? To stop tracking the name: gitpip untrack ann"
    ],
    [
      [check({ name: name("-x"), state: "unknown" })],
      "Warning: GitHub knows no user -x. To stop tracking the name: gitpip untrack -- -x"
    ],
    [
      [check({ state: "organization" })],
      "Warning: ann is an organization at GitHub, not a user. To track its members: gitpip track --org ann. To stop tracking the name: gitpip untrack ann"
    ],
    [
      [check({ state: "unchecked", reason: "GitHub did not answer in time" })],
      "ann was not checked at GitHub: GitHub did not answer in time"
    ],
    [
      [
        check({ state: "unchecked", reason: "GitHub did not answer in time" }),
        check({ state: "unknown" }),
        check({ state: "unchecked", reason: "another" })
      ],
      "Warning: GitHub knows no user ann. To stop tracking the name: gitpip untrack ann",
      "2 names were not checked at GitHub: GitHub did not answer in time"
    ]
  ] as ReadonlyArray<readonly [ReadonlyArray<NameCheck>, ...ReadonlyArray<string>]>) {
    it(`says ${lines.length === 0 ? "nothing without an answer" : lines.join(" ")}`, () => {
      assert.deepStrictEqual(linesOf(checks), lines)
    })
  }

  it("says that rules which came with a name leave files out", () => {
    assert.deepStrictEqual(linesOf([check()], { isRuled: true }), [
      "Ann has 2 public gists. Their files are published, except those that rules leave out."
    ])
  })
})

describe("checking a list of names", () => {
  const names = Array.from({ length: 250 }, (_, n) => name(`user-${n}`))

  it.effect("a list is checked a hundred names at a time", () =>
    Effect.gen(function* () {
      const asked: Array<number> = []
      const checks = yield* checkAll(
        {
          checkNames: (some) => {
            asked.push(some.length)
            return Effect.succeed(some.map((name) => check({ name })))
          }
        },
        names
      )
      assert.deepStrictEqual(asked, [100, 100, 50])
      assert.deepStrictEqual(
        checks.map((one) => one.name),
        names
      )
    })
  )

  it.effect("a list is not checked further once none of a hundred names could be", () =>
    Effect.gen(function* () {
      let calls = 0
      const checks = yield* checkAll(
        {
          checkNames: (some) => {
            calls++
            return Effect.succeed(some.map((name) => check({ name, state: "unchecked", reason: "no room" })))
          }
        },
        names
      )
      assert.strictEqual(calls, 1)
      assert.deepStrictEqual(linesOf(checks), ["250 names were not checked at GitHub: no room"])
    })
  )

  it.effect("a server that cannot check names leaves them out", () =>
    Effect.gen(function* () {
      const checkNames = () => Effect.fail(new DatabaseError({ message: "gone" }))
      assert.deepStrictEqual(yield* checkAll({ checkNames }, names), [])
    })
  )
})

describe("the next step", () => {
  it("is the server's when a server was asked", () => {
    assert.strictEqual(nextStep({ isServer: true }), "The server checks new users within seconds.")
    assert.match(nextStep({ isServer: false }), /without one, run `gitpip scan`\.$/)
  })
})
