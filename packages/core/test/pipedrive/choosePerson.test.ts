/** Which person in Pipedrive a user is. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import {
  choosePerson,
  holdsLogin,
  isCreated,
  mayHoldLogin,
  nearestFirst,
  newPerson,
  searchesFor
} from "../../src/pipedrive/choosePerson.ts"

const profile = { name: " Ann Example ", email: "ann@example.com", company: null }
const nameless = { name: null, email: null, company: null }

describe("the searches for a user's person", () => {
  const byField = { by: "custom_fields", term: "ann" } as const
  for (const [what, shown, field, expected] of [
    ["nothing is known of the user: none", null, undefined, []],
    ["the profile is empty: none", nameless, undefined, []],
    [
      "the profile has a name: by the name",
      { ...profile, email: null },
      undefined,
      [{ by: "name", term: "Ann Example" }]
    ],
    [
      "the name has accents of their own: by the name in one form",
      { ...profile, name: "Rene\u0301e", email: null },
      undefined,
      [{ by: "name", term: "Ren\u00e9e" }]
    ],
    [
      "the profile has an address: by the address alone",
      profile,
      undefined,
      [{ by: "email", term: "ann@example.com" }]
    ],
    ["there is a field: by the field first", profile, "key", [byField, { by: "email", term: "ann@example.com" }]],
    ["there is a field, and the profile is empty: by the field", nameless, "key", [byField]]
  ] as const) {
    it(`when ${what}`, () => assert.deepStrictEqual(searchesFor({ username: "ann", profile: shown }, field), expected))
  }
})

describe("the person whom a search found", () => {
  const found = [
    { id: 9, name: "Ann Example", emails: ["ANN@example.com"] },
    { id: 4, name: "ann  example ", emails: ["ann@example.com", "other@example.com"] },
    { id: 2, name: "Ann Example Jr.", emails: ["ann@example.com.au"] }
  ]
  for (const [what, by, term, candidates, expected] of [
    ["the oldest with the address", "email", "ann@example.com", found, 4],
    ["nobody with another address", "email", "ann@example.org", found, undefined],
    ["nobody of two namesakes", "name", "Ann Example", found, undefined],
    ["the only one of the name", "name", "Ann Example Jr.", found, 2],
    ["the one whose accents have another form", "name", "Ren\u00e9e", [{ id: 1, name: "Rene\u0301e" }], 1],
    ["nobody when nothing was found", "name", "Ann Example", [], undefined]
  ] as const) {
    it(`is ${what}`, () => assert.strictEqual(choosePerson({ by, term }, candidates)?.id, expected))
  }

  it("has the login in the field that the settings name, and not in another", () => {
    for (const text of [" ANN", "@ann", "github.com/Ann", " https://www.github.com/ann/?tab=stars "])
      assert.isTrue(holdsLogin({ custom_fields: { key: text } }, "key", "ann"), text)
    assert.isFalse(holdsLogin({ custom_fields: { key: "https://github.com/ann/notes" } }, "key", "ann"))
    assert.isFalse(holdsLogin({ custom_fields: { other: "ann" } }, "key", "ann"))
    assert.isFalse(holdsLogin({ custom_fields: { key: 7 } }, "key", "ann"))
  })
})

describe("a hit of a search for the login", () => {
  for (const [what, hit, expected] of [
    ["shows the login alone as the value of a field", { title: "a", custom_fields: ["x", " ANN "] }, true],
    ["shows an address of GitHub as the value of a field", { title: "a", custom_fields: ["github.com/ANN"] }, true],
    ["shows other values", { title: "a", custom_fields: ["joann"] }, false],
    ["shows no value, and the login in its title", { title: "Joann's", custom_fields: [] }, false],
    ["shows no value, and no login in its title", { title: "a", custom_fields: [] }, true],
    ["shows no fields, and has no title", {}, true]
  ] as const) {
    it(`${expected ? "may have" : "has not"} the login in a field when it ${what}`, () =>
      assert.strictEqual(mayHoldLogin(hit, "ann"), expected))
  }
})

describe("a new person", () => {
  it("bears the name, the address and the login", () =>
    assert.deepStrictEqual(newPerson({ username: "ann", profile }, "key"), {
      name: "Ann Example",
      emails: [{ value: "ann@example.com", primary: true }],
      custom_fields: { key: "ann" }
    }))

  it("bears the login for a name when the user shows none", () =>
    assert.deepStrictEqual(newPerson({ username: "ann", profile: null }, undefined), { name: "ann" }))

  it("is known again after a lost response by the name that was sent, and by the field", () => {
    const sent = { as: "Ann Example", email: undefined, field: "key", login: "ann" }
    assert.isTrue(isCreated({ id: 1, name: "Ann Example", custom_fields: { key: "ann" } }, sent))
    assert.isTrue(isCreated({ id: 1, name: "Ann Example" }, { ...sent, field: undefined }))
    assert.isFalse(isCreated({ id: 1, name: "Ann Example", custom_fields: { key: "bob" } }, sent))
    assert.isFalse(isCreated({ id: 1, name: "Ann", custom_fields: { key: "ann" } }, sent))
    assert.isFalse(isCreated({ id: 1, name: "Ann Example", is_deleted: true }, { ...sent, field: undefined }))
  })

  it("is known again by the address that was sent, and not by the name alone", () => {
    const sent = { as: "Ann Example", email: "ann@example.com", field: undefined, login: "ann" }
    const named = { id: 1, name: "Ann Example" }
    assert.isTrue(isCreated({ ...named, emails: [{ value: "Ann@Example.com" }] }, sent))
    assert.isFalse(isCreated({ ...named, emails: [{ value: "other@example.com" }] }, sent))
    assert.isFalse(isCreated(named, sent))
  })

  it("is the nearest to the request among namesakes, whatever their order", () => {
    const at = DateTime.makeUnsafe("2026-11-28T12:00:00Z")
    const [morning, own, later, unknown] = [
      { id: 1, add_time: "2026-11-28T02:00:00Z" },
      { id: 2, add_time: "2026-11-28T12:00:01Z" },
      { id: 3, add_time: "2026-11-28T12:30:00Z" },
      { id: 4, add_time: null }
    ]
    assert.deepStrictEqual(nearestFirst([unknown, morning, later, own], at), [own, later, morning, unknown])
  })
})
