/** The person in Pipedrive who a user is: found or created once, and named by the user's deal and activities. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { drainLate, isCreate, isDealCreate, isPersonCreate } from "../publish/publishing.ts"
import { inWorld, name, passTime, services } from "../world.ts"
import { attemptsOf, publicationOf, refusal, work } from "./working.ts"

const isPersonSearch = ({ route }: Pick<LoggedRequest, "route">) => route === "/api/v2/persons/search"

const field = "0123456789".repeat(4)
const newField = "abcdef0123".repeat(4)
const withField = { pipedrive: { setup: { personFields: [{ key: field, name: "GitHub" }] } } }
const ann = { name: "Ann Example", email: "ann@example.com" }

/** A tracked user with a file and a profile that is read. */
const given = Effect.fnUntraced(function* (
  github: FakeGithub,
  profile: { readonly name?: string; readonly email?: string } = ann,
  login = "ann"
) {
  const gitpip = yield* Gitpip
  github.addUser(login)
  github.setProfile(login, profile)
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

describe("the person of a new deal", () => {
  it.effect("is created once with the public name and address, and the deal and the activities name the person", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        yield* addFile(github, "b.md")
        assert.deepStrictEqual(
          pipedrive.persons.map(({ emails, id, name }) => ({ id, name, emails })),
          [{ id: 1, name: "Ann Example", emails: [{ value: "ann@example.com", primary: true }] }]
        )
        assert.deepStrictEqual(
          pipedrive.deals.map(({ person_id }) => person_id),
          [1]
        )
        assert.deepStrictEqual(
          pipedrive.activities.map(({ person_id }) => person_id),
          [1, 1]
        )
      })
    )
  )

  it.effect("and the deal cost 60 tokens at most, and the next file 5 with no question more", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        const zone = 2 * pipedrive.count("GET", "/api/v1/users/me")
        assert.strictEqual(pipedrive.tokensSpent - zone, 20 + 20 + 5 + 5 + 5)
        const before = pipedrive.tokensSpent
        yield* addFile(github, "b.md")
        assert.strictEqual(pipedrive.tokensSpent - before, 5)
      })
    )
  )

  it.effect("bears the login, and is not searched for, when the user shows neither name nor address", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, {})
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual(
          pipedrive.persons.map(({ name }) => name),
          ["ann"]
        )
        assert.strictEqual(pipedrive.requests.filter(isPersonSearch).length, 0)
      })
    )
  )

  for (const [what, own, shown, options] of [
    ["the login in the field that the settings name", { custom_fields: { [field]: "Ann" } }, {}, withField],
    ["the address", { emails: [{ value: "Ann@Example.com", primary: true }] }, ann, {}],
    ["the name, when the user shows no address", {}, { name: "Ann Example" }, {}],
    ["a name with accents of another form", { name: "Ren\u00e9e" }, { name: "Rene\u0301e" }, {}]
  ] as const) {
    it.effect(`is the one whom a salesperson added, found by ${what}`, () =>
      inWorld(
        layerPostgres,
        { ...options, env: options === withField ? { GITPIP_PERSON_FIELD: "github" } : {} },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const person = pipedrive.addPerson({ name: "Ann Example", ...own })
            yield* given(github, shown)
            yield* (yield* Gitpip).publish
            assert.lengthOf(pipedrive.persons, 1)
            assert.strictEqual(pipedrive.deals[0]?.person_id, person)
            assert.strictEqual(pipedrive.activities[0]?.person_id, person)
          })
      )
    )
  }

  for (const publishAs of ["activity", "deal", "lead"]) {
    for (const text of ["@Ann", "https://github.com/ann/"]) {
      it.effect(`is the one whose field holds ${text}, when files become a new ${publishAs}`, () =>
        inWorld(
          layerPostgres,
          { ...withField, env: { GITPIP_PERSON_FIELD: "github", GITPIP_PUBLISH_AS: publishAs } },
          ({ github, pipedrive }) =>
            Effect.gen(function* () {
              pipedrive.addPerson({ name: "Jo", custom_fields: { [field]: "joann" } })
              const person = pipedrive.addPerson({ name: "Somebody", custom_fields: { [field]: text } })
              yield* given(github)
              yield* (yield* Gitpip).publish
              assert.lengthOf(pipedrive.persons, 2)
              assert.strictEqual([...pipedrive.deals, ...pipedrive.leads][0]?.person_id, person)
            })
        )
      )
    }
  }

  it.effect("is a new one when two namesakes are there, and holds the login in the field", () =>
    inWorld(layerPostgres, { ...withField, env: { GITPIP_PERSON_FIELD: field } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        // Another field of the person has the login.
        pipedrive.addPerson({ name: "Ann Example", custom_fields: { other: "ann" } })
        pipedrive.addPerson({ name: "Ann Example" })
        yield* given(github, { name: "Ann Example" })
        yield* (yield* Gitpip).publish
        assert.lengthOf(pipedrive.persons, 3)
        assert.deepStrictEqual(pipedrive.persons[2]?.custom_fields, { [field]: "ann" })
        assert.strictEqual(pipedrive.deals[0]?.person_id, 3)
      })
    )
  )

  for (const publishAs of ["activity", "deal", "lead"]) {
    it.effect(
      `holds the login in the field that was deleted and made again, when files become a new ${publishAs}`,
      () =>
        inWorld(
          layerPostgres,
          { ...withField, env: { GITPIP_PERSON_FIELD: "GitHub", GITPIP_PUBLISH_AS: publishAs } },
          ({ github, pipedrive }) =>
            Effect.gen(function* () {
              yield* (yield* Gitpip).publish
              pipedrive.changeSetup({ personFields: [{ key: newField, name: "GitHub" }] })
              yield* passTime("1 hour")
              yield* given(github)
              yield* work("1 minute", "5 seconds")
              assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
              assert.deepStrictEqual(
                pipedrive.persons.map(({ custom_fields }) => custom_fields),
                [{ [newField]: "ann" }]
              )
              assert.strictEqual([...pipedrive.deals, ...pipedrive.leads][0]?.person_id, 1)
            })
        )
    )
  }

  it.effect("is found by the field that was deleted and made again, also with GITPIP_PERSON=link", () =>
    inWorld(
      layerPostgres,
      { ...withField, env: { GITPIP_PERSON_FIELD: "GitHub", GITPIP_PERSON: "link" } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* (yield* Gitpip).publish
          pipedrive.changeSetup({ personFields: [{ key: newField, name: "GitHub" }] })
          yield* passTime("1 hour")
          const person = pipedrive.addPerson({ name: "Somebody", custom_fields: { [newField]: "ann" } })
          yield* given(github)
          yield* work("1 minute", "5 seconds")
          assert.strictEqual(pipedrive.deals[0]?.person_id, person)
        })
    )
  )

  it.effect("is not asked for again because of another field with the login, but once a day", () =>
    inWorld(
      layerPostgres,
      { ...withField, env: { GITPIP_PERSON_FIELD: "GitHub", GITPIP_PERSON: "link" } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          for (const login of ["ann", "bob"]) {
            pipedrive.addPerson({ name: "Somebody", custom_fields: { other: login } })
            yield* given(github, {}, login)
            yield* work("10 minutes", "1 minute")
          }
          assert.strictEqual(pipedrive.count("GET", "/api/v2/personFields"), 2)
          assert.lengthOf(pipedrive.activities, 2)
        })
    )
  )

  it.effect("is one for two accounts of one address whose files come at a time, although the search lags", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, ann)
        yield* given(github, { ...ann, email: "ANN@example.com" }, "ann-work")
        yield* work("1 minute", "10 seconds")
        assert.lengthOf(pipedrive.persons, 1)
        assert.deepStrictEqual(
          pipedrive.deals.map(({ person_id }) => person_id),
          [1, 1]
        )
      })
    )
  )

  it.effect("is not the namesake who is another user's person", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const login of ["ann", "bob"]) {
          yield* given(github, { name: "Alex" }, login)
          yield* (yield* Gitpip).publish
          yield* passTime("1 minute")
        }
        assert.deepStrictEqual(
          pipedrive.deals.map(({ person_id }) => person_id),
          [1, 2]
        )
      })
    )
  )

  it.effect("is not created with GITPIP_PERSON=link: the deal has none", () =>
    inWorld(layerPostgres, { env: { GITPIP_PERSON: "link" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.lengthOf(pipedrive.persons, 0)
        assert.strictEqual(pipedrive.deals[0]?.person_id, null)
        assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
      })
    )
  )

  it.effect("is left alone with GITPIP_PERSON=off, which asks nothing about persons", () =>
    inWorld(layerPostgres, { env: { GITPIP_PERSON: "off" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const person = pipedrive.addPerson({ name: "Ann Example" })
        pipedrive.addDeal({ title: "ann", person_id: person })
        yield* given(github)
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.activities[0]?.person_id, null)
        assert.isFalse(pipedrive.requests.some(({ route = "" }) => route.startsWith("/api/v2/persons")))
      })
    )
  )
})

describe("the person of a deal that a person made", () => {
  it.effect("takes part in the activities, also after a restart, and nobody is searched for or created", () =>
    inWorld(layerPostgres, { env: { GITPIP_ACTIVITY_OWNER: "me" } }, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const person = pipedrive.addPerson({ name: "Somebody" })
        pipedrive.addDeal({ title: "ann", person_id: person })
        yield* given(github)
        yield* (yield* Gitpip).publish
        yield* Effect.provide(addFile(github, "b.md"), services(settings))
        assert.deepStrictEqual(
          pipedrive.activities.map(({ person_id }) => person_id),
          [person, person]
        )
        assert.lengthOf(pipedrive.persons, 1)
        assert.strictEqual(pipedrive.requests.filter(isPersonSearch).length, 0)
      })
    )
  )

  it.effect("is followed to another person within a day", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const [first, second] = [pipedrive.addPerson({ name: "One" }), pipedrive.addPerson({ name: "Two" })]
        const deal = pipedrive.addDeal({ title: "ann", person_id: first })
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.changeDeal(deal, { person_id: second })
        yield* passTime("25 hours")
        yield* addFile(github, "b.md")
        assert.deepStrictEqual(
          pipedrive.activities.map(({ person_id }) => person_id),
          [first, second]
        )
      })
    )
  )
})

describe("one person is there, and one deal", () => {
  for (const [what, fault, when] of [
    ["the response to the creation of the person is lost", { kind: "lost" }, isPersonCreate],
    ["the person was not created", { kind: "reset" }, isPersonCreate],
    ["the response to the creation of the deal is lost", { kind: "lost" }, isDealCreate],
    ["the response to the search for the person is lost", { kind: "lost" }, isPersonSearch],
    ["the response to the creation of the activity is lost", { kind: "lost" }, isCreate]
  ] as const) {
    it.effect(`when ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          pipedrive.injectFault(fault, { when })
          yield* work("20 minutes", "1 minute")
          assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
          assert.deepStrictEqual(
            [pipedrive.persons.length, pipedrive.deals.length, pipedrive.activities.length],
            [1, 1, 1]
          )
          assert.strictEqual(pipedrive.deals[0]?.person_id, 1)
          assert.strictEqual(pipedrive.activities[0]?.person_id, 1)
        })
      )
    )
  }

  for (const [what, shown, namesake] of [
    ["the address", ann, [{ value: "other@elsewhere.com", primary: true }]],
    ["the time", { name: "Ann Example" }, []]
  ] as const) {
    it.effect(`and not a namesake of the day, after a lost response: ${what} distinguishes them`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          // Several namesakes, of whom a search takes none.
          for (const emails of [namesake, namesake]) pipedrive.addPerson({ name: "Ann Example", emails })
          yield* passTime("10 hours")
          yield* given(github, shown)
          pipedrive.injectFault({ kind: "lost" }, { when: isPersonCreate })
          yield* work("20 minutes", "1 minute")
          assert.lengthOf(pipedrive.persons, 3)
          assert.strictEqual(pipedrive.deals[0]?.person_id, 3)
        })
      )
    )
  }

  it.effect("when the user's name changes after the lost response", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { name: "Ann Example" })
        pipedrive.injectFault({ kind: "lost" }, { when: isPersonCreate })
        const gitpip = yield* Gitpip
        yield* gitpip.publish
        github.setProfile("ann", { name: "Ann Married" })
        yield* passTime("40 days")
        yield* gitpip.refreshProfiles
        yield* work("20 minutes", "1 minute")
        assert.lengthOf(pipedrive.persons, 1)
        assert.strictEqual(pipedrive.deals[0]?.person_id, 1)
      })
    )
  )

  it.effect("for each of two users of one name whose responses are lost", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { name: "Alex" })
        yield* given(github, { name: "Alex" }, "bob")
        pipedrive.injectFault({ kind: "lost" }, { when: isPersonCreate, times: 2 })
        yield* work("20 minutes", "1 minute")
        assert.sameMembers(
          pipedrive.deals.map(({ person_id }) => person_id),
          [1, 2]
        )
        assert.lengthOf(pipedrive.persons, 2)
      })
    )
  )
})

describe("a person whom Pipedrive refuses", () => {
  for (const [what, when] of [
    ["create", isPersonCreate],
    ["search for", isPersonSearch]
  ] as const) {
    it.effect(`does not hold the deal back: the token's user may not ${what} persons`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github)
          pipedrive.injectFault(refusal(403, "You do not have permissions to do this."), {
            when,
            times: Number.POSITIVE_INFINITY
          })
          yield* (yield* Gitpip).publish
          assert.strictEqual((yield* publicationOf("ann.md")).state, "published")
          assert.strictEqual(pipedrive.deals[0]?.person_id, null)
        })
      )
    )
  }

  it.effect("on an activity, such as a deleted one, is left out, and the attempt says so", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.deletePerson(1)
        yield* addFile(github, "b.md")
        yield* addFile(github, "c.md")
        assert.deepStrictEqual(
          pipedrive.activities.map(({ person_id }) => person_id),
          [1, null, null]
        )
        assert.match((yield* attemptsOf("b.md")).at(-1)?.message ?? "", /^The person was left out: .*Person not found/)
        // The next file is not refused first.
        assert.strictEqual(pipedrive.requests.filter(isCreate).length, 4)
      })
    )
  )

  it.effect("on a new deal is left out", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github)
        yield* (yield* Gitpip).publish
        pipedrive.deletePerson(1)
        pipedrive.deleteDeal(1)
        yield* addFile(github, "b.md")
        yield* drainLate("2 minutes")
        assert.strictEqual((yield* publicationOf("b.md")).state, "published")
        assert.strictEqual(pipedrive.deals.at(-1)?.person_id, null)
      })
    )
  )
})
