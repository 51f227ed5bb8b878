/** What of an activity a refusal can be about. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Forbidden, type Refusal, Refused } from "../../src/pipedrive/errors.ts"
import * as Omissions from "../../src/pipedrive/omissions.ts"

const forget = () => Effect.void
const { all } = Omissions.make({ organizations: { forget }, persons: { forget } })

const sent = {
  order: { content: { _tag: "Text", text: "1" } },
  fields: { type: "task", done: false, org_id: 1, owner_id: 2, participants: [{ person_id: 3, primary: true }] },
  placement: { owner: "deal" }
} as unknown as Omissions.Sent

const refused = (status: number, message: string) => new Refused({ status, message })

describe("what is left out after a refusal", () => {
  const table: ReadonlyArray<readonly [refusal: Refusal, expected: ReadonlyArray<string>]> = [
    [refused(400, "User not found"), ["The deal's owner"]],
    [refused(400, "Person not found"), ["The person"]],
    [refused(400, "Organization contact is hidden"), ["The person", "The organization"]],
    [refused(400, "note is too long"), ["The content"]],
    [refused(413, "HTTP 413"), ["The content"]],
    [refused(400, "Unknown type"), []],
    [refused(403, "Your organization has reached the limit. Ask the account owner or contact an administrator"), []],
    [new Forbidden({ message: "HTTP 403", isPage: true }), ["The content"]],
    [new Forbidden({ message: "HTTP 403", isPage: false }), []]
  ]
  for (const [refusal, expected] of table) {
    it(`of "${refusal.message}" (${refusal._tag}) is ${expected.join(", ") || "nothing"}`, () =>
      assert.deepStrictEqual(
        all.flatMap((leaveOut) => leaveOut(sent, refusal)?.what ?? []),
        expected
      ))
  }

  it("is not what was left out before, nor an owner whom the settings name", () => {
    const fields: Omissions.Fields = { type: "task", done: false }
    for (const message of ["User not found", "Person not found", "Organization not found"])
      assert.isTrue(all.every((leaveOut) => leaveOut({ ...sent, fields }, refused(400, message)) === undefined))
    const named: Omissions.Sent = { ...sent, placement: { ...sent.placement, owner: { id: 2 } } }
    assert.isTrue(all.every((leaveOut) => leaveOut(named, refused(400, "User not found")) === undefined))
  })
})
