/** What the list of persons shows of a user, beside what searches show. */
import { assert, describe, it } from "@effect/vitest"
import type { SearchedField, StoredPerson } from "../../src/pipedrive/personCalls.ts"
import { makePersonIndex } from "../../src/pipedrive/personIndex.ts"

const key = "0123456789".repeat(4)
const person = (id: number, more: Partial<StoredPerson> = {}): StoredPerson => ({ id, name: "Ann Lee", ...more })
const mails = (...values: ReadonlyArray<string>) => ({ emails: values.map((value) => ({ value })) })

describe("the index of persons", () => {
  for (const [what, puts, by, term, found] of [
    ["has nobody at first", [], "name", "Ann Lee", []],
    ["finds a name in another case and with other spaces", [person(1, { name: " ANN  lee " })], "name", "Ann Lee", [1]],
    ["does not find a part of a name", [person(1, { name: "Ann Lee-Smith" })], "name", "Ann Lee", []],
    ["finds namesakes by rising ids", [person(2), person(1)], "name", "ann lee", [1, 2]],
    ["finds a second address", [person(1, mails("x@y.z", "Ann@Lee.com"))], "email", "ann@lee.com", [1]],
    ["finds a person once with one address twice", [person(1, mails("a@b.c", "A@B.C"))], "email", "a@b.c", [1]],
    ["does not take a name for an address", [person(1, { name: "a@b.c" })], "email", "a@b.c", []],
    [
      "finds the login in the field",
      [person(1, { custom_fields: { [key]: " Octocat" } })],
      "custom_fields",
      "octocat",
      [1]
    ],
    ["finds the login after @", [person(1, { custom_fields: { [key]: "@Octocat" } })], "custom_fields", "octocat", [1]],
    ["ignores other fields", [person(1, { custom_fields: { other: "octocat" } })], "custom_fields", "octocat", []],
    ["leaves out a name of the past", [person(1), person(1, { name: "Ann Smith" })], "name", "Ann Lee", []],
    ["leaves out an address of the past", [person(1, mails("a@b.c")), person(1)], "email", "a@b.c", []],
    ["leaves out a person who is deleted now", [person(1), person(1, { is_deleted: true })], "name", "Ann Lee", []],
    ["takes a person without name, address and field", [person(1, { name: null, emails: null })], "name", "Ann Lee", []]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<StoredPerson>, SearchedField, string, ReadonlyArray<number>]>) {
    it(what, () => {
      const index = makePersonIndex(key)
      for (const one of puts) index.put(one)
      assert.deepStrictEqual(
        index.found({ by, term }).map(({ id }) => id),
        found
      )
    })
  }

  it("forgets a person, and no namesake", () => {
    const index = makePersonIndex(undefined)
    for (const id of [1, 2]) index.put(person(id, mails("a@b.c")))
    index.remove(1)
    index.remove(7)
    for (const [by, term] of [
      ["name", "ann lee"],
      ["email", "a@b.c"]
    ] as const)
      assert.deepStrictEqual(
        index.found({ by, term }).map(({ id }) => id),
        [2]
      )
  })
})
