/** What `track` says about the accounts of a source. */
import { assert, describe, it } from "@effect/vitest"
import * as core from "@gitpip/core"
import { type ContactPage, Source, Username } from "@gitpip/core"
import { Option, Result } from "effect"
import { add, type Contacts, remarksOn, showPreview, showTracked } from "../src/contacts.ts"
import { countOf, sourceOf, titleOf } from "../src/sources.ts"

const source = Source.make("followers:octocat")
const none: Contacts = {
  source,
  contacts: [],
  new: 0,
  tracked: 0,
  untracked: 0,
  forgotten: 0,
  organizations: 0,
  unknown: 0,
  leftOut: 0,
  invalid: [],
  isCut: false,
  githubRequests: 0,
  tokens: 0,
  first: null
}
const contact = (login: string, state: ContactPage["contacts"][number]["state"], personId: number | null = null) => ({
  login: Username.make(login),
  personId,
  state
})
const page = (fields: Partial<ContactPage>): ContactPage => ({
  source,
  contacts: [],
  leftOut: 0,
  invalid: [],
  next: null,
  isCut: false,
  githubRequests: 1,
  tokens: 0,
  first: null,
  ...fields
})

describe("the pages of a source add up", () => {
  const first = page({
    contacts: [contact("ann", "new"), contact("bob", "tracked"), contact("cy", "untracked")],
    leftOut: 2,
    first: { githubRequests: 1, gists: 3, files: 2, tokens: 60 }
  })
  const all = add(
    add(none, first),
    page({ ...first, contacts: [contact("dee", "forgotten"), contact("acme", "organization", 9)], isCut: true })
  )

  it("to counts by state and costs", () => {
    const { contacts, ...sums } = all
    assert.strictEqual(contacts.length, 5)
    assert.deepStrictEqual(sums, {
      source,
      new: 1,
      tracked: 1,
      untracked: 1,
      forgotten: 1,
      organizations: 1,
      unknown: 0,
      leftOut: 4,
      invalid: [],
      isCut: true,
      githubRequests: 2,
      tokens: 0,
      first: { githubRequests: 2, gists: 6, files: 4, tokens: 120 }
    })
  })

  it("to a table of what tracking would cost", () => {
    assert.deepStrictEqual(showPreview(all).rows, [
      ["source", "followers of octocat"],
      ["accounts", "5 accounts"],
      ["new", "1"],
      ["tracked", "1"],
      ["left out", "4 organizations or bots"],
      ["", "1 user whom somebody untracked"],
      ["", "1 user whom somebody forgot"],
      ["", "1 person whose field names an organization"],
      ["at first", "6 public gists of the new accounts"],
      ["", "about 4 files to publish"],
      ["", "about 120 tokens of Pipedrive, less than 1% of a day's 30,000"],
      ["", "about 2 requests to GitHub"],
      ["this list", "2 requests to GitHub"]
    ])
  })

  it("to a table of what was tracked", () => {
    assert.deepStrictEqual(showTracked({ ...none, new: 1_000, tracked: 2 }).rows, [
      ["source", "followers of octocat"],
      ["tracked now", "1,000 users"],
      ["tracked before", "2 users"]
    ])
  })

  it("and remarks say what is left out, and what to fix", () => {
    assert.deepStrictEqual(remarksOn(none), [])
    const wrong = {
      ...all,
      contacts: [contact("octcat", "unknown", 7), contact("acme", "organization", 9)],
      unknown: 1,
      invalid: [{ personId: 8, text: "?" }]
    }
    assert.deepStrictEqual(remarksOn(wrong), [
      "GitHub shows no more than 40,000 accounts of this list. Those behind them are left out.",
      "No list brings back users whom somebody untracked or forgot. To track one again: gitpip track USERNAME",
      "Fix the field of these persons in Pipedrive: 7 (octcat), 9 (acme, an organization), 8 (?)"
    ])
  })
})

describe("the flags of a source", () => {
  const off = { org: Option.none(), followersOf: Option.none(), stargazers: Option.none(), pipedrive: false }
  for (const [typed, wanted, title] of [
    [{ ...off, org: Option.some("@acme") }, "org:acme", "public members of acme"],
    [{ ...off, followersOf: Option.some("https://github.com/octocat") }, "followers:octocat", "followers of octocat"],
    [{ ...off, stargazers: Option.some("github.com/a/b.git") }, "stargazers:a/b", "stargazers of a/b"],
    [{ ...off, pipedrive: true }, "pipedrive", "persons in Pipedrive"]
  ] as const) {
    it(`name ${title}`, () => {
      assert.strictEqual(countOf(typed), 1)
      const found = sourceOf(core, typed)
      assert.deepStrictEqual(found, Result.succeed(Source.make(wanted)))
      assert.strictEqual(titleOf(Source.make(wanted)), title)
    })
  }
  it("may be left out", () => assert.deepStrictEqual(sourceOf(core, off), Result.succeed(undefined)))
})
