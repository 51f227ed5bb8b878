/** What a preview of many users says of searches. */

import { assert, describe, it } from "@effect/vitest"
import { savedBy } from "@gitpip/core"
import { showPreviews } from "../src/previews.ts"

const preview = (n: number, searchTokens: number) => ({
  login: `user-${n}`,
  gists: 1,
  files: 1,
  skipped: 0,
  activities: 1,
  deals: 1,
  leads: 0,
  tokens: 10 + searchTokens,
  searchTokens,
  days: 0,
  githubRequests: 1
})
const previews = (users: number, searchTokens: number) =>
  Array.from({ length: users }, (_, n) => preview(n, searchTokens))
const searchesOf = (users: number, searchTokens: number) =>
  showPreviews(previews(users, searchTokens), savedBy)[1]?.rows.filter(([label]) => label === "searches")

describe("the preview of many users", () => {
  it("says that a list costs less than their searches", () =>
    assert.deepStrictEqual(searchesOf(1_000, 20), [
      ["searches", "20,000 of these tokens; 1,020 at most with up to 50,000 open deals"]
    ]))
  it("says nothing of the list when few users are searched for", () => assert.deepStrictEqual(searchesOf(9, 20), []))
  it("says nothing of the list when nothing is searched for", () => assert.deepStrictEqual(searchesOf(1_000, 0), []))
})
