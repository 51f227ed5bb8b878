/** Names in the settings become ids at Pipedrive, or faults that list the choices. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { isSamePlacement, type Lists, needed, resolve } from "../../src/pipedrive/placement.ts"
import { load } from "../settings/load.ts"

const lists: Lists = {
  pipelines: [
    { id: 1, name: "Sales" },
    { id: 2, name: "Developers" },
    { id: 3, name: "Twins" },
    { id: 4, name: " twins" }
  ],
  stages: [
    { id: 11, name: "New", pipelineId: 1 },
    { id: 12, name: "Won soon", pipelineId: 1 },
    { id: 21, name: "New", pipelineId: 2 }
  ],
  users: [
    { id: 5, name: "Ann", email: "ann@example.com" },
    { id: 6, name: "Bob", email: undefined },
    { id: 7, name: "Bob", email: "bob@example.com" }
  ],
  labels: [
    { id: 31, name: "Hot" },
    { id: 32, name: "GitHub" }
  ],
  visibilities: [
    { id: 1, name: "Item owner" },
    { id: 3, name: "All users" }
  ],
  priorities: [{ id: 401, name: "High" }],
  types: [
    { key: "task", id: 1, name: "Task" },
    { key: "call", id: 2, name: "Phone call" },
    { key: "demo1", id: 3, name: "Demo" },
    { key: "demo2", id: 4, name: "demo" }
  ],
  dealFields: [{ key: "e".repeat(40), name: "GitHub" }],
  leadLabels: [
    { id: "f08b42a0-4e75-11ea-9643-03698ef1cfd6", name: "Hot" },
    { id: "f08b42a1-4e75-11ea-9643-03698ef1cfd6", name: "Twin" },
    { id: "f08b42a2-4e75-11ea-9643-03698ef1cfd6", name: "twin" }
  ],
  personFields: [
    { key: "a".repeat(40), name: "GitHub" },
    { key: "b".repeat(40), name: "Nickname" },
    { key: "c".repeat(40), name: "nickname" }
  ]
}

const resolved = (env: Record<string, string>, offered: Lists = lists) =>
  Effect.map(load(env), (settings) => resolve(settings, offered))

const placement = (env: Record<string, string>) => Effect.map(resolved(env), Result.getOrThrow)
const faults = (env: Record<string, string>, offered?: Lists) =>
  Effect.map(resolved(env, offered), (result) => (Result.isFailure(result) ? result.failure : []))

describe("the placement that settings name", () => {
  for (const [what, env, deal] of [
    ["nothing", {}, {}],
    ["a pipeline by its name, trimmed and in any case", { GITPIP_DEAL_PIPELINE: " sALES " }, { pipeline_id: 1 }],
    ["a pipeline by its id", { GITPIP_DEAL_PIPELINE: "2" }, { pipeline_id: 2 }],
    [
      "a stage within the set pipeline",
      { GITPIP_DEAL_PIPELINE: "Developers", GITPIP_DEAL_STAGE: "new" },
      { pipeline_id: 2, stage_id: 21 }
    ],
    ["a stage alone, when its name is unique", { GITPIP_DEAL_STAGE: "Won soon" }, { stage_id: 12 }],
    ["an owner by e-mail address", { GITPIP_DEAL_OWNER: "Bob@example.com" }, { owner_id: 7 }],
    ["labels by name and id", { GITPIP_DEAL_LABELS: "hot, 32" }, { label_ids: [31, 32] }],
    ["a label that is named twice, once", { GITPIP_DEAL_LABELS: "hot, 31, Hot" }, { label_ids: [31] }],
    ["a visibility by its label", { GITPIP_DEAL_VISIBILITY: "all users" }, { visible_to: 3 }]
  ] as const) {
    it.effect(`a new deal has the ids of ${what}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* placement(env)).deal, deal)
      })
    )
  }

  it.effect("an activity has the owner and the priority that settings name", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* placement({}), { owner: "deal", priority: undefined, stages: undefined })
      assert.deepInclude(yield* placement({ GITPIP_ACTIVITY_OWNER: "me", GITPIP_ACTIVITY_PRIORITY: "high" }), {
        owner: "me",
        priority: 401
      })
      assert.deepInclude(yield* placement({ GITPIP_ACTIVITY_OWNER: "ann" }), { owner: { id: 5 } })
    })
  )

  for (const [text, owner] of [
    ["Deal", "deal"],
    ["DEAL", "deal"],
    ["Me", "me"]
  ] as const) {
    it.effect(`the owner ${text} of activities is the word ${owner}, and no user of that name`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* placement({ GITPIP_ACTIVITY_OWNER: text }), { owner })
        assert.isFalse(needed(yield* load({ GITPIP_ACTIVITY_OWNER: text })).users)
      })
    )
  }

  for (const [text, type] of [
    ["call", "call"],
    ["CALL", "call"],
    ["phone CALL", "call"],
    ["2", "call"],
    ["Task", "task"]
  ] as const) {
    it.effect(`an activity type may be a key, a name or an id: ${text} is sent as ${type}`, () =>
      Effect.gen(function* () {
        assert.deepInclude(yield* placement({ GITPIP_ACTIVITY_TYPE: text }), { type })
      })
    )
  }

  it.effect("the default activity type is sent by its key in any case, without a list", () =>
    Effect.gen(function* () {
      const { types: _, ...unread } = lists
      assert.isFalse(needed(yield* load({ GITPIP_ACTIVITY_TYPE: "Task" })).types)
      assert.deepInclude(Result.getOrThrow(yield* resolved({ GITPIP_ACTIVITY_TYPE: "Task" }, unread)), { type: "task" })
    })
  )

  it.effect("a placement is another one when its pipeline has other stages, or when any id is another", () =>
    Effect.gen(function* () {
      const found = yield* placement({ GITPIP_DEAL_PIPELINE: "Sales", GITPIP_DEAL_STAGE: "New" })
      const copy = { ...found, deal: { ...found.deal }, stages: new Set(found.stages) }
      assert.isTrue(isSamePlacement(found, copy))
      assert.isFalse(isSamePlacement(found, { ...copy, stages: new Set([11, 13]) }))
      assert.isFalse(isSamePlacement(found, { ...copy, stages: undefined }))
      assert.isFalse(isSamePlacement(found, { ...copy, deal: { ...found.deal, stage_id: 12 } }))
      assert.isFalse(isSamePlacement(found, { ...copy, owner: { id: 1 } }))
    })
  )

  it.effect("the stages of a set pipeline decide which deals may be adopted", () =>
    Effect.gen(function* () {
      const { stages } = yield* placement({ GITPIP_DEAL_PIPELINE: "Sales" })
      assert.deepStrictEqual([...(stages ?? [])], [11, 12])
    })
  )
})

describe("a setting that names what Pipedrive does not have", () => {
  for (const [what, env, says] of [
    [
      "a misspelt pipeline",
      { GITPIP_DEAL_PIPELINE: "Salez" },
      /^GITPIP_DEAL_PIPELINE: Pipedrive has no pipeline "Salez"\. Did you mean "Sales"\? The pipelines are: Sales \(1\), Developers \(2\)/
    ],
    [
      "an id of no pipeline",
      { GITPIP_DEAL_PIPELINE: "9" },
      /^GITPIP_DEAL_PIPELINE: .*no pipeline "9".* The pipelines are: Sales \(1\)/
    ],
    [
      "a name of two pipelines",
      { GITPIP_DEAL_PIPELINE: "twins" },
      /several pipelines "twins"\. Give the id of one: 3, 4$/
    ],
    [
      "a stage of another pipeline",
      { GITPIP_DEAL_PIPELINE: "Developers", GITPIP_DEAL_STAGE: "Won soon" },
      /^GITPIP_DEAL_STAGE: .* The stages in the pipeline are: New \(21\)$/
    ],
    [
      "a stage id of another pipeline",
      { GITPIP_DEAL_PIPELINE: "Developers", GITPIP_DEAL_STAGE: "11" },
      /^GITPIP_DEAL_STAGE: .* The stages in the pipeline are: New \(21\)$/
    ],
    [
      "a stage of several pipelines",
      { GITPIP_DEAL_STAGE: "New" },
      /several stages "New"\. Give the id of one: 11 in the pipeline Sales, 21 in the pipeline Developers$/
    ],
    [
      "an unknown owner",
      { GITPIP_DEAL_OWNER: "anna" },
      /^GITPIP_DEAL_OWNER: .*no active user "anna"\. Did you mean "Ann"\?/
    ],
    ["a name of two users", { GITPIP_DEAL_OWNER: "Bob" }, /Give the id of one: 6, 7$/],
    [
      "an unknown label",
      { GITPIP_DEAL_LABELS: "Hot, Cold" },
      /^GITPIP_DEAL_LABELS: .*"Cold".* Hot \(31\), GitHub \(32\)$/
    ],
    [
      "an unknown visibility",
      { GITPIP_DEAL_VISIBILITY: "7" },
      /^GITPIP_DEAL_VISIBILITY: .* Item owner \(1\), All users \(3\)$/
    ],
    [
      "an unknown owner of activities",
      { GITPIP_ACTIVITY_OWNER: "carol" },
      /^GITPIP_ACTIVITY_OWNER: .*"carol"\. The active users are: Ann \(5\), .*\. Or set `deal` or `me`$/
    ],
    [
      "a name of two activity types",
      { GITPIP_ACTIVITY_TYPE: "Demo" },
      /several activity types `Demo`\. Give the key of one: demo1, demo2$/
    ],
    [
      "an unknown priority",
      { GITPIP_ACTIVITY_PRIORITY: "urgent" },
      /^GITPIP_ACTIVITY_PRIORITY: .* The priorities are: High \(401\)$/
    ],
    [
      "an unknown activity type",
      { GITPIP_ACTIVITY_TYPE: "cal" },
      /^GITPIP_ACTIVITY_TYPE: .* Did you mean `call`\? The types are: task, call, demo1, demo2$/
    ]
  ] as const) {
    it.effect(`${what} is a fault that lists the choices`, () =>
      Effect.gen(function* () {
        const [fault, ...others] = yield* faults(env)
        assert.match(fault ?? "", says)
        assert.deepStrictEqual(others, [])
      })
    )
  }

  it.effect("all faults are named at once", () =>
    Effect.gen(function* () {
      const found = yield* faults({
        GITPIP_ACTIVITY_OWNER: "x",
        GITPIP_DEAL_PIPELINE: "x",
        GITPIP_DEAL_STAGE: "x",
        GITPIP_DEAL_OWNER: "x",
        GITPIP_DEAL_LABELS: "x,y",
        GITPIP_DEAL_VISIBILITY: "x"
      })
      assert.strictEqual(found.length, 7)
    })
  )

  it.effect("of many choices thirty are listed", () =>
    Effect.gen(function* () {
      const users = Array.from({ length: 100 }, (_, index) => ({
        id: index + 1,
        name: `User ${index}`,
        email: undefined
      }))
      const [fault = ""] = yield* faults({ GITPIP_DEAL_OWNER: "somebody else" }, { users })
      assert.match(fault, /User 29 \(30\), and 70 more$/)
    })
  )

  it.effect("a list that may not be read leaves ids unchecked, and refuses names", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* faults({ GITPIP_DEAL_OWNER: "99", GITPIP_DEAL_PIPELINE: "98" }, {}), [])
      const [fault = ""] = yield* faults({ GITPIP_DEAL_OWNER: "Ann" }, {})
      assert.match(
        fault,
        /^GITPIP_DEAL_OWNER: Pipedrive does not show its active users to the token's user\. Give the id/
      )
    })
  )
})

describe("the lists that are read at the start", () => {
  const none = {
    pipelines: false,
    stages: false,
    users: false,
    dealChoices: false,
    priorities: false,
    types: false,
    personFields: false,
    leadLabels: false
  }
  for (const [what, env, read] of [
    ["a default installation reads none", {}, {}],
    ["a pipeline needs the stages as well", { GITPIP_DEAL_PIPELINE: "1" }, { pipelines: true, stages: true }],
    ["a stage alone needs the stages", { GITPIP_DEAL_STAGE: "1" }, { stages: true }],
    ["a user needs the users", { GITPIP_ACTIVITY_OWNER: "Ann" }, { users: true }],
    ["the words `deal` and `me` need none", { GITPIP_ACTIVITY_OWNER: "me" }, {}],
    ["a field of deals needs the fields of deals", { GITPIP_DEAL_FIELD: "GitHub" }, { dealChoices: true }],
    ["labels need the fields of deals", { GITPIP_DEAL_LABELS: "Hot" }, { dealChoices: true }],
    ["a priority needs the fields of activities", { GITPIP_ACTIVITY_PRIORITY: "High" }, { priorities: true }],
    ["another activity type needs the types", { GITPIP_ACTIVITY_TYPE: "call" }, { types: true }],
    ["a field of persons needs the fields of persons", { GITPIP_PERSON_FIELD: "GitHub" }, { personFields: true }],
    ["a field of persons needs none when persons are off", { GITPIP_PERSON_FIELD: "x", GITPIP_PERSON: "off" }, {}],
    [
      "deals for files need nothing of activities",
      {
        GITPIP_PUBLISH_AS: "deal",
        GITPIP_ACTIVITY_TYPE: "call",
        GITPIP_ACTIVITY_PRIORITY: "High",
        GITPIP_ACTIVITY_OWNER: "Ann",
        GITPIP_DEAL_FIELD: "GitHub"
      },
      {}
    ],
    [
      "leads need nothing of deals and activities",
      {
        GITPIP_PUBLISH_AS: "lead",
        GITPIP_ACTIVITY_TYPE: "call",
        GITPIP_ACTIVITY_OWNER: "Ann",
        GITPIP_DEAL_PIPELINE: "1",
        GITPIP_DEAL_OWNER: "Ann",
        GITPIP_DEAL_LABELS: "Hot",
        GITPIP_DEAL_VISIBILITY: "3"
      },
      {}
    ],
    [
      "leads need what their own settings name",
      {
        GITPIP_PUBLISH_AS: "lead",
        GITPIP_LEAD_LABELS: "Hot",
        GITPIP_LEAD_OWNER: "Ann",
        GITPIP_LEAD_VISIBILITY: "3",
        GITPIP_PERSON_FIELD: "GitHub"
      },
      { leadLabels: true, users: true, dealChoices: true, personFields: true }
    ]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(needed(yield* load(env)), { ...none, ...read })
      })
    )
  }
})

describe("the field of persons that GITPIP_PERSON_FIELD names", () => {
  for (const [what, text, key] of [
    ["its name, in any case", " gitHUB ", "a"],
    ["its key", "b".repeat(40), "b"]
  ] as const) {
    it.effect(`is found by ${what}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* placement({ GITPIP_PERSON_FIELD: text })).personField, key.repeat(40))
      })
    )
  }

  for (const [what, text, expected] of [
    [
      "is not there is a fault that lists the text fields",
      "GitHib",
      /no text field "GitHib".* Did you mean "GitHub"\? .*Nickname \(b{40}\)/
    ],
    ["is there twice is a fault that lists the keys", "Nickname", /several text fields "Nickname".* b{40}, c{40}$/]
  ] as const) {
    it.effect(`that ${what}`, () =>
      Effect.gen(function* () {
        const [fault = "", ...others] = yield* faults({ GITPIP_PERSON_FIELD: text })
        assert.match(fault, /^GITPIP_PERSON_FIELD: /)
        assert.match(fault, expected)
        assert.deepStrictEqual(others, [])
      })
    )
  }

  it.effect("has to be given by its key when the fields are hidden from the token's user", () =>
    Effect.gen(function* () {
      assert.match((yield* faults({ GITPIP_PERSON_FIELD: "GitHub" }, {}))[0] ?? "", /Give the key/)
      assert.deepStrictEqual(yield* faults({ GITPIP_PERSON_FIELD: "d".repeat(40) }, {}), [])
    })
  )
})

describe("the field of deals that GITPIP_DEAL_FIELD names", () => {
  it.effect("is found by its name, and a wrong name is a fault that lists the text fields", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* placement({ GITPIP_DEAL_FIELD: "github" })).dealField, "e".repeat(40))
      assert.match(
        (yield* faults({ GITPIP_DEAL_FIELD: "Login" }))[0] ?? "",
        /^GITPIP_DEAL_FIELD: Pipedrive has no text field "Login" of deals\. The text fields are: GitHub \(e{40}\)/
      )
    })
  )
})

describe("the placement of leads", () => {
  const asLead = { GITPIP_PUBLISH_AS: "lead" }
  const hot = "f08b42a0-4e75-11ea-9643-03698ef1cfd6"

  for (const [what, env, lead] of [
    ["nothing", {}, {}],
    ["nothing of deals", { GITPIP_DEAL_OWNER: "Nobody", GITPIP_DEAL_LABELS: "None" }, {}],
    ["an owner by e-mail address", { GITPIP_LEAD_OWNER: "bob@example.com" }, { owner_id: 7 }],
    ["labels by name, in any case, and by id, once", { GITPIP_LEAD_LABELS: `HOT, ${hot}` }, { label_ids: [hot] }],
    ["a visibility, as text", { GITPIP_LEAD_VISIBILITY: "all users" }, { visible_to: "3" }]
  ] as const) {
    it.effect(`a new lead has the ids of ${what}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* placement({ ...asLead, ...env })).lead, lead)
      })
    )
  }

  for (const [what, env, fault] of [
    [
      "a label that there is not",
      { GITPIP_LEAD_LABELS: "Hott" },
      /^GITPIP_LEAD_LABELS: Pipedrive has no label of leads "Hott"\. Did you mean "Hot"\? The labels of leads are: Hot \(f08b42a0-/
    ],
    [
      "a label of several",
      { GITPIP_LEAD_LABELS: "Twin" },
      /several labels of leads "Twin"\. Give the id of one: f08b42a1-/
    ],
    [
      "an owner that there is not",
      { GITPIP_LEAD_OWNER: "Cy" },
      /^GITPIP_LEAD_OWNER: Pipedrive has no active user "Cy"/
    ],
    [
      "a visibility that there is not",
      { GITPIP_LEAD_VISIBILITY: "9" },
      /^GITPIP_LEAD_VISIBILITY: .* visibilities of leads are: /
    ]
  ] as const) {
    it.effect(`is a fault with ${what}`, () =>
      Effect.gen(function* () {
        const [first = "", ...others] = yield* faults({ ...asLead, ...env })
        assert.match(first, fault)
        assert.deepStrictEqual(others, [])
      })
    )
  }

  it.effect("takes ids as they are, while Pipedrive shows no lists", () =>
    Effect.gen(function* () {
      const found = yield* resolved({ ...asLead, GITPIP_LEAD_LABELS: hot.toUpperCase(), GITPIP_LEAD_OWNER: "5" }, {})
      assert.deepStrictEqual(Result.getOrThrow(found).lead, { label_ids: [hot], owner_id: 5 })
      assert.match((yield* faults({ ...asLead, GITPIP_LEAD_LABELS: "Hot" }, {}))[0] ?? "", /Give the id of the label/)
    })
  )
})
