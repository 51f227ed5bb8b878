/** What the page says about a list of accounts. */
import { assert, describe, it } from "@effect/vitest"
import type { ContactPageJson } from "../../src/client/api.js"
import {
  add,
  costWords,
  countedWords,
  noSums,
  remarks,
  type Sums,
  sourceOf,
  titleOf,
  trackedListWords
} from "../../src/client/list.js"

const page = (fields: Partial<ContactPageJson>): ContactPageJson => ({
  source: "org:acme",
  contacts: [],
  left_out: 0,
  invalid: [],
  next: null,
  is_cut: false,
  github_requests: 1,
  tokens: 0,
  first: null,
  ...fields
})
const contact = (
  login: string,
  state: ContactPageJson["contacts"][number]["state"],
  person_id: number | null = null
) => ({
  login,
  person_id,
  state
})
const first = { github_requests: 1, gists: 3, files: 4, tokens: 70 }
const counted: Sums = [
  page({ contacts: [contact("ann", "new"), contact("bob", "tracked")], left_out: 1, first }),
  page({ contacts: [contact("cy", "new")], first })
].reduce(add, noSums)

describe("a list on the page", () => {
  for (const [kind, name, source, title] of [
    ["org", " acme ", "org:acme", "public members of acme"],
    ["followers", "@ann", "followers:@ann", "followers of @ann"],
    ["stargazers", "ann/x", "stargazers:ann/x", "stargazers of ann/x"],
    ["pipedrive", "", "pipedrive", "persons in Pipedrive"]
  ] as const) {
    it(`is the source ${source}: ${title}`, () =>
      assert.deepStrictEqual([sourceOf(kind, name), titleOf(source)], [source, title]))
  }

  it("adds up page by page", () => {
    assert.deepInclude(counted, {
      accounts: 3,
      leftOut: 1,
      first: { github_requests: 2, gists: 6, files: 8, tokens: 140 }
    })
    assert.deepInclude(counted.states, { new: 2, tracked: 1 })
    const unasked = add(counted, page({ first: { github_requests: 5, gists: null, files: null, tokens: null } }))
    assert.deepStrictEqual(unasked.first, { github_requests: 7, gists: null, files: null, tokens: null })
    assert.deepStrictEqual(add(counted, page({})).first, counted.first)
  })

  for (const [words, expected] of [
    [countedWords(counted), "3 accounts: 2 new, 1 tracked already."],
    [trackedListWords(counted), "2 users tracked now, 1 tracked before."],
    [
      costWords(counted),
      "The new accounts have 6 public gists, with about 8 files to publish. At first, tracking them costs about 140 tokens of Pipedrive and about 2 requests to GitHub."
    ],
    [
      costWords({ ...counted, first: { github_requests: 2, gists: null, files: null, tokens: null } }),
      "Public gists cannot be counted without GITHUB_TOKEN, or while GitHub does not answer. At first, tracking them costs at least 2 requests to GitHub."
    ],
    [costWords(noSums), null]
  ] as const) {
    it(`says ${expected ?? "nothing about the cost of nobody"}`, () => assert.strictEqual(words, expected))
  }

  for (const [title, pages, expected] of [
    ["nothing beside the counts", [page({})], []],
    [
      "who is left out",
      [page({ left_out: 2, contacts: [contact("ann", "untracked"), contact("bob", "forgotten")] })],
      [
        "Left out: 2 organizations or bots, 1 user whom somebody untracked, 1 user whom somebody forgot.",
        "To track such a user again, enter the name above."
      ]
    ],
    [
      "which persons to fix",
      [
        page({
          contacts: [contact("octoct", "unknown", 3), contact("acme", "organization", 4)],
          invalid: [{ person_id: 5, text: "?" }]
        })
      ],
      ["Fix the field of these persons in Pipedrive: 3 (octoct), 4 (acme, an organization), 5 (?)."]
    ],
    [
      "that GitHub cuts the list",
      [page({ is_cut: true }), page({})],
      ["GitHub shows no more than 40,000 accounts of this list. Those behind them are left out."]
    ]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<ContactPageJson>, ReadonlyArray<string>]>) {
    it(`says ${title}`, () => assert.deepStrictEqual(remarks(pages.reduce(add, noSums)), expected))
  }
})
