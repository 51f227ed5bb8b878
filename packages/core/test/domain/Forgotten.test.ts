import { assert, describe, it } from "@effect/vitest"
import { inPipedrive, type Sent, withoutShared } from "../../src/domain/Forgotten.ts"

describe("what stands in Pipedrive of a forgotten user", () => {
  const nothing: Sent = {
    login: "ann",
    files: [],
    targets: [],
    deal: { id: null, isSent: false, isChosen: false },
    person: { id: null, isSent: false, isChosen: false },
    replaced: { deals: [], persons: [] },
    organization: { id: null, isSent: false }
  }
  const none = {
    activities: [],
    deals: [],
    leads: [],
    persons: [],
    chosenDeals: [],
    chosenPersons: [],
    organizations: [],
    unconfirmed: [],
    hashes: 0
  }
  const activity = { remoteId: "7", target: "3", htmlUrl: "https://x.example/7" }
  const uuid = "adf21080-0e10-11eb-879b-05d71fb426ec"
  const lead = { remoteId: uuid, target: "person:45", htmlUrl: "https://x.example/9" }
  const deal = { remoteId: "8", target: "", htmlUrl: "https://x.example/8" }

  for (const [title, sent, expected] of [
    ["nothing stands there when nothing was sent", {}, {}],
    [
      "a deal and a person that a choice replaced stand there, and the chosen ones apart",
      {
        deal: { id: 3, isSent: false, isChosen: true },
        person: { id: 4, isSent: false, isChosen: true },
        replaced: { deals: [3, 5], persons: [4, 6] }
      },
      { deals: [5], persons: [6], chosenDeals: [3], chosenPersons: [4] }
    ],
    ["a file with a target is an activity", { files: [activity] }, { activities: [7], hashes: 1 }],
    ["a file with an empty target is a deal", { files: [deal] }, { deals: [8], hashes: 1 }],
    ["a file with a person as its target is a lead", { files: [lead] }, { leads: [uuid], hashes: 1 }],
    [
      "a lead that was found as a deal is that deal",
      { files: [{ ...lead, remoteId: "deal:12" }], targets: ["person:45"] },
      { deals: [12], hashes: 1 }
    ],
    [
      "a lead that is not confirmed may stand there",
      { files: [{ ...lead, remoteId: null }], targets: ["person:45"] },
      { unconfirmed: [{ item: "lead", about: lead.htmlUrl }], hashes: 1 }
    ],
    [
      "a file of an older database, without a target, is an activity",
      { files: [{ ...activity, target: null }] },
      { activities: [7], hashes: 1 }
    ],
    [
      "files that are not confirmed are named by their addresses, activity or deal",
      {
        files: [
          { ...activity, remoteId: null },
          { ...deal, remoteId: null }
        ]
      },
      {
        unconfirmed: [
          { item: "activity", about: activity.htmlUrl },
          { item: "deal", about: deal.htmlUrl }
        ],
        hashes: 2
      }
    ],
    [
      "the present deal comes before replaced ones, each once",
      { deal: { id: 5, isSent: false, isChosen: false }, targets: ["5", "3"] },
      { deals: [5, 3] }
    ],
    [
      "a user's deal that is not confirmed may stand there",
      { deal: { id: null, isSent: true, isChosen: false } },
      { unconfirmed: [{ item: "deal", about: "ann" }] }
    ],
    [
      "an earlier deal stands there beside one that is not confirmed",
      { deal: { id: null, isSent: true, isChosen: false }, targets: ["3"] },
      { deals: [3], unconfirmed: [{ item: "deal", about: "ann" }] }
    ],
    [
      "a person who is found or created stands there",
      { person: { id: 9, isSent: false, isChosen: false } },
      { persons: [9] }
    ],
    [
      "a person who is not confirmed may stand there",
      { person: { id: null, isSent: true, isChosen: false } },
      { unconfirmed: [{ item: "person", about: "ann" }] }
    ],
    [
      "an organization that is found or created for the company stands there",
      { organization: { id: 4, isSent: false } },
      { organizations: [4] }
    ],
    [
      "an organization that is not confirmed may stand there",
      { organization: { id: null, isSent: true } },
      { unconfirmed: [{ item: "organization", about: "ann" }] }
    ],
    [
      "a deal and a person that a person chose are named apart, beside earlier deals",
      {
        files: [activity],
        deal: { id: 3, isSent: false, isChosen: true },
        person: { id: 9, isSent: false, isChosen: true },
        targets: ["3", "2"]
      },
      { activities: [7], deals: [2], chosenDeals: [3], chosenPersons: [9], hashes: 1 }
    ],
    [
      "ids of another sink that are no numbers are left out",
      { files: [{ ...activity, remoteId: "note-7", target: "folder" }], targets: ["folder"] },
      { hashes: 1 }
    ]
  ] as ReadonlyArray<readonly [string, Partial<Sent>, object]>) {
    it(title, () => assert.deepStrictEqual<object>(inPipedrive({ ...nothing, ...sent }), { ...none, ...expected }))
  }

  it("deals and persons that other users have, too, are left out", () => {
    const found = { ...none, deals: [1, 2], persons: [3], chosenDeals: [4], chosenPersons: [5, 6] }
    assert.deepStrictEqual(withoutShared(found, { deals: [2, 4, 6], persons: [1, 3, 5] }), {
      ...found,
      deals: [1],
      persons: [],
      chosenDeals: [],
      chosenPersons: [6]
    })
  })
})
