/** When a profile is read, and whose profile is stored. */
import { assert, describe, it } from "@effect/vitest"
import { changedProfiles } from "../../src/detect/checkBatch.ts"
import { hasRoomForProfile, isOwn } from "../../src/detect/Profiles.ts"
import { UserKey } from "../../src/domain/User.ts"
import { type BatchProfile, profileFingerprint } from "../../src/github/Github.ts"

const hour = 3_600_000

describe("the room for a profile", () => {
  const cases = [
    ["before GitHub has reported a limit", undefined, 0, true],
    ["with the whole hour left", { limit: 60, remaining: 60, resetAt: hour }, 0, true],
    ["with half of the hour spent at its beginning", { limit: 60, remaining: 30, resetAt: hour }, 0, false],
    ["with a third left for the last quarter of the hour", { limit: 60, remaining: 20, resetAt: hour / 4 }, 0, true],
    ["with nothing left", { limit: 60, remaining: 0, resetAt: 1 }, 0, false],
    ["with the points of a token nearly spent", { limit: 5_000, remaining: 2_400, resetAt: hour }, 0, false],
    ["after the hour's end", { limit: 60, remaining: 0, resetAt: 0 }, 0, true],
    ["while requests are blocked", { limit: 60, remaining: 60, resetAt: hour }, 1, false]
  ] as const
  for (const [title, budget, blockedUntil, expected] of cases) {
    it(`there is ${expected ? "" : "no "}room for a profile ${title}`, () =>
      assert.strictEqual(hasRoomForProfile({ budget, blockedUntil }, 0), expected))
  }
})

describe("whose profile it is", () => {
  it("a profile belongs to the tracked account, or to any account while the account's number is unknown", () => {
    const page = (id: number) => ({ account: { id, login: "ann" } })
    assert.isTrue(isOwn({ githubId: 7 }, page(7)))
    assert.isTrue(isOwn({ githubId: null }, page(7)))
    assert.isFalse(isOwn({ githubId: 7 }, page(8)))
  })

  const profile: BatchProfile = {
    name: "Mona",
    company: null,
    location: null,
    website: null,
    bio: null,
    accountCreatedAt: null
  }
  const newest = (id: number) => [{ owner: { id, login: "ann" }, profile }]
  const user = { key: UserKey.make(1), githubId: 7, profileFingerprint: null }

  it("a batch's profile is stored when the stored one is another, of the user's own account", () => {
    const fingerprint = profileFingerprint(profile)
    assert.deepStrictEqual(changedProfiles([user], newest(7)), [{ ...profile, userKey: user.key, fingerprint }])
    assert.deepStrictEqual(changedProfiles([{ ...user, profileFingerprint: fingerprint }], newest(7)), [])
    assert.deepStrictEqual(changedProfiles([user], newest(8)), [])
    assert.deepStrictEqual(changedProfiles([user], [undefined]), [])
    assert.deepStrictEqual(changedProfiles([user], [{ owner: { id: 7, login: "ann" }, profile: undefined }]), [])
  })
})
