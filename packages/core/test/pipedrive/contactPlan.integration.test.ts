/** Whom a dry run says that a user's first file would name, the first file then names. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name } from "../world.ts"

interface Planned {
  readonly id: number | null
  readonly name: string | null
}

interface Scene {
  readonly env?: Readonly<Record<string, string>>
  readonly make?: (pipedrive: FakePipedrive) => unknown
  readonly person: Planned | null
  readonly organization: Planned | null
}

const linking = { GITPIP_PERSON: "link", GITPIP_ORGANIZATION: "link" }
const creating = { GITPIP_ORGANIZATION: "create" }
const asDeals = { ...creating, GITPIP_PUBLISH_AS: "deal" }
const asLeads = { ...creating, GITPIP_PUBLISH_AS: "lead" }
const inBoth = (pipedrive: FakePipedrive) => {
  pipedrive.addPerson({ name: "Somebody" })
  pipedrive.addPerson({ name: "Ann E.", emails: [{ value: "ann@example.com", primary: true }] })
  pipedrive.addOrganization({ name: "Example" })
}
const addTwins = (pipedrive: FakePipedrive) => {
  for (const title of ["ann", "Ann"]) pipedrive.addDeal({ title })
}
const anns = { id: 2, name: "Ann E." }
const example = { id: 1, name: "Example" }
const newAnn = { id: null, name: "Ann Example" }
const newExample = { id: null, name: "Example" }

const scenes: Readonly<Record<string, Scene>> = {
  "nobody, when both are off": { env: { GITPIP_PERSON: "off" }, person: null, organization: null },
  "a new person by default": { person: newAnn, organization: null },
  "a new person and a new organization": { env: creating, person: newAnn, organization: newExample },
  "both as they are found": { env: creating, make: inBoth, person: anns, organization: example },
  "both as they are found, when none is created": { env: linking, make: inBoth, person: anns, organization: example },
  "nobody, when none is found or created": { env: linking, person: null, organization: null },
  "those of the deal that is adopted": {
    env: creating,
    make: (pipedrive) => {
      inBoth(pipedrive)
      pipedrive.addDeal({ title: "ann", person_id: 1 })
    },
    person: { id: 1, name: "Somebody" },
    organization: null
  },
  "those of a lead, which are new": { env: asLeads, person: newAnn, organization: newExample },
  "those of a lead, which are found": { env: asLeads, make: inBoth, person: anns, organization: example },
  "the person alone of a lead, without organizations": {
    env: { GITPIP_PUBLISH_AS: "lead", GITPIP_PERSON: "link" },
    make: inBoth,
    person: anns,
    organization: null
  },
  "new ones in a deal for each file": { env: asDeals, person: newAnn, organization: newExample },
  "both as they are found, in a deal for each file": {
    env: asDeals,
    make: inBoth,
    person: anns,
    organization: example
  }
}

describe("a dry run names", () => {
  for (const [what, { env = {}, make, organization, person }] of Object.entries(scenes)) {
    it.effect(what, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          make?.(pipedrive)
          github.addUser("ann")
          github.setProfile("ann", { name: "Ann Example", email: "ann@example.com", company: "@Example" })
          github.addGist("ann", { files: { "ann.md": "1" } })
          const before = [pipedrive.persons.length, pipedrive.organizations.length, pipedrive.deals.length]
          const { contact } = yield* gitpip.preview(name("ann"), { contact: true })
          assert.deepStrictEqual(
            [contact?.person, contact?.organization, contact?.waits],
            [person, organization, false]
          )
          assert.deepStrictEqual(
            [pipedrive.persons.length, pipedrive.organizations.length, pipedrive.deals.length],
            before
          )
          for (const table of ["users", "deals", "persons", "organizations"]) {
            assert.deepStrictEqual(yield* sql`select * from ${sql(table)}`, [], table)
          }

          const spent = pipedrive.tokensSpent
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.refreshProfiles
          yield* gitpip.publish
          const zone = 2 * pipedrive.count("GET", "/api/v1/users/me")
          assert.isAtMost(pipedrive.tokensSpent - spent - zone, contact?.tokens ?? 0)
          const leads = pipedrive.leads.map((lead) => ({ ...lead, org_id: lead.organization_id }))
          const named = [...pipedrive.activities, ...pipedrive.deals, ...leads][0]
          const nameOf = (
            items: ReadonlyArray<{ readonly id: number; readonly name: string }>,
            id: number | null = null
          ) => items.find((item) => item.id === id)?.name
          assert.strictEqual(nameOf(pipedrive.persons, named?.person_id), person?.name ?? undefined)
          assert.strictEqual(nameOf(pipedrive.organizations, named?.org_id), organization?.name ?? undefined)
        })
      )
    )
  }

  for (const [what, env, make, message] of [
    ["deals to choose from", {}, addTwins, /2 open deals that may be ann's/],
    ["a lead's person to add", { ...linking, GITPIP_PUBLISH_AS: "lead" }, () => undefined, /no person for ann/]
  ] as const) {
    it.effect(`${what}, and counts the files that wait for that, which then wait`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          make(pipedrive)
          github.addUser("ann")
          github.setProfile("ann", { name: "Ann Example", company: "@Example" })
          github.addGist("ann", { files: { "a.md": "1", "b.md": "2" } })
          const preview = yield* gitpip.preview(name("ann"), { contact: true })
          assert.deepInclude(preview, { activities: 0, deals: 0, leads: 0, waiting: 2, tokens: 0 })
          assert.deepInclude(preview.contact, { person: null, organization: null, waits: true })
          assert.match(preview.contact?.message ?? "", message)
          assert.strictEqual((yield* gitpip.preview(name("ann"))).waiting, 0)

          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.refreshProfiles
          yield* gitpip.publish
          assert.deepStrictEqual([pipedrive.activities.length, pipedrive.leads.length], [0, 0])
          assert.strictEqual((yield* gitpip.user(name("ann"))).counts.pending, 2)
        })
      )
    )
  }

  it.effect("several organizations of one name, of which a person has to choose", () =>
    inWorld(layerPostgres, { env: creating }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const company of ["Example", "EXAMPLE"]) pipedrive.addOrganization({ name: company })
        github.addUser("ann")
        github.setProfile("ann", { company: "Example" })
        const { contact } = yield* (yield* Gitpip).preview(name("ann"), { contact: true })
        assert.isNull(contact?.organization)
        assert.match(contact?.message ?? "", /2 organizations named "Example": 1, 2/)
      })
    )
  )

  it.effect("the numbers on record of a user who is tracked, for one token", () =>
    inWorld(layerPostgres, { env: creating }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.setProfile("ann", { company: "Example" })
        github.addGist("ann", { files: { "ann.md": "1" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* gitpip.refreshProfiles
        yield* gitpip.publish
        const spent = pipedrive.tokensSpent
        const { contact } = yield* gitpip.preview(name("ann"), { contact: true })
        assert.deepStrictEqual([contact?.person?.id, contact?.organization?.id], [1, 1])
        assert.strictEqual(pipedrive.tokensSpent - spent, 1)
      })
    )
  )

  for (const [what, env, isChosen] of [
    ["is on record", {}, false],
    ["was named for the user", { GITPIP_DEAL_CLOSED: "replace" }, true]
  ] as const) {
    it.effect(`no new deal and no search when a deal ${what}, and the cost of the next file`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          const deal = pipedrive.addDeal({ title: isChosen ? "Customer" : "ann" })
          yield* gitpip.track(name("ann"), isChosen ? { deal } : {})
          github.addGist("ann", { files: { "a.md": "1" } })
          yield* gitpip.scan()
          yield* gitpip.refreshProfiles
          yield* gitpip.publish
          github.addGist("ann", { files: { "b.md": "2" } })
          const preview = yield* gitpip.preview(name("ann"), { contact: true })
          assert.deepInclude(preview, { activities: 1, deals: 0, tokens: 6, searchTokens: 0 })
          assert.strictEqual(preview.contact?.tokens, 6)
          yield* gitpip.scan()
          const spent = pipedrive.tokensSpent
          yield* gitpip.publish
          assert.isAtMost(pipedrive.tokensSpent - spent, 6)
          assert.deepStrictEqual([pipedrive.activities.length, pipedrive.deals.length], [2, 1])
        })
      )
    )
  }

  it.effect("what Pipedrive answered, when it refuses the search", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        github.addUser("ann")
        pipedrive.setDailyTokens(0)
        const { contact, gists } = yield* (yield* Gitpip).preview(name("ann"), { contact: true })
        assert.strictEqual(gists, 0)
        assert.deepStrictEqual([contact?.person, contact?.organization], [null, null])
        assert.isNotEmpty(contact?.message)
      })
    )
  )
})
