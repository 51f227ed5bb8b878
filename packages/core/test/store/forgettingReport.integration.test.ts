/** Forgetting a user names every activity and deal that stands in Pipedrive, or may stand there. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { given, isDealCreate, isLeadCreate } from "../publish/publishing.ts"
import { inWorld, name, passTime } from "../world.ts"

const ann = name("ann")

describe("what forgetting a user names in Pipedrive", () => {
  const asDeals = { env: { GITPIP_PUBLISH_AS: "deal" } }

  it.effect("forgetting a user whose files became deals names deals, and no activity", () =>
    inWorld(layerPostgres, asDeals, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one", "b.md": "two" })
        yield* gitpip.publish
        const { activities, deals, unconfirmed } = yield* gitpip.forget(ann)
        assert.lengthOf(deals, 2)
        assert.sameMembers(
          [...deals],
          pipedrive.deals.map(({ id }) => id)
        )
        assert.deepStrictEqual([activities, unconfirmed], [[], []])
      })
    )
  )

  it.effect("forgetting a user whose files became leads names the leads and the person, and perhaps a lead", () =>
    inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: "lead" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        yield* gitpip.publish
        github.addGist("ann", { files: { "b.md": "two" } })
        yield* gitpip.scan()
        pipedrive.injectFault({ kind: "lost" }, { when: isLeadCreate })
        yield* gitpip.publish
        const { activities, deals, leads, persons, unconfirmed } = yield* gitpip.forget(ann)
        assert.deepStrictEqual([activities, deals], [[], []])
        assert.deepStrictEqual([...leads], [pipedrive.leads[0]?.id])
        assert.deepStrictEqual([...persons], [pipedrive.persons[0]?.id])
        assert.deepStrictEqual(
          unconfirmed.map(({ item }) => item),
          ["lead"]
        )
      })
    )
  )

  it.effect("forgetting a user names perhaps a deal about a file when the deal's creation was not confirmed", () =>
    inWorld(layerPostgres, asDeals, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* gitpip.publish
        const { activities, deals, unconfirmed } = yield* gitpip.forget(ann)
        assert.deepStrictEqual([activities, deals], [[], []])
        assert.deepStrictEqual(
          unconfirmed.map(({ item }) => item),
          ["deal"]
        )
        assert.include(unconfirmed[0]?.about, "gist")
      })
    )
  )

  it.effect("forgetting a user names perhaps a deal when the creation of the user's deal was not confirmed", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* gitpip.publish
        assert.lengthOf(pipedrive.deals, 1)
        const { activities, deals, unconfirmed } = yield* gitpip.forget(ann)
        assert.deepStrictEqual([activities, deals], [[], []])
        assert.deepStrictEqual(unconfirmed, [{ item: "deal", about: "ann" }])
      })
    )
  )

  it.effect("forgetting a user names the deals that were replaced, beside the present one", () =>
    inWorld(layerPostgres, { env: { GITPIP_DEAL_CLOSED: "replace" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        yield* gitpip.publish
        for (const { id } of pipedrive.deals) pipedrive.changeDeal(id, { status: "won" })
        yield* passTime("25 hours")
        github.addGist("ann", { files: { "b.md": "two" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.lengthOf(pipedrive.deals, 2)
        const { activities, deals } = yield* gitpip.forget(ann)
        assert.lengthOf(activities, 2)
        assert.sameMembers(
          [...deals],
          pipedrive.deals.map(({ id }) => id)
        )
      })
    )
  )

  it.effect("forgetting a user names no deal and no person that another user has, too", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const [earlier, deal] = [pipedrive.addDeal({ title: "Old customer" }), pipedrive.addDeal({ title: "Customer" })]
        const person = pipedrive.addPerson({ name: "Boss" })
        yield* given(github, { "a.md": "one" })
        yield* given(github, { "b.md": "two" }, "bob")
        for (const login of [ann, name("bob")]) yield* gitpip.track(login, { deal: earlier, person })
        yield* gitpip.publish
        // A file of the other user stays on the earlier deal.
        yield* gitpip.track(name("bob"), { deal: "default" })
        yield* gitpip.track(ann, { deal })
        const { activities, ...first } = yield* gitpip.forget(ann)
        assert.lengthOf(activities, 1)
        assert.deepInclude(first, { deals: [], persons: [], chosenDeals: [deal], chosenPersons: [] })
        // Nobody has the earlier deal besides now.
        assert.deepInclude(yield* gitpip.forget(name("bob")), {
          deals: [earlier],
          persons: [],
          chosenPersons: [person]
        })
      })
    )
  )

  it.effect("forgetting a user names the deal and the person that chosen ones replaced", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        yield* gitpip.publish
        const [own = 0, person = 0] = [...pipedrive.deals, ...pipedrive.persons].map(({ id }) => id)
        const choose = () => ({
          deal: pipedrive.addDeal({ title: "Customer" }),
          person: pipedrive.addPerson({ name: "Boss" })
        })
        const [first, second] = [choose(), choose()]
        for (const chosen of [first, second, second]) yield* gitpip.track(ann, chosen)
        assert.deepInclude(yield* gitpip.forget(ann), {
          deals: [own],
          persons: [person],
          chosenDeals: [second.deal],
          chosenPersons: [second.person]
        })
      })
    )
  )

  it.effect("forgetting a user says whether the user was forgotten before", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "one" })
        yield* gitpip.publish
        assert.isFalse((yield* gitpip.forget(ann)).wasForgotten)
        yield* gitpip.track(ann)
        yield* gitpip.track(name("bob"))
        assert.deepInclude(yield* gitpip.forget(ann), { activities: [], persons: [], wasForgotten: true })
        assert.isFalse((yield* gitpip.forget(name("bob"))).wasForgotten)
        // A renamed account is known by its files.
        github.renameUser("ann", "anna")
        yield* gitpip.track(name("anna"))
        yield* gitpip.scan()
        assert.isTrue((yield* gitpip.forget(name("anna"))).wasForgotten)
      })
    )
  )
})
