/** What a user's first file costs in Pipedrive's tokens, at most. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { forecast, leadPrice } from "../../src/publish/Sink.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { load } from "../settings/load.ts"
import { inWorld, name } from "../world.ts"

const field = "0123456789".repeat(4)
const setup = {
  personFields: [{ key: field, name: "GitHub" }],
  dealFields: [{ key: field, name: "GitHub" }]
}
const deal = { GITPIP_DEAL_FIELD: "GitHub" }
const person = { GITPIP_PERSON_FIELD: "GitHub" }
const organization = { GITPIP_ORGANIZATION: "create" }

/** Publishes the first file of a user who shows all that is searched for. Answers its tokens, and what Pipedrive holds. */
const firstFile = (env: Readonly<Record<string, string>>, make: (pipedrive: FakePipedrive) => unknown) =>
  inWorld(layerPostgres, { env, pipedrive: { setup } }, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      make(pipedrive)
      github.addUser("ann")
      github.setProfile("ann", { name: "Ann Example", email: "ann@example.com", company: "@Example" })
      github.addGist("ann", { files: { "ann.md": "1" } })
      yield* gitpip.track(name("ann"))
      yield* gitpip.scan()
      yield* gitpip.refreshProfiles
      yield* gitpip.publish
      const once = ["/api/v2/dealFields", "/api/v2/personFields"] as const
      const atStart = once.reduce((sum, path) => sum + 10 * pipedrive.count("GET", path), 0)
      const zone = 2 * pipedrive.count("GET", "/api/v1/users/me")
      return { pipedrive, tokens: pipedrive.tokensSpent - atStart - zone }
    })
  )

/** Other fields of deals and persons have the login, so that each is read without a result. */
const misleading = (pipedrive: FakePipedrive) => {
  for (let n = 0; n < 3; n++) pipedrive.addDeal({ title: `Customer ${n}`, custom_fields: { other: "ann" } })
  for (let n = 0; n < 2; n++) pipedrive.addPerson({ name: `Customer ${n}`, custom_fields: { other: "ann" } })
}

describe("a user's first file, with the deal and the person,", () => {
  for (const [what, env, expected] of [
    ["by default", {}, 55],
    ["with a field of deals", deal, 55 + 3],
    ["with a field of persons", person, 55 + 2],
    ["with both fields", { ...deal, ...person }, 60],
    ["with both fields and an organization", { ...deal, ...person, ...organization }, 60 + 25]
  ] as const) {
    it.effect(`costs ${expected} tokens at most ${what}`, () =>
      Effect.gen(function* () {
        const { pipedrive, tokens } = yield* firstFile(env, misleading)
        assert.strictEqual(tokens, expected)
        assert.deepStrictEqual(
          [pipedrive.activities.length, pipedrive.deals.length, pipedrive.persons.length],
          [1, 3 + 1, 2 + 1]
        )
      })
    )
  }

  for (const [what, env, expected] of [
    ["by default", {}, 20 + 25],
    ["with an organization", organization, 20 + 25 + 25],
    ["with an organization that is only found", { GITPIP_ORGANIZATION: "link" }, 20 + 25 + 20],
    ["with a field of persons and an organization", { ...person, ...organization }, 20 + 25 + 22 + 25]
  ] as const) {
    it.effect(`costs ${expected} tokens at most as a lead ${what}, which is what a dry run says`, () =>
      Effect.gen(function* () {
        const asLead = yield* load({ ...env, GITPIP_PUBLISH_AS: "lead" })
        const { pipedrive, tokens } = yield* firstFile({ ...env, GITPIP_PUBLISH_AS: "lead" }, misleading)
        assert.deepStrictEqual([tokens, forecast(leadPrice(asLead), 1).tokens], [expected, expected])
        assert.deepStrictEqual([pipedrive.leads.length, pipedrive.persons.length], [1, 2 + 1])
      })
    )
  }

  it.effect("finds the deal and the person by their fields with one search", () =>
    Effect.gen(function* () {
      const { pipedrive, tokens } = yield* firstFile({ ...deal, ...person }, (pipedrive) => {
        pipedrive.addPerson({ name: "Somebody", custom_fields: { [field]: "ANN" } })
      })
      assert.strictEqual(pipedrive.deals[0]?.person_id, 1)
      assert.strictEqual(tokens, 20 + 1 + 5 + 5)
      const found = yield* firstFile({ ...deal, ...person }, (pipedrive) => {
        pipedrive.addDeal({ title: "Somebody's", custom_fields: { [field]: "ANN" } })
      })
      assert.lengthOf(found.pipedrive.deals, 1)
      assert.strictEqual(found.tokens, 20 + 1 + 5)
    })
  )

  it.effect("costs 40 tokens more when more has the login in it than a search shows, and finds both all the same", () =>
    Effect.gen(function* () {
      const { pipedrive, tokens } = yield* firstFile({ ...deal, ...person }, (pipedrive) => {
        for (let n = 0; n < 120; n++) pipedrive.addDeal({ title: `annual report ${n}` })
        pipedrive.addPerson({ name: "Somebody", custom_fields: { [field]: "Ann" } })
      })
      assert.lengthOf(pipedrive.persons, 1)
      assert.strictEqual(pipedrive.deals.at(-1)?.person_id, 1)
      assert.strictEqual(tokens, 20 + 20 + 20 + 1 + 5 + 5)
    })
  )

  it.effect("costs one token more for each further deal or person with the login in another field", () =>
    Effect.gen(function* () {
      const { pipedrive, tokens } = yield* firstFile({ ...deal, ...person }, (pipedrive) => {
        misleading(pipedrive)
        misleading(pipedrive)
        pipedrive.addPerson({ name: "Somebody", custom_fields: { [field]: "Ann" } })
      })
      assert.strictEqual(pipedrive.deals.at(-1)?.person_id, 5)
      assert.strictEqual(tokens, 20 + 6 + 5 + 5 + 5)
    })
  )

  it.effect("goes to the deal of its title, and to no closed or archived one", () =>
    Effect.gen(function* () {
      const { pipedrive } = yield* firstFile(person, (pipedrive) => {
        pipedrive.addDeal({ title: "ann", status: "won" })
        pipedrive.addDeal({ title: "ann", is_archived: true })
        pipedrive.addDeal({ title: "Ann deal" })
      })
      assert.deepStrictEqual(
        pipedrive.activities.map(({ deal_id }) => deal_id),
        [3]
      )
    })
  )
})
