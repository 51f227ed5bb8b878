/** What a dry run prints. */
import { assert, describe, it } from "@effect/vitest"
import { type Preview, savedBy, type Username } from "@gitpip/core"
import { Effect } from "effect"
import { maxAsked, previewAll, showPreview, showPreviews } from "../src/previews.ts"

const preview: Preview = {
  login: "mona",
  gists: 1,
  files: 2,
  skipped: 0,
  activities: 2,
  deals: 1,
  leads: 0,
  waiting: 0,
  tokens: 65,
  searchTokens: 20,
  days: 0,
  contact: {
    person: { id: 45, name: "Mona Lisa" },
    organization: { id: null, name: "Example" },
    message: null,
    waits: false,
    tokens: 60
  },
  githubRequests: 2
}

const none = { person: null, organization: null, message: null, waits: false }

const rowsOf = (contact: Preview["contact"]) => showPreview({ ...preview, contact }).rows.slice(-4)

describe("a dry run", () => {
  it("names the person and the organization that a user's first file would name, and its cost", () => {
    assert.deepStrictEqual(rowsOf(preview.contact).slice(1), [
      ["person", "Mona Lisa (45)"],
      ["organization", "Example (new)"],
      ["first file", "at most 60 tokens"]
    ])
    const several = { ...none, person: { id: 45, name: null }, message: "Pipedrive has 2", tokens: 60 }
    assert.deepStrictEqual(rowsOf(several), [
      ["person", "45"],
      ["organization", "none"],
      ["note", "Pipedrive has 2"],
      ["first file", "at most 60 tokens"]
    ])
    assert.notInclude(JSON.stringify(rowsOf(null)), "person")
  })

  it("counts files that wait apart, and says for what", () => {
    const message = "Pipedrive has no person for mona"
    const waiting = {
      ...preview,
      activities: 0,
      deals: 0,
      waiting: 2,
      tokens: 0,
      contact: { ...none, message, waits: true, tokens: 45 }
    }
    assert.deepStrictEqual(showPreview(waiting).rows.slice(2), [
      ["waiting", "2 files would wait until you do what the note says"],
      ["Pipedrive", "0 tokens"],
      ["GitHub", "2 requests for a scan of everything"],
      ["person", "none"],
      ["organization", "none"],
      ["note", message],
      ["first file", "at most 45 tokens"]
    ])
    const [users, , all] = showPreviews([waiting, { ...preview, contact: null }], savedBy)
    assert.deepStrictEqual(users?.rows, [
      ["USER", "GISTS", "FILES", "ACTIVITIES", "DEALS", "WAITING", "TOKENS"],
      ["mona", "1", "2", "0", "0", "2", "0"],
      ["mona", "1", "2", "2", "1", "0", "65"]
    ])
    assert.deepInclude([...(all?.rows ?? [])], ["waiting", "2 files would wait until you do what the note says"])
  })

  it("says what tracking costs at most, and says zero as it is", () => {
    const costOf = (tokens: number) => showPreview({ ...preview, tokens }).rows.find(([label]) => label === "Pipedrive")
    assert.deepStrictEqual(costOf(65), ["Pipedrive", "at most 65 tokens, less than 1% of a day's 30,000"])
    assert.deepStrictEqual(costOf(0), ["Pipedrive", "0 tokens"])
  })

  it("names them in a line for each user of a list, but of those that Pipedrive was not asked about", () => {
    const tables = showPreviews([preview, { ...preview, login: "lisa", contact: null }], savedBy)
    assert.deepStrictEqual(tables[1]?.rows, [
      ["USER", "PERSON", "ORGANIZATION", "FIRST FILE", "NOTE"],
      ["mona", "Mona Lisa (45)", "Example (new)", "60", ""]
    ])
    assert.lengthOf(showPreviews([{ ...preview, contact: null }], savedBy), 2)
  })

  it.effect("asks Pipedrive about none of many users", () =>
    Effect.gen(function* () {
      for (const [count, expected] of [
        [maxAsked, true],
        [maxAsked + 1, false]
      ] as const) {
        const asked: Array<boolean | undefined> = []
        yield* previewAll(
          {
            preview: (_username, options) => {
              asked.push(options?.contact)
              return Effect.succeed(preview)
            }
          },
          Array.from({ length: count }, (_, n) => ({ username: `user-${n}` as Username, rules: {} })),
          { update: () => Effect.void, done: Effect.void }
        )
        assert.deepStrictEqual(new Set(asked), new Set([expected]))
      }
    })
  )
})

const ofUser = (n: number, searchTokens: number) => ({
  login: `user-${n}`,
  gists: 1,
  files: 1,
  skipped: 0,
  activities: 1,
  deals: 1,
  leads: 0,
  waiting: 0,
  tokens: 10 + searchTokens,
  searchTokens,
  days: 0,
  contact: null,
  githubRequests: 1
})
const previews = (users: number, searchTokens: number) =>
  Array.from({ length: users }, (_, n) => ofUser(n, searchTokens))
const searchesOf = (users: number, searchTokens: number) =>
  showPreviews(previews(users, searchTokens), savedBy)[1]?.rows.filter(([label]) => label === "searches")

describe("the preview of many users", () => {
  for (const [what, searchTokens, text] of [
    [
      "a list",
      20,
      "20,000 of these tokens. Lists replace the searches, for 1,020 tokens at most, if Pipedrive has up to 50,000 open deals and up to 50,000 persons"
    ],
    [
      "two lists",
      43,
      "43,000 of these tokens. Lists replace the searches, for 2,040 tokens at most, if Pipedrive has up to 50,000 open deals and up to 50,000 persons"
    ]
  ] as const)
    it(`says that ${what} cost less than their searches`, () =>
      assert.deepStrictEqual(searchesOf(1_000, searchTokens), [["searches", text]]))
  it("says nothing of lists when few users are searched for", () => assert.deepStrictEqual(searchesOf(9, 20), []))
  it("says nothing of lists when nothing is searched for", () => assert.deepStrictEqual(searchesOf(1_000, 0), []))
})
