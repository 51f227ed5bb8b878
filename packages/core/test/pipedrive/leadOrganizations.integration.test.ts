/** Leads name the organization of the user's company, as deals do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { isLeadCreate, isOrganizationCreate, isPersonCreate } from "../publish/publishing.ts"
import { inWorld, name, services } from "../world.ts"
import { forever, publicationOf, publish, refusal, work } from "./working.ts"

const isOrganizationSearch = ({ route }: Pick<LoggedRequest, "route">) => route === "/api/v2/organizations/search"

const asLeads = { GITPIP_PUBLISH_AS: "lead", GITPIP_ORGANIZATION: "create" }
const inLeads = (use: Parameters<typeof inWorld>[2], env: Readonly<Record<string, string>> = {}) =>
  // A search shows nothing new, so that the list of the newest has to.
  inWorld(layerPostgres, { env: { ...asLeads, ...env }, pipedrive: { searchLagMillis: 86_400_000 } }, use)

/** A tracked user with a file and a profile that is read. */
const given = Effect.fnUntraced(function* (github: FakeGithub, { company = "@Example", login = "ann" } = {}) {
  const gitpip = yield* Gitpip
  github.addUser(login)
  github.setProfile(login, { name: login, company })
  github.addGist(login, { files: { [`${login}.md`]: "1" } })
  yield* gitpip.track(name(login))
  yield* gitpip.scan()
  yield* gitpip.refreshProfiles
})

const addFile = Effect.fnUntraced(function* (github: FakeGithub, file: string, login = "ann") {
  const gitpip = yield* Gitpip
  github.addGist(login, { files: { [file]: "2" } })
  yield* gitpip.scan()
  yield* gitpip.publish
})

/** The person and the organization of each lead. */
const named = ({ leads }: FakePipedrive) => leads.map(({ organization_id, person_id }) => [person_id, organization_id])
const organizationOfPersons = ({ persons }: FakePipedrive) => persons.map(({ org_id }) => org_id)

describe("a lead names the organization of the user's company", () => {
  it.effect("which is created once for all users of the company, with new persons in it", () =>
    inLeads(({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* publish
        assert.strictEqual(pipedrive.tokensSpent, 20 + 25 + 25)
        const before = pipedrive.tokensSpent
        yield* addFile(github, "b.md")
        assert.strictEqual(pipedrive.tokensSpent - before, 20)
        yield* given(github, { login: "bob", company: "example" })
        yield* publish
        assert.strictEqual(pipedrive.tokensSpent - before, 20 + 20 + 25)
        assert.deepStrictEqual(
          pipedrive.organizations.map((one) => one.name),
          ["Example"]
        )
        assert.deepStrictEqual(named(pipedrive), [
          [1, 1],
          [1, 1],
          [2, 1]
        ])
        assert.deepStrictEqual(organizationOfPersons(pipedrive), [1, 1])
      })
    )
  )

  it.effect("which is found, in the person whom somebody named for the user as well", () =>
    inLeads(
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const organization = pipedrive.addOrganization({ name: "EXAMPLE" })
          const person = pipedrive.addPerson({ name: "Somebody" })
          yield* given(github)
          yield* gitpip.track(name("ann"), { person })
          yield* publish
          assert.deepStrictEqual(named(pipedrive), [[person, organization]])
          assert.deepStrictEqual(organizationOfPersons(pipedrive), [null])
        }),
      { GITPIP_ORGANIZATION: "link" }
    )
  )

  it.effect("and none by default, nor of a user who shows no company", () =>
    Effect.forEach([{ GITPIP_ORGANIZATION: "off" }, {}], (env) =>
      inLeads(
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            yield* given(github, { company: "GITPIP_ORGANIZATION" in env ? "Example" : "Freelancer" })
            yield* publish
            assert.isFalse(pipedrive.requests.some(({ route = "" }) => route.startsWith("/api/v2/organizations")))
            assert.deepStrictEqual(named(pipedrive), [[1, null]])
          }),
        env
      )
    )
  )

  it.effect("but creates none for a user whose files wait for a person", () =>
    inLeads(
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          yield* publish
          assert.deepStrictEqual([pipedrive.leads.length, pipedrive.organizations.length], [0, 0])
          assert.strictEqual(pipedrive.tokensSpent, 20)
          assert.strictEqual((yield* publicationOf("ann.md")).state, "pending")
        }),
      { GITPIP_PERSON: "link" }
    )
  )
})

describe("a lead of a company is there once", () => {
  for (const [what, fault, when] of [
    ["the response to the creation of the organization is lost", { kind: "lost" }, isOrganizationCreate],
    ["the organization was not created", { kind: "reset" }, isOrganizationCreate],
    ["the response to the search for the organization is lost", { kind: "lost" }, isOrganizationSearch],
    ["the response to the creation of the person is lost", { kind: "lost" }, isPersonCreate],
    ["the response to the creation of the lead is lost", { kind: "lost" }, isLeadCreate]
  ] as const) {
    it.effect(`for each of two users, with one organization, when ${what}`, () =>
      inLeads(({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          yield* given(github)
          yield* given(github, { login: "bob", company: "EXAMPLE" })
          pipedrive.injectFault(fault, { when })
          yield* publish
          // Another process goes on: nothing is known from memory.
          yield* Effect.provide(work("20 minutes", "1 minute"), services(settings))
          assert.lengthOf(pipedrive.organizations, 1)
          assert.deepStrictEqual(organizationOfPersons(pipedrive), [1, 1])
          assert.sameDeepMembers(named(pipedrive), [
            [1, 1],
            [2, 1]
          ])
        })
      )
    )
  }
})

describe("a lead goes without an organization", () => {
  for (const [what, when] of [
    ["create", isOrganizationCreate],
    ["search for", isOrganizationSearch]
  ] as const) {
    it.effect(`that the token's user may not ${what}`, () =>
      inLeads(({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          pipedrive.injectFault(refusal(403, "You do not have permissions to do this."), { when, times: forever })
          yield* publish
          assert.deepStrictEqual(named(pipedrive), [[1, null]])
          assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
        })
      )
    )
  }

  it.effect("of which Pipedrive has several", () =>
    inLeads(({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const company of ["Example", "example"]) pipedrive.addOrganization({ name: company })
        yield* given(github)
        yield* publish
        assert.deepStrictEqual(named(pipedrive), [[1, null]])
        assert.lengthOf(pipedrive.organizations, 2)
      })
    )
  )

  it.effect("that was deleted, and the next lead names a new one", () =>
    inLeads(({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* publish
        pipedrive.deleteOrganization(1)
        yield* addFile(github, "b.md")
        yield* addFile(github, "c.md")
        assert.deepStrictEqual(named(pipedrive), [
          [1, 1],
          [1, null],
          [1, 2]
        ])
        // The third is not refused first.
        assert.strictEqual(pipedrive.requests.filter(isLeadCreate).length, 4)
      })
    )
  )

  it.effect("that was deleted, and the next lead of another user of the company names a new one", () =>
    inLeads(({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* given(github, { login: "bob", company: "EXAMPLE" })
        yield* publish
        pipedrive.deleteOrganization(1)
        for (const [file, login] of [
          ["b.md", "ann"],
          ["c.md", "bob"],
          ["d.md", "bob"],
          ["e.md", "ann"]
        ] as const)
          yield* addFile(github, file, login)
        assert.deepStrictEqual(
          pipedrive.leads.map((lead) => lead.organization_id),
          [1, 1, null, 2, 2, 2]
        )
        assert.strictEqual(pipedrive.requests.filter(isLeadCreate).length, 7)
      })
    )
  )

  it.effect("that Pipedrive refuses on leads although the search shows it, with one refusal a server", () =>
    inLeads(({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.addOrganization({ name: "Example" })
        yield* given(github)
        pipedrive.injectFault(refusal(400, "Organization is not visible to you"), {
          when: (request) => isLeadCreate(request) && JSON.stringify(request.body ?? "").includes("organization_id"),
          times: forever
        })
        yield* publish
        yield* addFile(github, "b.md")
        yield* addFile(github, "c.md")
        assert.deepStrictEqual(named(pipedrive), [
          [1, null],
          [1, null],
          [1, null]
        ])
        assert.strictEqual(pipedrive.requests.filter(isLeadCreate).length, 4)
        assert.lengthOf(pipedrive.organizations, 1)
      })
    )
  )
})
