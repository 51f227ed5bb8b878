/** Many users whose persons are not known: the list of persons is read once, in place of a search for each. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Publisher } from "../../src/publish/Publisher.ts"
import type { FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime, type WorldOptions } from "../world.ts"
import { addOthers, waiting } from "./firstRun.ts"
import { publish, refusal, type World, work } from "./working.ts"

type Services = Gitpip | Publisher | SqlClient.SqlClient
type Request = Pick<LoggedRequest, "method" | "route" | "query">

const isPage = ({ method, query, route }: Request): boolean =>
  method === "GET" && route === "/api/v2/persons" && query.sort_by === "id"
const isChanges = ({ method, query, route }: Request): boolean =>
  method === "GET" && route === "/api/v2/persons" && query.updated_since !== undefined
const isSearch = ({ route }: Request): boolean => /\/(persons\/search|itemSearch)$/.test(route ?? "")
const requestsOf = ({ requests }: FakePipedrive) => ({
  searches: requests.filter(isSearch).length,
  pages: requests.filter(isPage).length,
  changes: requests.filter(isChanges).length
})

const key = "0123456789".repeat(4)
const withField = {
  env: { GITPIP_PERSON_FIELD: "GitHub" },
  pipedrive: { setup: { personFields: [{ key, name: "GitHub" }] } }
} as const

/** Two users whose persons are searched for, a minute before: the list stands in from the third user on. */
const searchedFirst = Effect.fnUntraced(function* ({ github }: World) {
  const sql = yield* SqlClient.SqlClient
  yield* waiting(github, { from: 21, to: 22 })
  for (const n of [21, 22]) github.setProfile(`user-${n}`, { name: `Name ${n}` })
  // No batch has shown the profiles of so few users.
  yield* sql`insert into profiles (user_key, due_at) select key, to_timestamp(0) from users`
  yield* (yield* Gitpip).refreshProfiles
  yield* publish
  yield* passTime("1 minute")
})

/** Twelve users with a file each, after two others. Odd users show a name alone, even users an address as well. */
const withUsers = <E>(body: (world: World) => Effect.Effect<unknown, E, Services>, options: WorldOptions = {}) =>
  inWorld(layerPostgres, { ...options, env: { GITPIP_ACTIVITY_DUE: "none", ...options.env } }, (world) =>
    Effect.gen(function* () {
      yield* searchedFirst(world)
      yield* waiting(world.github, { from: 1, to: 12 })
      for (let n = 1; n <= 12; n++) {
        const email = n % 2 === 0 ? { email: `${n}@example.com` } : {}
        world.github.setProfile(`user-${n}`, { name: `Name ${n}`, ...email })
      }
      yield* (yield* Gitpip).refreshProfiles
      yield* body(world)
    })
  )

const addPersons = (pipedrive: FakePipedrive, persons: number) => {
  for (let n = 1; n <= persons; n++) pipedrive.addPerson({ name: `Customer ${n}` })
}

const personsNamed = ({ persons }: FakePipedrive, n: number) => persons.filter(({ name }) => name === `Name ${n}`)

/** The person of the user's deal. */
const personOf = ({ deals }: FakePipedrive, n: number) => deals.find(({ title }) => title === `user-${n}`)?.person_id

describe("the list of persons", () => {
  it.effect("stands in for the searches of many users, and finds whom searches would find", () =>
    withUsers(({ pipedrive }) =>
      Effect.gen(function* () {
        addPersons(pipedrive, 600)
        const byName = pipedrive.addPerson({ name: "name  5" })
        const byAddress = pipedrive.addPerson({ name: "Somebody", emails: [{ value: "6@EXAMPLE.com", primary: true }] })
        for (let n = 0; n < 2; n++) pipedrive.addPerson({ name: "Name 7" })
        yield* publish
        assert.deepInclude(requestsOf(pipedrive), { searches: 2, pages: 2 })
        assert.deepStrictEqual([personOf(pipedrive, 5), personOf(pipedrive, 6)], [byName, byAddress])
        assert.lengthOf(personsNamed(pipedrive, 7), 3)
        assert.lengthOf(pipedrive.persons, 604 + 2 + 12 - 2)
        assert.lengthOf(pipedrive.activities, 14)
      })
    )
  )

  it.effect("is right about persons whom people add, change and delete between its pages and afterwards", () =>
    withUsers(({ pipedrive }) =>
      Effect.gen(function* () {
        const person = (n: number) => pipedrive.addPerson({ name: `Name ${n}` })
        const [changed, deleted, oneOfTwo] = [person(3), person(5), person(7)]
        const last = person(7)
        addPersons(pipedrive, 600)
        yield* passTime("1 minute")
        let added: number | undefined
        let pages = 0
        pipedrive.injectFault(
          { kind: "status", status: 500 },
          {
            when: (request) => {
              if (!isPage(request) || ++pages !== 2) return false
              pipedrive.changePerson(changed, { name: "of somebody else" })
              pipedrive.deletePerson(deleted)
              pipedrive.deletePerson(oneOfTwo)
              added = person(9)
              return false
            }
          }
        )
        yield* publish
        assert.deepInclude(requestsOf(pipedrive), { searches: 2, pages: 2 })
        for (const n of [3, 5, 7, 9]) assert.lengthOf(personsNamed(pipedrive, n), 1, `Name ${n}`)
        assert.deepStrictEqual([personOf(pipedrive, 7), personOf(pipedrive, 9)], [last, added])
      })
    )
  )

  it.effect("has a person at once whom Gitpip created: two accounts with one address are one person", () =>
    withUsers(({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* publish
        yield* waiting(github, { from: 13, to: 13 })
        github.setProfile("user-13", { name: "Another", email: "12@EXAMPLE.com" })
        yield* (yield* Gitpip).refreshProfiles
        yield* publish
        assert.lengthOf(personsNamed(pipedrive, 12), 1)
        assert.strictEqual(personOf(pipedrive, 13), personsNamed(pipedrive, 12)[0]?.id)
        assert.lengthOf(
          pipedrive.persons.filter(({ name }) => name === "Another"),
          0
        )
      })
    )
  )

  it.effect("has one person for two accounts with one address whose files are published side by side", () =>
    withUsers(({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* publish
        yield* waiting(github, { from: 13, to: 14 })
        for (const n of [13, 14]) github.setProfile(`user-${n}`, { name: `Name ${n}`, email: "new@example.com" })
        yield* (yield* Gitpip).refreshProfiles
        yield* publish
        assert.lengthOf([...personsNamed(pipedrive, 13), ...personsNamed(pipedrive, 14)], 1)
        assert.strictEqual(personOf(pipedrive, 13), personOf(pipedrive, 14))
      })
    )
  )

  it.effect("and the list of deals save the search for both, when persons have a field for logins", () =>
    withUsers(
      ({ pipedrive }) =>
        Effect.gen(function* () {
          addPersons(pipedrive, 100)
          const own = pipedrive.addPerson({ name: "Somebody", custom_fields: { [key]: "USER-12" } })
          yield* publish
          assert.isAtMost(requestsOf(pipedrive).searches, 8)
          assert.strictEqual(personOf(pipedrive, 12), own)
          for (let n = 1; n <= 11; n++) assert.lengthOf(personsNamed(pipedrive, n), 1)
        }),
      withField
    )
  )

  it.effect("is read without the list of deals, when files become deals", () =>
    withUsers(
      ({ pipedrive }) =>
        Effect.gen(function* () {
          const own = pipedrive.addPerson({ name: "Name 11" })
          yield* publish
          assert.deepInclude(requestsOf(pipedrive), { searches: 2, pages: 1 })
          assert.include(
            pipedrive.deals.map(({ person_id }) => person_id),
            own
          )
          assert.lengthOf(pipedrive.deals, 14)
        }),
      { env: { GITPIP_PUBLISH_AS: "deal" } }
    )
  )

  for (const [what, prepare] of [
    ["that is longer than the searches are worth", (pipedrive: FakePipedrive) => addPersons(pipedrive, 5_001)],
    [
      "that Pipedrive refuses",
      (pipedrive: FakePipedrive) =>
        pipedrive.injectFault(refusal(403, "You do not have permission"), {
          times: Number.POSITIVE_INFINITY,
          when: (request) => isPage(request)
        })
    ]
  ] as const) {
    it.effect(`${what} is given up: each user is searched for`, () =>
      withUsers(({ pipedrive }) =>
        Effect.gen(function* () {
          prepare(pipedrive)
          addOthers(pipedrive, 1)
          yield* work("1 minute", "10 seconds")
          assert.strictEqual(requestsOf(pipedrive).searches, 14)
          assert.lengthOf(pipedrive.activities, 14)
          for (let n = 1; n <= 12; n++) assert.lengthOf(personsNamed(pipedrive, n), 1)
        })
      )
    )
  }
})
