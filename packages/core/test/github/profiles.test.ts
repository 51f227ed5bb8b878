/** What counts as a profile's field, and what a field in an unknown form does. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  type BatchProfile,
  fingerprintOf,
  isAboutProfile,
  readBatchProfile,
  refusesProfiles
} from "../../src/github/profiles.ts"
import { newest, readNewest } from "../../src/github/queries.ts"

const wire = {
  name: "Mona Lisa",
  company: "@github",
  location: "San Francisco",
  websiteUrl: "https://github.blog",
  bio: "I chase bugs",
  createdAt: "2008-01-14T04:33:35Z"
}
const read: BatchProfile = {
  name: "Mona Lisa",
  company: "@github",
  location: "San Francisco",
  website: "https://github.blog",
  bio: "I chase bugs",
  accountCreatedAt: "2008-01-14T04:33:35.000Z"
}

describe("a profile of a batch", () => {
  const cases: ReadonlyArray<readonly [string, object, Partial<BatchProfile>]> = [
    ["is read field by field", {}, {}],
    ["has no name when the name is null", { name: null }, { name: null }],
    ["has no name when the name is empty", { name: "  \n" }, { name: null }],
    ["has no name when the name is a number", { name: 7 }, { name: null }],
    ["has a bio on one line without control characters", { bio: "a\r\n\u0007b\u0000 c" }, { bio: "a b c" }],
    ["has a name without a lone surrogate", { name: "a\ud800" }, { name: "a\ufffd" }],
    ["has a name of at most 200 characters", { name: "x".repeat(1_000_000) }, { name: "x".repeat(200) }],
    ["has no age when the time of the account is unreadable", { createdAt: "soon" }, { accountCreatedAt: null }],
    ["has no website when the address is an object", { websiteUrl: {} }, { website: null }]
  ]
  for (const [title, change, expected] of cases) {
    it(`a profile of a batch ${title}`, () =>
      assert.deepStrictEqual(readBatchProfile({ ...wire, ...change }, []), { ...read, ...expected }))
  }

  it("a profile of a batch is none when a field was not asked for, or GitHub names a field in an error", () => {
    const { bio: _, ...without } = wire
    assert.isUndefined(readBatchProfile(without, []))
    assert.isUndefined(readBatchProfile(null, []))
    assert.isUndefined(readBatchProfile({ ...wire, name: null }, [{ message: "no", path: ["u0", "name"] }]))
  })

  it("a profile's fingerprint changes with each of its fields", () => {
    const prints = Object.keys(read).map((key) => fingerprintOf({ ...read, [key]: "other" }))
    assert.strictEqual(new Set([fingerprintOf(read), ...prints]).size, 7)
  })
})

describe("an error about a profile's field", () => {
  it("an error is about a profile when its path ends at one of the profile's fields", () => {
    assert.isTrue(isAboutProfile({ path: ["u0", "company"] }))
    assert.isFalse(isAboutProfile({ path: ["u0"] }))
    assert.isFalse(isAboutProfile({ path: ["u0", "gists"] }))
    assert.isFalse(isAboutProfile({ path: ["u0", "gists", "nodes"] }))
  })

  it("a refusal of a query is one of profiles when it names one of their fields", () => {
    const refuses = (message: string, path: ReadonlyArray<unknown> = []) =>
      refusesProfiles({ errors: [{ message, path }] })
    assert.isTrue(refuses("Field 'bio' doesn't exist on type 'User'"))
    assert.isTrue(refuses("no", ["fragment Newest", "company"]))
    assert.isFalse(refuses("Field 'gists' doesn't exist on type 'User'"))
    assert.isFalse(refuses("Something went wrong"))
  })

  it("a user whose profile fails is read as before, with and without an error's type", () => {
    const user = {
      ...wire,
      databaseId: 7,
      login: "ann",
      gists: { totalCount: 0, pageInfo: { hasNextPage: false }, nodes: [] }
    }
    for (const type of ["FORBIDDEN", undefined]) {
      const errors = [{ type, message: "no", path: ["u0", "bio"] }]
      const [found] = Result.getOrThrow(
        readNewest(["ann"], { data: { u0: { ...user, bio: null } }, errors, seconds: 1 })
      )
      assert.isTrue(found !== undefined && found !== "unanswered" && Result.isSuccess(found))
      assert.isUndefined(found !== "unanswered" && found && Result.getOrThrow(found).profile)
    }
  })

  it("a query without profiles names none of their fields", () => {
    assert.include(newest(["ann"]).document, "websiteUrl")
    assert.notMatch(newest(["ann"], { withProfiles: false }).document, /websiteUrl|company|bio/)
  })
})
