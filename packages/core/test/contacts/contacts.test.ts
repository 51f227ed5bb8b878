/** The pure parts of sources of contacts. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Option, Schema } from "effect"
import { after, waitAfterFailure } from "../../src/contacts/Following.ts"
import { countOf, firstCost } from "../../src/contacts/firstCost.ts"
import { ofAccounts, ofPersons, pageNumber } from "../../src/contacts/listed.ts"
import { PastedSource, partsOf, repositoryOf, Source } from "../../src/domain/Source.ts"
import { withSlack } from "../../src/pipedrive/contacts.ts"
import { name } from "../world.ts"

const decode = Schema.decodeUnknownOption(Source)

describe("a source", () => {
  for (const text of ["org:acme", "followers:octocat", "stargazers:octocat/hello.world", "pipedrive"]) {
    it(`${text} is one`, () => assert.deepStrictEqual(decode(text), Option.some(text as Source)))
  }
  for (const text of ["", "org:", "acme", "stargazers:octocat", "stargazers:a/b/c", "followers:a b", "pipedrive:7"]) {
    it(`${JSON.stringify(text)} is none`, () => assert.isTrue(Option.isNone(decode(text))))
  }
  for (const [pasted, source] of [
    ["org:https://github.com/acme", "org:acme"],
    ["followers:@octocat", "followers:octocat"],
    [" followers:github.com/octocat/ ", "followers:octocat"],
    ["stargazers:https://github.com/octocat/hello.git", "stargazers:octocat/hello"],
    ["pipedrive", "pipedrive"],
    ["stargazers:@octocat", undefined],
    ["org:https://example.com/acme", undefined],
    ["gists:@octocat", undefined],
    ["@octocat", undefined]
  ] as const) {
    it(`in ${JSON.stringify(pasted)} is ${source ?? "none"}`, () =>
      assert.strictEqual<string | undefined>(
        Option.getOrUndefined(Schema.decodeUnknownOption(PastedSource)(pasted)),
        source
      ))
  }
  it("has a kind, and a name", () => {
    assert.deepStrictEqual(partsOf(Source.make("stargazers:a/b")), { kind: "stargazers", name: "a/b" })
    assert.deepStrictEqual(partsOf(Source.make("pipedrive")), { kind: "pipedrive", name: "" })
  })
  for (const [pasted, repository] of [
    ["octocat/hello", "octocat/hello"],
    [" https://github.com/octocat/hello.git ", "octocat/hello"],
    ["github.com/octocat/hello/stargazers?page=2", "octocat/hello"],
    ["https://www.github.com/octocat/hello/", "octocat/hello"],
    ["octocat", "octocat"]
  ] as const) {
    it(`of a repository is read from ${JSON.stringify(pasted)}`, () =>
      assert.strictEqual(repositoryOf(pasted), repository))
  }
})

describe("a page of a source", () => {
  it("begins at a page's number, and at no other text", () => {
    assert.deepStrictEqual([null, "2", "0", "x", "-1", "1e3"].map(pageNumber), [
      1,
      2,
      undefined,
      undefined,
      undefined,
      undefined
    ])
  })

  it("of a list at GitHub is followed by the next one, and by none behind the last page that GitHub shows", () => {
    const found = { accounts: [{ id: 7, login: name("ann") }], leftOut: 99, hasNext: true }
    const shown = ofAccounts(found, { page: 3, maxPages: 400 })
    assert.deepInclude(shown, { leftOut: 99, next: "4", isCut: false })
    assert.deepStrictEqual(shown.listed, [{ login: name("ann"), githubId: 7, personId: 0 }])
    assert.deepInclude(ofAccounts(found, { page: 400, maxPages: 400 }), { next: null, isCut: true })
    assert.deepInclude(ofAccounts({ ...found, leftOut: 98, hasNext: false }, { page: 400, maxPages: 400 }), {
      isCut: false
    })
  })

  it("of persons reads usernames in each form that people type, once each, and names what is none", () => {
    const persons = ["@ann", "https://github.com/bob/", "cy", "ANN", "no idea", "github.com/ann/repo"].map(
      (text, id) => ({ id, text })
    )
    const page = ofPersons({ persons, next: null, newest: "2026-01-01T00:00:00Z", cost: 10 })
    assert.deepStrictEqual(
      page.listed.map(({ login, personId }) => [login, personId]),
      [
        ["ann", 0],
        ["bob", 1],
        ["cy", 2]
      ]
    )
    assert.deepStrictEqual(page.invalid, [
      { personId: 4, text: "no idea" },
      { personId: 5, text: "github.com/ann/repo" }
    ])
  })
})

const nothing = (count: number) => Array.from({ length: count }, () => ({ gists: 0, files: 0 }))

describe("what new contacts cost at first", () => {
  for (const [state, gists, files, backfill, counted] of [
    ["found", 3, 7, "all", { gists: 3, files: 7 }],
    ["found", 3, null, "all", { gists: 3, files: 3 }],
    ["found", 3, 7, "none", { gists: 3, files: 0 }],
    ["found", null, null, "all", undefined],
    ["unknown", null, null, "all", { gists: 0, files: 0 }],
    ["organization", null, null, "all", { gists: 0, files: 0 }],
    ["unchecked", null, null, "all", undefined]
  ] as const) {
    it(`a name that is ${state}, with ${gists} gists and ${files} files, backfill ${backfill}`, () =>
      assert.deepStrictEqual(countOf({ state, gists, files }, backfill), counted))
  }
  const price = { creates: "activities", perFile: 5, perUser: 50 } as const
  for (const [title, given, cost] of [
    ["a check and a profile each when GitHub is not asked", { counts: undefined, price }, [500, null, null, null]],
    [
      "an unknown sum when GitHub did not say of one",
      { counts: [...nothing(249), undefined], price },
      [253, null, null, null]
    ],
    [
      "a query for a hundred, a profile each, a read of each gist, and tokens for those with files",
      {
        counts: [{ gists: 3, files: 7 }, { gists: 1, files: 1 }, ...nothing(248)],
        price
      },
      [3 + 250 + 4, 4, 8, 8 * 5 + 2 * 50]
    ],
    [
      "no tokens when rules leave all files out",
      { counts: [{ gists: 3, files: 0 }, ...nothing(249)], price },
      [253, 3, 0, 0]
    ],
    [
      "no tokens without a price",
      { counts: [{ gists: 3, files: 3 }, ...nothing(249)], price: undefined },
      [256, 3, 3, 0]
    ]
  ] as const) {
    it(title, () => {
      const { files, gists, githubRequests, tokens } = firstCost(250, given)
      assert.deepStrictEqual<ReadonlyArray<number | null>>([githubRequests, gists, files, tokens], cost)
    })
  }
})

describe("the position of persons that are followed", () => {
  const start = { next: null, changedSince: null, newest: null }
  it("goes on page by page, and the next reading begins at the latest change", () => {
    const second = after(start, { next: "b", newest: "t1" })
    assert.deepStrictEqual(second, { next: "b", changedSince: null, newest: "t1" })
    const third = after(second, { next: "c", newest: "t2" })
    assert.deepStrictEqual(after(third, { next: null, newest: null }), {
      next: null,
      changedSince: "t2",
      newest: null
    })
  })
  it("stays when nothing has changed, and never leads to itself", () => {
    const known = { ...start, changedSince: "t1" }
    assert.deepStrictEqual(after(known, { next: null, newest: null }), known)
    assert.strictEqual(after({ ...start, next: "b" }, { next: "b", newest: "t1" }).next, null)
  })
  it("is asked for with some time before it, in whole seconds", () => {
    assert.strictEqual(withSlack("2026-01-01T01:00:00.123Z"), "2026-01-01T00:50:00Z")
    assert.isUndefined(withSlack("yesterday"))
  })
  it("waits after a failure until the limit ends, and at least as after an outage", () => {
    const now = DateTime.makeUnsafe(0)
    const wait = (failures: number, retryAt: number | null) =>
      Duration.toSeconds(
        waitAfterFailure({ retryAt: retryAt === null ? null : DateTime.makeUnsafe(retryAt) }, { failures, now })
      )
    assert.deepStrictEqual([wait(1, null), wait(2, null), wait(1, 3_600_000), wait(9, 1_000)], [30, 60, 3_600, 900])
  })
})
