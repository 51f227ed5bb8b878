/** The organization of a user's company: found or created once, and named by new deals and persons, and by activities. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { drainLate, isCreate, isDealCreate, isOrganizationCreate, isPersonCreate } from "../publish/publishing.ts"
import { inWorld, name, passTime, services } from "../world.ts"
import { attemptsOf, publicationOf, publish, refusal, work } from "./working.ts"

const isOrganizationSearch = ({ route }: Pick<LoggedRequest, "route">) => route === "/api/v2/organizations/search"

const creating = { env: { GITPIP_ORGANIZATION: "create" } }

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

const addFile = Effect.fnUntraced(function* (github: FakeGithub, file: string) {
  const gitpip = yield* Gitpip
  github.addGist("ann", { files: { [file]: "2" } })
  yield* gitpip.scan()
  yield* gitpip.publish
})

/** The organizations of all persons, deals and activities. */
const named = ({ activities, deals, persons }: FakePipedrive) =>
  [persons, deals, activities].map((items) => items.map(({ org_id }) => org_id))

describe("the organization of a user's company", () => {
  it.effect("is created once, and the person, the deal and the activities name it", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        yield* addFile(github, "b.md")
        assert.deepStrictEqual(
          pipedrive.organizations.map(({ id, name }) => [id, name]),
          [[1, "Example"]]
        )
        assert.deepStrictEqual(named(pipedrive), [[1], [1], [1, 1]])
      })
    )
  )

  it.effect("costs 25 tokens once, and the next file and the next user of the company no token more", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        const zone = 2 * pipedrive.count("GET", "/api/v1/users/me")
        assert.strictEqual(pipedrive.tokensSpent - zone, 55 + 20 + 5)
        const before = pipedrive.tokensSpent
        yield* addFile(github, "b.md")
        assert.strictEqual(pipedrive.tokensSpent - before, 5)
        yield* given(github, { login: "bob", company: "example" })
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.tokensSpent - before, 5 + 55)
        assert.deepStrictEqual(named(pipedrive), [
          [1, 1],
          [1, 1],
          [1, 1, 1]
        ])
      })
    )
  )

  it.effect("is searched for once when 30 new users of the company come at a time, and no file waits for another", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (let n = 0; n < 30; n++) {
          const login = `user-${n}`
          github.addUser(login)
          github.setProfile(login, { name: login, company: n % 2 === 0 ? "Yota" : "@yota" })
          github.addGist(login, { files: { [`${n}.md`]: "1" } })
          yield* gitpip.track(name(login))
        }
        yield* gitpip.scan()
        yield* gitpip.refreshProfiles
        yield* publish
        const searches = pipedrive.requests.filter(({ route = "" }) => /[sS]earch$/.test(route))
        assert.strictEqual(searches.filter(isOrganizationSearch).length, 1)
        // The others' persons are found in the list of persons.
        assert.strictEqual(searches.filter(({ route = "" }) => route.includes("/persons/")).length, 2)
        // Nothing is searched for twice.
        assert.strictEqual(
          new Set(searches.map(({ query, route }) => JSON.stringify([route, query]))).size,
          searches.length
        )
        assert.lengthOf(pipedrive.organizations, 1)
        const all = Array.from({ length: 30 }, () => 1)
        assert.deepStrictEqual(named(pipedrive), [all, all, all])
      })
    )
  )

  for (const mode of ["create", "link"]) {
    it.effect(`is the one that a salesperson added, with GITPIP_ORGANIZATION=${mode}`, () =>
      inWorld(layerPostgres, { env: { GITPIP_ORGANIZATION: mode } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          pipedrive.addOrganization({ name: "Example Ltd." })
          const own = pipedrive.addOrganization({ name: "EXAMPLE" })
          yield* given(github)
          yield* (yield* Gitpip).publish
          assert.lengthOf(pipedrive.organizations, 2)
          assert.deepStrictEqual(named(pipedrive), [[own], [own], [own]])
        })
      )
    )
  }

  it.effect("is not created with GITPIP_ORGANIZATION=link", () =>
    inWorld(layerPostgres, { env: { GITPIP_ORGANIZATION: "link" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.lengthOf(pipedrive.organizations, 0)
        assert.deepStrictEqual(named(pipedrive), [[null], [null], [null]])
        assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
      })
    )
  )

  it.effect("is not asked for by default, nor for a user who shows no company", () =>
    Effect.forEach([{}, creating] as const, (options) =>
      inWorld(layerPostgres, options, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { company: options === creating ? "Freelancer" : "Example" })
          yield* (yield* Gitpip).publish
          assert.isFalse(pipedrive.requests.some(({ route = "" }) => route.startsWith("/api/v2/organizations")))
          assert.lengthOf(pipedrive.activities, 1)
        })
      )
    )
  )

  it.effect("is left out when two have its name: the deal names none, and a third is not created", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const name of ["Example", "example"]) pipedrive.addOrganization({ name })
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.lengthOf(pipedrive.organizations, 2)
        assert.deepStrictEqual(named(pipedrive), [[null], [null], [null]])
      })
    )
  )
})

describe("a deal or a person that a person made", () => {
  it.effect("keeps its organization, which activities name, also after a restart", () =>
    inWorld(
      layerPostgres,
      { env: { ...creating.env, GITPIP_ACTIVITY_OWNER: "me" } },
      ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          const own = pipedrive.addOrganization({ name: "Other" })
          pipedrive.addDeal({ title: "ann", org_id: own })
          yield* given(github)
          yield* (yield* Gitpip).publish
          yield* Effect.provide(addFile(github, "b.md"), services(settings))
          assert.deepStrictEqual(named(pipedrive), [[], [own], [own, own]])
          assert.lengthOf(pipedrive.organizations, 1)
        })
    )
  )

  it.effect("is read for its person and organization, for one token, only when persons or organizations are on", () =>
    Effect.forEach(
      [
        ["off", "off", 0],
        ["off", "create", 1],
        ["create", "off", 1],
        ["create", "create", 1]
      ] as const,
      ([person, organization, reads]) =>
        inWorld(
          layerPostgres,
          { env: { GITPIP_PERSON: person, GITPIP_ORGANIZATION: organization, GITPIP_ACTIVITY_OWNER: "me" } },
          ({ github, pipedrive, settings }) =>
            Effect.gen(function* () {
              yield* given(github)
              yield* (yield* Gitpip).publish
              yield* Effect.provide(addFile(github, "b.md"), services(settings))
              assert.strictEqual(pipedrive.count("GET", "/api/v2/deals/{id}"), reads)
            })
        )
    )
  )

  it.effect("stays without an organization", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.addPerson({ name: "ann" })
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual(named(pipedrive), [[null], [1], [1]])
        pipedrive.addDeal({ title: "bob" })
        yield* given(github, { login: "bob" })
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual(named(pipedrive), [[null], [1, null], [1, null]])
      })
    )
  )
})

describe("one organization is there", () => {
  for (const [what, fault, when] of [
    ["the response to its creation is lost", { kind: "lost" }, isOrganizationCreate],
    ["it was not created", { kind: "reset" }, isOrganizationCreate],
    ["the response to the search for it is lost", { kind: "lost" }, isOrganizationSearch],
    ["the response to the creation of the person is lost", { kind: "lost" }, isPersonCreate],
    ["the response to the creation of the deal is lost", { kind: "lost" }, isDealCreate]
  ] as const) {
    it.effect(`for two users of the company when ${what}`, () =>
      // A search shows nothing new, so that the list of the newest has to.
      inWorld(layerPostgres, { ...creating, pipedrive: { searchLagMillis: 86_400_000 } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          yield* given(github, { login: "bob", company: "EXAMPLE" })
          pipedrive.injectFault(fault, { when })
          yield* work("20 minutes", "1 minute")
          assert.lengthOf(pipedrive.organizations, 1)
          assert.deepStrictEqual(named(pipedrive), [
            [1, 1],
            [1, 1],
            [1, 1]
          ])
        })
      )
    )
  }
})

describe("an organization that Pipedrive refuses", () => {
  for (const [what, when] of [
    ["create", isOrganizationCreate],
    ["search for", isOrganizationSearch]
  ] as const) {
    it.effect(`does not hold the deal back: the token's user may not ${what} organizations`, () =>
      inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          pipedrive.injectFault(refusal(403, "You do not have permissions to do this."), {
            when,
            times: Number.POSITIVE_INFINITY
          })
          yield* (yield* Gitpip).publish
          assert.deepStrictEqual(named(pipedrive), [[null], [null], [null]])
          assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
        })
      )
    )
  }

  it.effect("on an activity, such as a deleted one, is left out, and the attempt says so", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.deleteOrganization(1)
        yield* addFile(github, "b.md")
        yield* addFile(github, "c.md")
        assert.deepStrictEqual(named(pipedrive)[2], [1, null, null])
        assert.match(
          (yield* attemptsOf("b.md")).at(-1)?.message ?? "",
          /^The organization was left out: .*Organization not found/
        )
        // The next file is not refused first.
        assert.strictEqual(pipedrive.requests.filter(isCreate).length, 4)
      })
    )
  )

  it.effect("on a new person and a new deal is left out", () =>
    inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.deleteOrganization(1)
        yield* given(github, { login: "bob" })
        yield* passTime("1 minute")
        yield* drainLate("2 minutes")
        assert.deepStrictEqual(named(pipedrive), [
          [1, null],
          [1, null],
          [1, null]
        ])
        assert.strictEqual((yield* publicationOf("bob.md")).state, "published")
      })
    )
  )
})

it.effect("a cap of the plan, whose message names both, costs no deal its person or organization", () =>
  inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      yield* given(github)
      const cap = "Your organization has reached the limit of open deals. Contact your administrator"
      pipedrive.injectFault(refusal(403, cap), { when: isDealCreate, times: Number.POSITIVE_INFINITY })
      yield* (yield* Gitpip).publish
      assert.lengthOf(pipedrive.requests.filter(isDealCreate), 1)
      pipedrive.clearFaults()
      yield* (yield* Gitpip).retryFailed
      yield* work("10 minutes", "1 minute")
      yield* addFile(github, "b.md")
      assert.deepStrictEqual(named(pipedrive), [[1], [1], [1, 1]])
      assert.strictEqual(pipedrive.deals[0]?.person_id, 1)
    })
  )
)

it.effect("a required field, whose name has a word of both, costs no deal its person or organization", () =>
  inWorld(layerPostgres, creating, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      yield* given(github)
      pipedrive.injectFault(refusal(400, "Required field: organization's contact"), {
        when: isDealCreate,
        times: Number.POSITIVE_INFINITY
      })
      yield* (yield* Gitpip).publish
      pipedrive.clearFaults()
      yield* (yield* Gitpip).retryFailed
      yield* work("10 minutes", "1 minute")
      assert.deepStrictEqual(named(pipedrive), [[1], [1], [1]])
      assert.strictEqual(pipedrive.deals[0]?.person_id, 1)
    })
  )
)

describe("a deal for each file", () => {
  const asDeals = { env: { ...creating.env, GITPIP_PUBLISH_AS: "deal" } }
  const contactsOf = ({ deals }: FakePipedrive) => deals.map(({ org_id, person_id }) => [person_id, org_id])

  it.effect("names the person and the organization, which cost 50 tokens once", () =>
    inWorld(layerPostgres, asDeals, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.tokensSpent, 15 + 25 + 25)
        const before = pipedrive.tokensSpent
        yield* addFile(github, "b.md")
        assert.strictEqual(pipedrive.tokensSpent - before, 15)
        assert.deepStrictEqual(contactsOf(pipedrive), [
          [1, 1],
          [1, 1]
        ])
        assert.deepStrictEqual(
          pipedrive.persons.map(({ name, org_id }) => [name, org_id]),
          [["ann", 1]]
        )
      })
    )
  )

  it.effect("names the person of somebody's choice", () =>
    inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: "deal" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const [one, two] = [pipedrive.addPerson({ name: "One" }), pipedrive.addPerson({ name: "Two" })]
        yield* given(github)
        yield* gitpip.track(name("ann"), { person: one })
        yield* gitpip.publish
        yield* gitpip.track(name("ann"), { person: two })
        yield* addFile(github, "b.md")
        assert.deepStrictEqual(contactsOf(pipedrive), [
          [one, null],
          [two, null]
        ])
        const wrong = yield* Effect.flip(gitpip.track(name("ann"), { person: 99 }))
        assert.strictEqual(wrong._tag, "TargetNotFound")
      })
    )
  )

  it.effect("goes without a person and an organization that were deleted, and the next deal names new ones", () =>
    inWorld(layerPostgres, asDeals, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.deletePerson(1)
        pipedrive.deleteOrganization(1)
        yield* addFile(github, "b.md")
        yield* addFile(github, "c.md")
        assert.deepStrictEqual(contactsOf(pipedrive), [
          [1, 1],
          [null, null],
          [2, 2]
        ])
      })
    )
  )

  it.effect("is published once, with one person and one organization, when an answer is lost", () =>
    Effect.forEach([isOrganizationCreate, isPersonCreate, isDealCreate], (when) =>
      inWorld(layerPostgres, asDeals, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          pipedrive.injectFault({ kind: "lost" }, { when })
          yield* work("20 minutes", "1 minute")
          assert.deepStrictEqual(contactsOf(pipedrive), [[1, 1]])
          assert.deepStrictEqual([pipedrive.persons.length, pipedrive.organizations.length], [1, 1])
        })
      )
    )
  )
})
