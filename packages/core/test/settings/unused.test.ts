import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { definitions } from "../../src/settings/table.ts"
import { unusedChoices, unusedSettings } from "../../src/settings/unused.ts"
import { load } from "./load.ts"

const ofActivities = {
  GITPIP_ACTIVITY_TYPE: "call",
  GITPIP_ACTIVITY_DONE: "true",
  GITPIP_ACTIVITY_OWNER: "me",
  GITPIP_ACTIVITY_DUE: "none",
  GITPIP_ACTIVITY_PRIORITY: "High",
  GITPIP_TIME_ZONE: "Europe/Berlin",
  GITPIP_DEAL_TITLE: "GitHub: {login}",
  GITPIP_DEAL_CLOSED: "replace",
  GITPIP_DEAL_FIELD: "GitHub"
}
const ofDeals = {
  GITPIP_DEAL_PIPELINE: "Sales",
  GITPIP_DEAL_STAGE: "New",
  GITPIP_DEAL_OWNER: "Ann",
  GITPIP_DEAL_LABELS: "Hot",
  GITPIP_DEAL_VISIBILITY: "3"
}
const ofLeads = { GITPIP_LEAD_OWNER: "Ann", GITPIP_LEAD_LABELS: "Hot", GITPIP_LEAD_VISIBILITY: "3" }
const all = { ...ofActivities, ...ofDeals, ...ofLeads }
/** They count for every form. */
const ofAll = { GITPIP_ORGANIZATION: "create", GITPIP_PERSON: "link", GITPIP_PERSON_FIELD: "GitHub" }

describe("settings that do not count", () => {
  for (const [publishAs, unused] of [
    ["activity", ofLeads],
    ["deal", { ...ofActivities, ...ofLeads }],
    ["lead", { ...ofActivities, ...ofDeals }]
  ] as const) {
    it.effect(`are named with GITPIP_PUBLISH_AS=${publishAs}`, () =>
      Effect.gen(function* () {
        const found = unusedSettings(yield* load({ ...all, ...ofAll, GITPIP_PUBLISH_AS: publishAs }))
        assert.sameMembers(
          found.map(({ name }) => name),
          Object.keys(unused)
        )
        assert.deepStrictEqual(unusedSettings(yield* load({ GITPIP_PUBLISH_AS: publishAs })), [])
      })
    )
  }

  it.effect("are named with the forms that they count for", () =>
    Effect.gen(function* () {
      const [owner] = unusedSettings(yield* load({ GITPIP_PUBLISH_AS: "lead", GITPIP_DEAL_OWNER: "Ann" }))
      assert.deepStrictEqual(owner, {
        name: "GITPIP_DEAL_OWNER",
        detail: "does not count with GITPIP_PUBLISH_AS=lead, but with `activity` or `deal`"
      })
    })
  )

  it("can be all that say where deals, activities and leads stand", () => {
    const placing = Object.keys(definitions).filter((name) => /^GITPIP_(ACTIVITY|DEAL|LEAD)_|_TIME_ZONE$/.test(name))
    assert.sameMembers(Object.keys(all), placing)
  })
})

describe("a choice that does not count", () => {
  const dealWith = (form: string) =>
    `The chosen deal does not count with GITPIP_PUBLISH_AS=${form}, but with \`activity\``
  const person = "The chosen person does not count with GITPIP_PERSON=off, but with `create` or `link`"
  for (const [publishAs, mode, expected] of [
    ["activity", "create", []],
    ["activity", "link", []],
    ["activity", "off", [person]],
    ["deal", "create", [dealWith("deal")]],
    ["deal", "off", [dealWith("deal"), person]],
    ["lead", "link", [dealWith("lead")]]
  ] as const) {
    it.effect(`is said with GITPIP_PUBLISH_AS=${publishAs} and GITPIP_PERSON=${mode}`, () =>
      Effect.gen(function* () {
        const settings = yield* load({ GITPIP_PUBLISH_AS: publishAs, GITPIP_PERSON: mode })
        assert.deepStrictEqual(unusedChoices(settings, { deal: true, person: true }), expected)
        assert.deepStrictEqual(unusedChoices(settings, { deal: false, person: false }), [])
      })
    )
  }
})
