/** Servers follow Pipedrive's persons: a person who is given a GitHub username there is tracked. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { Following } from "../../src/contacts/Following.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive, LoggedRequest } from "../../src/testing/index.ts"
import { PollIntervals, Worker } from "../../src/Worker.ts"
import { layerPostgres } from "../database.ts"
import { elapse, inWorld, name, services, type WorldOptions } from "../world.ts"

const field = "0123456789".repeat(4)
const followed: WorldOptions = {
  env: { GITPIP_PERSON_FIELD: "GitHub", GITPIP_FOLLOW_PIPEDRIVE: "1 hour", GITPIP_FEED: "false" },
  pipedrive: { setup: { personFields: [{ key: field, name: "GitHub" }] } }
}

/** All but the persons. */
const rare = { work: Duration.minutes(30), gauges: Duration.hours(6), profiles: Duration.hours(6) }

const give = (pipedrive: FakePipedrive, login: string) =>
  pipedrive.addPerson({ name: `Person of ${login}`, custom_fields: { [field]: login } })

const isReading = ({ query, route }: Pick<LoggedRequest, "query" | "route">) =>
  route === "/api/v2/persons" && query.sort_by === "update_time"

const isAll = (request: Pick<LoggedRequest, "query" | "route">) =>
  isReading(request) && request.query.updated_since === undefined

const readings = (pipedrive: FakePipedrive) => pipedrive.requests.filter(isReading)

const tracked = Effect.gen(function* () {
  const users = yield* (yield* Gitpip).users({ after: 0, limit: 2_000 })
  return users.map(({ login }): string => login)
})

const poll = Effect.flatMap(Following, ({ poll }) => poll)

describe("persons that are followed", () => {
  it.effect("a server tracks a person who is given a GitHub username, within the interval, with that person", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (const login of ["ann", "bob"]) github.addUser(login)
        give(pipedrive, "ann")
        const later = pipedrive.addPerson({ name: "Later" })
        yield* Effect.gen(function* () {
          yield* elapse("1 minute")
          assert.deepStrictEqual(yield* tracked, ["ann"])
          pipedrive.changePerson(later, { custom_fields: { [field]: "https://github.com/bob" } })
          yield* elapse("1 hour")
          assert.deepStrictEqual(yield* tracked, ["ann", "bob"])
        }).pipe(Effect.provide(Layer.fresh(Worker.layer)), Effect.provideService(PollIntervals, rare))
        assert.strictEqual((yield* gitpip.user(name("bob"))).personId, later)
      })
    )
  )

  it.effect("cost one request an hour, which asks for what has changed alone", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        github.addUser("ann")
        give(pipedrive, "ann")
        yield* poll
        for (let hour = 0; hour < 3; hour++) {
          yield* elapse("1 hour")
          yield* poll
          yield* poll
        }
        const found = readings(pipedrive)
        assert.strictEqual(found.length, 4)
        assert.deepStrictEqual(
          found.map(({ query }) => query.updated_since !== undefined),
          [false, true, true, true]
        )
      })
    )
  )

  it.effect("are found within a day by the field that was deleted and made again", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const newField = "abcdef0123".repeat(4)
        for (const login of ["ann", "bob"]) github.addUser(login)
        give(pipedrive, "ann")
        yield* poll
        pipedrive.changeSetup({ personFields: [{ key: newField, name: "GitHub" }] })
        pipedrive.addPerson({ name: "Bob", custom_fields: { [newField]: "bob" } })
        // The first reading of all fails.
        pipedrive.injectFault({ kind: "status", status: 503 }, { when: (request) => isAll(request) })
        // Later changes, behind which the next reading begins.
        for (let hour = 0; hour < 25; hour++) {
          yield* elapse("1 hour")
          pipedrive.addPerson({ name: "Somebody" })
          yield* poll
        }
        assert.deepStrictEqual(yield* tracked, ["ann", "bob"])
        assert.strictEqual(pipedrive.count("GET", "/api/v2/personFields"), 2)
        assert.deepStrictEqual(
          readings(pipedrive).flatMap((request, n) => (isAll(request) ? [n] : [])),
          [0, 24, 25]
        )
      })
    )
  )

  it.effect("are read once between several servers", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        github.addUser("ann")
        give(pipedrive, "ann")
        yield* Effect.all([poll, Effect.provide(poll, services(settings))], { concurrency: 2 })
        assert.strictEqual(readings(pipedrive).length, 1)
        assert.deepStrictEqual(yield* tracked, ["ann"])
      })
    )
  )

  it.effect("who are many are read page by page, and an interrupted reading goes on where it was", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        for (let n = 0; n < 1_100; n++) {
          github.addUser(`user-${n}`)
          give(pipedrive, `user-${n}`)
        }
        pipedrive.injectFault(
          { kind: "status", status: 503 },
          { when: (request) => request.query.cursor !== undefined }
        )
        yield* poll
        assert.strictEqual((yield* tracked).length, 500)
        yield* elapse("2 minutes")
        yield* Effect.provide(poll, services(settings))
        assert.strictEqual((yield* tracked).length, 1_100)
        // The refused page is the one with which the other process went on.
        const cursors = readings(pipedrive).map(({ query }) => query.cursor)
        assert.strictEqual(cursors.length, 4)
        assert.strictEqual(cursors[1], cursors[2])
      })
    )
  )

  it.effect("do not come back when somebody untracked or forgot them, and do when a person tracks them", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const persons = ["ann", "bob"].map((login) => {
          github.addUser(login)
          return give(pipedrive, login)
        })
        yield* poll
        yield* gitpip.untrack(name("ann"))
        yield* gitpip.forget(name("bob"))
        yield* elapse("1 hour")
        for (const person of persons) pipedrive.changePerson(person, { name: "Another name" })
        yield* poll
        assert.deepStrictEqual(yield* tracked, [])
        yield* gitpip.track(name("bob"))
        assert.deepStrictEqual(yield* tracked, ["bob"])
      })
    )
  )

  it.effect("with a misspelt name are tracked once the name is right", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        github.addUser("octocat")
        const person = give(pipedrive, "octcat")
        yield* poll
        assert.deepStrictEqual(yield* tracked, [])
        yield* elapse("1 hour")
        pipedrive.changePerson(person, { custom_fields: { [field]: "octocat" } })
        yield* poll
        assert.deepStrictEqual(yield* tracked, ["octocat"])
      })
    )
  )

  for (const [how, options] of [
    ["by queries", followed],
    ["one by one", { ...followed, queries: false }]
  ] as const) {
    it.effect(`are tracked in the end although GitHub never answers ${how} for one of them`, () =>
      inWorld(layerPostgres, options, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          for (const login of ["odd-name", "ann", "zoe"]) github.addUser(login)
          for (const login of ["odd-name", "ann"]) give(pipedrive, login)
          yield* elapse("1 minute")
          for (let n = 0; n < 500; n++) pipedrive.addPerson({ name: `Person ${n}` })
          yield* elapse("1 minute")
          give(pipedrive, "zoe")
          github.injectFault(
            { kind: "status", status: 500 },
            { times: 1_000, when: ({ body, path }) => JSON.stringify([path, body]).includes("odd-name") }
          )
          // An outage of an hour has no unknown name tracked.
          for (let n = 0; n < 6; n++) {
            yield* poll
            yield* elapse("15 minutes")
          }
          assert.deepStrictEqual(yield* tracked, ["ann"])
          for (let n = 0; n < 8; n++) {
            yield* poll
            yield* elapse("15 minutes")
          }
          assert.sameMembers(yield* tracked, ["ann", "odd-name", "zoe"])
        })
      )
    )
  }

  it.effect("hold up no publishing while Pipedrive does not list them", () =>
    inWorld(layerPostgres, followed, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "1" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        pipedrive.injectFault({ kind: "status", status: 403, body: {} }, { when: isReading, times: 1_000 })
        for (let n = 0; n < 4; n++) {
          yield* poll
          yield* elapse("1 minute")
        }
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 1)
        // The wait grows.
        assert.isAtMost(readings(pipedrive).length, 3)
      })
    )
  )

  it.effect("are followed when the settings say so, and not otherwise", () =>
    inWorld(layerPostgres, { env: { GITPIP_PERSON_FIELD: "GitHub" } }, () =>
      Effect.gen(function* () {
        assert.isFalse((yield* Following).on)
      })
    )
  )
})
