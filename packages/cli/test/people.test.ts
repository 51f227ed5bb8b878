/** What the commands about one person print. */
import { assert, describe, it } from "@effect/vitest"
import type { Forgotten, UserDetails } from "@gitpip/core"
import { UserId, Username } from "@gitpip/core"
import { DateTime } from "effect"
import { show } from "../src/commands/forget.ts"
import { detailsOf } from "../src/commands/users.ts"

const mona = Username.make("mona")

describe("the report of forget", () => {
  const nothing: Forgotten = {
    login: mona,
    files: 0,
    hashes: 0,
    activities: [],
    deals: [],
    leads: [],
    persons: [],
    chosenDeals: [],
    chosenPersons: [],
    organizations: [],
    unconfirmed: [],
    wasForgotten: false
  }

  it("the report says that nothing stands in Pipedrive when no file was sent", () =>
    assert.deepStrictEqual(show({ ...nothing, files: 1 }), [
      "Erased everything that was stored about mona: 1 file",
      "Nothing about this user stands in Pipedrive"
    ]))

  it("the report says that items from before an earlier forgetting may stand in Pipedrive", () => {
    const earlier =
      "mona was forgotten before, and tracked again. What was published before that may stand in Pipedrive still, under numbers that are not on record any more: search Pipedrive for mona"
    assert.deepStrictEqual(show({ ...nothing, wasForgotten: true }), [
      "Erased everything that was stored about mona: 0 files",
      "Nothing in Pipedrive is on record of this user",
      earlier
    ])
    assert.strictEqual(show({ ...nothing, persons: [8], wasForgotten: true }).at(-1), earlier)
  })

  it("the report numbers the deals, activities, persons and organizations that stand in Pipedrive, and names what may", () =>
    assert.deepStrictEqual(
      show({
        ...nothing,
        files: 3,
        hashes: 2,
        activities: [4, 5],
        deals: [6],
        leads: ["adf21080-0e10-11eb-879b-05d71fb426ec"],
        persons: [8],
        organizations: [9],
        unconfirmed: [
          { item: "deal", about: "mona" },
          { item: "person", about: "mona" },
          { item: "organization", about: "mona" },
          { item: "lead", about: "https://y.example" },
          { item: "activity", about: "https://x.example" }
        ]
      }),
      [
        "Erased everything that was stored about mona: 3 files, of which 2 left a keyed hash",
        "Still in Pipedrive, found or created by Gitpip; delete there what must go:",
        "  1 deal: 6",
        "  2 activities: 4, 5",
        "  1 lead: adf21080-0e10-11eb-879b-05d71fb426ec",
        "  1 person: 8",
        "  1 organization: 9",
        "  perhaps a deal about mona",
        "  perhaps a person about mona",
        "  perhaps an organization about mona",
        "  perhaps a lead about https://y.example",
        "  perhaps an activity about https://x.example",
        converted
      ]
    ))

  const converted =
    "A lead that a person has converted is a deal now, under a number that Gitpip does not know: search Pipedrive for deals with mona in the title"

  for (const [title, found, isNamed] of [
    ["a lead", { leads: ["adf21080-0e10-11eb-879b-05d71fb426ec"] }, true],
    ["a lead that was never confirmed", { unconfirmed: [{ item: "lead" as const, about: "https://x.example" }] }, true],
    ["deals and activities alone", { deals: [1], activities: [2] }, false]
  ] as const) {
    it(`the report of ${title} ${isNamed ? "says" : "does not say"} that a lead may be a deal now`, () =>
      assert.strictEqual(show({ ...nothing, ...found }).includes(converted), isNamed))
  }

  it("the report names a deal and a person that a person chose apart, and does not propose to delete them", () =>
    assert.deepStrictEqual(show({ ...nothing, chosenDeals: [4], chosenPersons: [7] }), [
      "Erased everything that was stored about mona: 0 files",
      "Chosen by a person for this user, and not by Gitpip; it may hold other work:",
      "  1 deal: 4",
      "  1 person: 7"
    ]))
})

describe("a user's details", () => {
  const at = DateTime.makeUnsafe(0)
  const details: UserDetails = {
    user: {
      login: mona,
      id: UserId.make(7),
      githubId: null,
      state: "new",
      trackedAt: at,
      checkedAt: null,
      failures: 0,
      retryAt: null,
      errorReason: null,
      errorMessage: null
    },
    profile: null,
    dealId: null,
    isDealChosen: false,
    personId: null,
    isPersonChosen: false,
    unusedChoices: [],
    rules: { include: null, exclude: null, languages: null, maxFileSize: null, forks: null },
    counts: { files: 0, pending: 0, sending: 0, published: 0, failed: 0, gone: 0, skipped: 0 }
  }
  const labels = (of: UserDetails) => detailsOf(of).rows.map(([label]) => label)

  it("a user's details say that the profile was not read yet", () =>
    assert.deepStrictEqual(labels(details), ["user", "profile", "state", "tracked", "scanned", "files"]))

  it("a user's details say why a choice does not count", () =>
    assert.deepInclude(detailsOf({ ...details, unusedChoices: ["The deal does not count"] }).rows, [
      "note",
      "The deal does not count"
    ]))

  it("a user's details show what is public, and leave out what is not", () => {
    const profile = {
      name: "Mona",
      email: "mona@example.com",
      company: null,
      location: null,
      website: null,
      bio: null,
      accountCreatedAt: at
    }
    assert.deepStrictEqual(labels({ ...details, profile, dealId: 3 }), [
      "user",
      "name",
      "e-mail",
      "at GitHub since",
      "state",
      "tracked",
      "scanned",
      "files",
      "deal"
    ])
  })
})
