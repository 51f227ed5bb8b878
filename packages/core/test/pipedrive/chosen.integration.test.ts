/** Files go to the deal and the person that a person named for the user. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { given, isCreate, isDealCreate } from "../publish/publishing.ts"
import { inWorld, name } from "../world.ts"
import { publicationOf, work } from "./working.ts"

const ann = name("ann")

describe("the deal that a person named for a user", () => {
  it.effect("gets the user's files at once, without a search, although another deal is on record", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const searches = pipedrive.count("GET", "/api/v2/deals/search")
        const deal = pipedrive.addDeal({ title: "Big customer" })
        const { created } = yield* gitpip.track(ann, { deal })
        assert.isFalse(created)
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [1, deal]
        )
        assert.strictEqual(pipedrive.count("GET", "/api/v2/deals/search"), searches)
        assert.strictEqual((yield* gitpip.user(ann)).dealId, deal)
      })
    )
  )

  it.effect("stays the user's when it is lost and GITPIP_DEAL_CLOSED=replace", () =>
    inWorld(layerPostgres, { env: { GITPIP_DEAL_CLOSED: "replace" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const deal = pipedrive.addDeal({ title: "Big customer", status: "lost" })
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "1" } })
        yield* gitpip.track(ann, { deal })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [deal]
        )
      })
    )
  )

  it.effect("is taken back with the word default: the next file goes to the deal that Gitpip finds", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const [found, deal] = [pipedrive.addDeal({ title: "ann" }), pipedrive.addDeal({ title: "Big customer" })]
        const person = pipedrive.addPerson({ name: "Boss" })
        yield* gitpip.track(ann, { deal, person })
        assert.deepInclude(yield* gitpip.user(ann), {
          dealId: deal,
          isDealChosen: true,
          personId: person,
          isPersonChosen: true
        })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        yield* gitpip.track(ann, { deal: "default", person: "default" })
        assert.deepInclude(yield* gitpip.user(ann), {
          dealId: null,
          isDealChosen: false,
          personId: null,
          isPersonChosen: false
        })
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id, person_id }) => [deal_id, person_id]),
          [
            [deal, person],
            [found, null]
          ]
        )
        // A deal that nobody chose stays.
        yield* gitpip.track(ann, { deal: "default" })
        assert.deepInclude(yield* gitpip.user(ann), { dealId: found, isDealChosen: false })
      })
    )
  )

  it.effect("is given up for another when it is deleted later", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const deal = pipedrive.addDeal({ title: "Big customer" })
        yield* gitpip.track(ann, { deal })
        pipedrive.deleteDeal(deal)
        yield* given(github, { "a.md": "1" })
        yield* work("5 minutes", "1 minute")
        assert.strictEqual((yield* publicationOf("a.md")).state, "published")
        assert.strictEqual(pipedrive.activities[0]?.deal_id, pipedrive.deals.at(-1)?.id)
        assert.notStrictEqual(pipedrive.activities[0]?.deal_id, deal)
      })
    )
  )

  it.effect("leaves no second deal: one whose creation was under way is deleted", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const deal = pipedrive.addDeal({ title: "Big customer" })
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "late" }, { when: isDealCreate })
        const publishing = yield* Effect.forkChild(gitpip.publish)
        yield* pipedrive.seen(1, isDealCreate)
        yield* gitpip.track(ann, { deal })
        pipedrive.release()
        yield* Fiber.join(publishing)
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.deals.map(({ id }) => id),
          [deal]
        )
      })
    )
  )
})

describe("the person whom somebody named for a user", () => {
  it.effect("takes part in the activities, whomever the deal names, and a new deal names that person", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const [person, other] = [pipedrive.addPerson({ name: "Ann" }), pipedrive.addPerson({ name: "Other" })]
        yield* gitpip.track(ann, { person })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        assert.strictEqual(pipedrive.deals[0]?.person_id, person)
        const deal = pipedrive.addDeal({ title: "Big customer", person_id: other })
        yield* gitpip.track(ann, { deal })
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id, person_id }) => [deal_id, person_id]),
          [
            [1, person],
            [deal, person]
          ]
        )
        assert.lengthOf(pipedrive.persons, 2)
        assert.strictEqual((yield* gitpip.user(ann)).personId, person)
      })
    )
  )
})

describe("a deal or a person that Pipedrive does not have", () => {
  it.effect("is an error at once, and the user is not tracked", () =>
    inWorld(layerPostgres, {}, ({ pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const archived = pipedrive.addDeal({ title: "Old", is_archived: true })
        const error = yield* Effect.flip(gitpip.track(ann, { deal: archived, person: 99 }))
        assert.strictEqual(error._tag, "TargetNotFound")
        assert.strictEqual(
          error.message,
          `Pipedrive's deal ${archived} is archived; Pipedrive's person 99 is deleted, or hidden from the token's user`
        )
        assert.strictEqual((yield* Effect.flip(gitpip.user(ann)))._tag, "UserNotTracked")
      })
    )
  )

  it.effect("is taken as it is while Pipedrive does not answer", () =>
    inWorld(layerPostgres, {}, ({ pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.injectFault({ kind: "status", status: 503 })
        yield* gitpip.track(ann, { deal: 7 })
        assert.strictEqual((yield* gitpip.user(ann)).dealId, 7)
      })
    )
  )
})

describe("files that wait when a person chooses", () => {
  for (const [kind, env, message] of [
    ["deal", {}, "2 open deals"],
    ["person", { GITPIP_PUBLISH_AS: "lead", GITPIP_PERSON: "link" }, "no person"]
  ] as const) {
    it.effect(`are published at once with the ${kind} that they waited for, and other users' files wait on`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          for (const title of ["ann", "Ann", "bob", "Bob"]) pipedrive.addDeal({ title })
          yield* given(github, { "a.md": "1", "b.md": "2" })
          yield* given(github, { "bob.md": "1" }, "bob")
          yield* gitpip.publish
          assert.include((yield* publicationOf("a.md")).errorMessage, message)
          const others = yield* publicationOf("bob.md")
          const chosen = kind === "deal" ? pipedrive.deals[0]?.id : pipedrive.addPerson({ name: "Boss" })
          yield* gitpip.track(ann, { [kind]: chosen })
          yield* gitpip.publish
          for (const file of ["a.md", "b.md"]) assert.strictEqual((yield* publicationOf(file)).state, "published", file)
          assert.deepStrictEqual(yield* publicationOf("bob.md"), others)
        })
      )
    )
  }

  it.effect("wait on for the lookup when their answer was lost", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* gitpip.publish
        const before = yield* publicationOf("a.md")
        assert.strictEqual(before.state, "pending")
        yield* gitpip.track(ann, { deal: pipedrive.addDeal({ title: "Customer" }) })
        assert.deepStrictEqual(yield* publicationOf("a.md"), before)
      })
    )
  )
})
