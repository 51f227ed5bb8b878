/** What a batch's answer proves about a user, case by case. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { afterGists, fingerprintOf, isAsNew, type ShownByBatch, verdictOf } from "../../src/detect/verdict.ts"
import { fileIdentity, type ListedFile } from "../../src/domain/GistFile.ts"
import { UserKey } from "../../src/domain/User.ts"
import type { BatchGist, NewestGists } from "../../src/github/Github.ts"
import type { ScanUser } from "../../src/store/Checks.ts"

const file = (gistId: string, filename = "a.md"): ListedFile => ({
  gistId,
  filename,
  htmlUrl: `https://gist.github.com/${gistId}`,
  rawUrl: null,
  description: null,
  language: null,
  type: null,
  size: 1,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z"
})

const gist = (gistId: string, more: Partial<BatchGist> = {}): BatchGist => ({
  node: gistId,
  gistId,
  files: [file(gistId)],
  complete: true,
  small: true,
  updatedAt: "2026-01-01T00:00:00Z",
  ...more
})

/** Three gists, all shown. */
const shown: NewestGists = {
  owner: { id: 7, login: "ann" },
  total: 3,
  gists: [gist("c"), gist("b"), gist("a")],
  complete: true,
  fingerprint: "x",
  profile: undefined
}
/** The newest three of twenty. */
const newest: NewestGists = { ...shown, total: 20, complete: false }

const checked: ScanUser = {
  key: UserKey.make(1),
  username: "ann",
  githubId: 7,
  etag: '"1"',
  pages: 1,
  listedAt: DateTime.makeUnsafe(0),
  isListingDue: false,
  failures: 0,
  fingerprint: "3 w",
  isNew: false,
  profileFingerprint: null
}
const unchecked: ScanUser = {
  ...checked,
  githubId: null,
  etag: null,
  pages: 0,
  listedAt: null,
  isListingDue: true,
  fingerprint: null
}
const user = (more: Partial<ScanUser>): ScanUser => ({ ...checked, ...more })

const cases: ReadonlyArray<{
  readonly when: string
  readonly user: ScanUser
  readonly newest: NewestGists | undefined
  /** Gists that are stored. */
  readonly stored: ReadonlyArray<string>
  readonly verdict: string
}> = [
  { when: "nobody is shown", user: checked, newest: undefined, stored: [], verdict: "list" },
  { when: "another account has the name", user: user({ githubId: 8 }), newest: shown, stored: [], verdict: "list" },
  { when: "the account's number is not known yet", user: unchecked, newest: shown, stored: [], verdict: "new: c b a" },
  { when: "nothing has changed", user: user({ fingerprint: "3 x" }), newest: shown, stored: [], verdict: "unchanged" },
  {
    when: "the number of gists has changed",
    user: user({ fingerprint: "4 x" }),
    newest: shown,
    stored: ["a", "b", "c"],
    verdict: "new:"
  },
  { when: "a gist is new and all are shown", user: checked, newest: shown, stored: ["a", "b"], verdict: "new: c" },
  {
    when: "a gist is not shown whole",
    user: checked,
    newest: { ...shown, gists: [gist("c", { complete: false })] },
    stored: ["c"],
    verdict: "list"
  },
  { when: "there are no gists", user: checked, newest: { ...shown, total: 0, gists: [] }, stored: [], verdict: "new:" },
  { when: "gists are hidden from a first check", user: unchecked, newest, stored: [], verdict: "full list" },
  {
    when: "gists are hidden and a full listing is due",
    user: user({ isListingDue: true, fingerprint: "20 x" }),
    newest,
    stored: [],
    verdict: "list"
  },
  {
    when: "gists are hidden and nothing has changed",
    user: user({ fingerprint: "20 x" }),
    newest,
    stored: [],
    verdict: "unchanged"
  },
  {
    when: "as many gists have come as are shown as new",
    user: user({ fingerprint: "18 w" }),
    newest,
    stored: ["a"],
    verdict: "new: c b"
  },
  {
    when: "more gists have come than are shown as new",
    user: user({ fingerprint: "17 w" }),
    newest,
    stored: ["a"],
    verdict: "full list"
  },
  {
    when: "gists are hidden and the last shown one is new",
    user: user({ fingerprint: "20 w" }),
    newest,
    stored: ["b", "c"],
    verdict: "list"
  },
  {
    when: "gists are hidden and none is shown",
    user: user({ fingerprint: "20 w" }),
    newest: { ...newest, gists: [] },
    stored: [],
    verdict: "list"
  },
  {
    when: "gists are hidden and none has a file",
    user: user({ fingerprint: "20 w" }),
    newest: { ...newest, gists: [gist("a", { files: [] })] },
    stored: [],
    verdict: "new:"
  },
  {
    when: "gists are hidden and no fingerprint is known",
    user: user({ fingerprint: null }),
    newest,
    stored: ["a"],
    verdict: "new: c b"
  },
  {
    when: "the user failed before",
    user: user({ failures: 3, fingerprint: "3 x" }),
    newest: shown,
    stored: [],
    verdict: "unchanged"
  }
]

describe("a batch", () => {
  for (const { newest, stored, user, verdict, when } of cases) {
    it(`a batch means "${verdict}" when ${when}`, () => {
      const found = verdictOf(user, newest, new Set(stored.map((gistId) => fileIdentity(gistId, "a.md"))))
      const text = {
        Unchanged: () => "unchanged",
        List: () => (found._tag === "List" && found.isFullListing ? "full list" : "list"),
        Changed: () => ["new:", ...(found._tag === "Changed" ? found.files.map(({ gistId }) => gistId) : [])].join(" ")
      }[found._tag]()
      assert.strictEqual(text, verdict)
    })
  }

  it("a batch brings a file that is new in a stored gist", () => {
    const gists = [gist("c", { files: [file("c"), file("c", "b.md")] }), gist("b"), gist("a")]
    const stored = new Set(["a", "b", "c"].map((gistId) => fileIdentity(gistId, "a.md")))
    const found = verdictOf(checked, { ...shown, gists }, stored)
    assert.deepStrictEqual(found._tag === "Changed" && found.files.map(({ filename }) => filename), ["b.md"])
  })

  it("a batch gives a list no fingerprint of another account", () => {
    const found = verdictOf(user({ githubId: 8 }), shown, new Set())
    assert.deepInclude(found, { _tag: "List", batch: null })
  })
})

describe("a list after a batch", () => {
  const orderOf = (user: ScanUser, newest: NewestGists, stored: ReadonlyArray<string>) => {
    const verdict = verdictOf(user, newest, new Set(stored.map((gistId) => fileIdentity(gistId, "a.md"))))
    return verdict._tag === "List" ? verdict.batch : null
  }
  const wide = gist("c", { complete: false, updatedAt: "2026-01-02T00:00:00Z" })
  const part = { gistId: "c", updatedAt: "2026-01-02T00:00:00Z" }

  it("a list has to show what the batch showed as new, and gists of which the batch showed a part", () =>
    assert.deepStrictEqual(orderOf(checked, { ...shown, gists: [wide, gist("b"), gist("a")] }, ["a"]), {
      fingerprint: "3 x",
      files: [file("c"), file("b")],
      parts: [part]
    }))

  it("a list that is due has to show nothing that an unchanged batch showed", () =>
    assert.deepStrictEqual(
      orderOf(user({ isListingDue: true, fingerprint: "20 x" }), { ...newest, gists: [wide] }, []),
      { fingerprint: "20 x", files: [], parts: [] }
    ))

  const lists: ReadonlyArray<{
    readonly when: string
    readonly batch: Partial<ShownByBatch>
    readonly files: ReadonlyArray<string>
    readonly changes: ReadonlyArray<readonly [string, string]>
    readonly expected: boolean
  }> = [
    { when: "the batch showed nothing new", batch: {}, files: [], changes: [], expected: true },
    { when: "it shows the new file", batch: { files: [file("c")] }, files: ["c"], changes: [], expected: true },
    { when: "it lacks the new gist", batch: { files: [file("c")] }, files: ["b"], changes: [], expected: false },
    {
      when: "it lacks one of two",
      batch: { files: [file("c"), file("b")] },
      files: ["c"],
      changes: [],
      expected: false
    },
    {
      when: "it lacks a file of a gist that it shows",
      batch: { files: [file("c"), file("c", "b.md")] },
      files: ["c"],
      changes: [["c", part.updatedAt]],
      expected: false
    },
    {
      when: "it shows an earlier state of a gist with more files",
      batch: { parts: [part] },
      files: [],
      changes: [["c", "2026-01-01T23:59:59Z"]],
      expected: false
    },
    {
      when: "it shows the same state of a gist with more files",
      batch: { parts: [part] },
      files: [],
      changes: [["c", part.updatedAt]],
      expected: true
    },
    {
      when: "a gist with more files, all shown ones stored, is on a later page",
      batch: { parts: [part] },
      files: [],
      changes: [["a", "2026-01-01T00:00:00Z"]],
      expected: true
    }
  ]
  for (const { batch, changes, expected, files, when } of lists) {
    it(`a list ${expected ? "confirms" : "does not confirm"} the batch when ${when}`, () => {
      const list = { files: new Set(files.map((id) => fileIdentity(id, "a.md"))), changes: new Map(changes) }
      assert.strictEqual(isAsNew({ fingerprint: "3 x", files: [], parts: [], ...batch }, list), expected)
    })
  }
})

describe("a fingerprint", () => {
  it("a fingerprint begins with the number of gists", () => assert.strictEqual(fingerprintOf(newest), "20 x"))

  it("a fingerprint counts the gists that a list has brought", () => {
    assert.strictEqual(afterGists("20 x 1", 3), "23 x 1")
    assert.strictEqual(afterGists("20 x 1", 0), "20 x 1")
  })
})
