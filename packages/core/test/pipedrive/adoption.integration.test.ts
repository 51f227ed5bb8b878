/** Which of people's deals a user's activities go to, and what happens when several would do or the deal is closed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { DealInput, FakePipedrive } from "../../src/testing/FakePipedrive.ts"
import type { Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { given, isCreate } from "../publish/publishing.ts"
import { inWorld, passTime } from "../world.ts"
import { attemptsOf, publicationOf, reaches, work } from "./working.ts"

const activityOf = ({ activities }: FakePipedrive, file: string) => activities.find(({ subject }) => subject === file)
const dealsOf = (pipedrive: FakePipedrive, ...files: ReadonlyArray<string>) =>
  files.map((file) => activityOf(pipedrive, file)?.deal_id ?? 0)

const searches = { method: "GET", route: "/api/v2/deals/search" } as const

describe("a deal that a person made", () => {
  for (const [what, own] of [
    ["in another case", { title: "ANN" }],
    ["with a space at its end", { title: "Ann " }],
    ["as Pipedrive proposes it", { title: "Ann deal" }]
  ] as const) {
    it.effect(`is adopted when it is titled ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const deal = pipedrive.addDeal(own)
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          assert.lengthOf(pipedrive.deals, 1)
          assert.strictEqual(pipedrive.activities[0]?.deal_id, deal)
        })
      )
    )
  }

  for (const [what, own] of [
    ["lost", { status: "lost" }],
    ["won", { status: "won" }],
    ["archived", { is_archived: true }],
    ["in another pipeline", { pipeline_id: 1, stage_id: 1 }]
  ] as ReadonlyArray<readonly [string, Partial<DealInput>]>) {
    it.effect(`is not adopted when it is ${what}: the user gets a deal of its own`, () =>
      inWorld(
        layerPostgres,
        {
          env: { GITPIP_DEAL_PIPELINE: "Developers" },
          pipedrive: {
            setup: {
              pipelines: [
                { id: 1, name: "Sales" },
                { id: 2, name: "Developers" }
              ],
              stages: [
                { id: 1, name: "New", pipeline_id: 1 },
                { id: 2, name: "New", pipeline_id: 2 }
              ]
            }
          }
        },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const other = pipedrive.addDeal({ title: "ann", pipeline_id: 2, stage_id: 2, ...own })
            yield* given(github, { "a.md": "1" })
            yield* (yield* Gitpip).publish
            assert.lengthOf(pipedrive.deals, 2)
            assert.notStrictEqual(pipedrive.activities[0]?.deal_id, other)
            assert.strictEqual(pipedrive.deals[1]?.pipeline_id, 2)
          })
      )
    )
  }

  for (const [title, count] of [
    ["Ann", 2],
    ["ann deal", 3]
  ] as const) {
    it.effect(`is found among more deals that hold the login than one search shows: ${title}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          for (let n = 0; n < 120; n++) pipedrive.addDeal({ title: `annual report ${n}` })
          const deal = pipedrive.addDeal({ title })
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          assert.strictEqual(pipedrive.activities[0]?.deal_id, deal)
          assert.strictEqual(pipedrive.count(searches.method, searches.route), count)
        })
      )
    )
  }

  for (const [title, env] of [
    ["X", {}],
    ["x deal", {}],
    ["GitHub: x", { GITPIP_DEAL_TITLE: "GitHub: {login}" }],
    ["GitHub: x", { GITPIP_DEAL_TITLE: "GitHub: {login}", GITPIP_DEAL_FIELD: "GitHub" }]
  ] as const) {
    it.effect(`of a login with one letter is adopted: ${title} (${Object.keys(env).join(" and ") || "defaults"})`, () =>
      inWorld(
        layerPostgres,
        { env, pipedrive: { setup: { dealFields: [{ key: "0123456789".repeat(4), name: "GitHub" }] } } },
        ({ github, pipedrive }) =>
          Effect.gen(function* () {
            const deal = pipedrive.addDeal({ title })
            yield* given(github, { "a.md": "1" }, "x")
            yield* (yield* Gitpip).publish
            assert.strictEqual(pipedrive.activities[0]?.deal_id, deal)
          })
      )
    )
  }
})

describe("several open deals that may be a user's", () => {
  it.effect("let that user's files wait with a message that names them, and others' files go on", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        const [first, second] = [pipedrive.addDeal({ title: "ann" }), pipedrive.addDeal({ title: "Ann " })]
        yield* given(github, { "a.md": "1", "b.md": "2" })
        yield* given(github, { "bob.md": "1" }, "bob")
        yield* (yield* Gitpip).publish
        assert.strictEqual((yield* publicationOf("bob.md")).state, "published")
        const waiting = yield* publicationOf("a.md")
        assert.strictEqual(waiting.state, "pending")
        assert.strictEqual(
          waiting.errorMessage,
          `Pipedrive has 2 open deals that may be ann's: "ann" (${first}), "Ann" (${second}). Close, merge or rename all but one, or name one by \`gitpip track ann --deal ID\`; the files are sent then`
        )
        assert.strictEqual(
          pipedrive.activities.filter(({ deal_id }) => deal_id === first || deal_id === second).length,
          0
        )
        yield* reaches(world, "bob", "bob-2.md")
      })
    )
  )

  it.effect("cost one search an hour for all files of the user", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        for (const title of ["ann", "Ann "]) pipedrive.addDeal({ title })
        yield* given(github, Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}.md`, "1"])))
        yield* work("50 minutes", "5 minutes")
        assert.strictEqual(pipedrive.count(searches.method, searches.route), 1)
      })
    )
  )

  it.effect("become the one deal of the user's files within an hour after a person closes the others", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const [first, second] = [pipedrive.addDeal({ title: "ann" }), pipedrive.addDeal({ title: "Ann " })]
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        pipedrive.changeDeal(first, { status: "lost" })
        yield* work("62 minutes", "1 minute")
        assert.strictEqual((yield* publicationOf("a.md")).state, "published")
        assert.strictEqual(pipedrive.activities[0]?.deal_id, second)
        assert.lengthOf(pipedrive.deals, 2)
      })
    )
  )
})

describe("a user's deal that is won or lost", () => {
  const closed = (env: Record<string, string>, status: "won" | "lost") =>
    inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const deal = pipedrive.deals[0]?.id ?? 0
        pipedrive.changeDeal(deal, { status })
        yield* passTime("25 hours")
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.isNotEmpty(yield* attemptsOf("b.md"))
        return { isSame: pipedrive.activities.at(-1)?.deal_id === deal, deals: pipedrive.deals.length }
      })
    )

  for (const status of ["won", "lost"] as const) {
    it.effect(`stays the user's deal when it is ${status}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* closed({}, status), { isSame: true, deals: 1 })
      })
    )

    it.effect(`is replaced when it is ${status} and GITPIP_DEAL_CLOSED says so, within a day`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* closed({ GITPIP_DEAL_CLOSED: "replace" }, status), { isSame: false, deals: 2 })
      })
    )
  }
})

describe("a user's deal that a person merges into another", () => {
  it.effect("is followed to the deal that survives, whatever its title and state", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        const survivor = pipedrive.addDeal({ title: "Acme: big contract", status: "won" })
        pipedrive.mergeDeal(pipedrive.deals[0]?.id ?? 0, survivor)
        yield* reaches(world, "ann", "b.md")
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [survivor, survivor]
        )
        assert.lengthOf(pipedrive.deals, 1)
      })
    )
  )

  for (const files of [["a.md"], ["a.md", "b.md"]]) {
    it.effect(`after the answer to file ${files.length} was lost is followed, and the file is there once`, () =>
      inWorld(layerPostgres, {}, (world) =>
        Effect.gen(function* () {
          const { github, pipedrive } = world
          const gitpip = yield* Gitpip
          const deal = pipedrive.addDeal({ title: "ann" })
          for (const file of files) {
            yield* given(github, { [file]: "1" })
            if (file === files.at(-1)) pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
            yield* gitpip.publish
          }
          const survivor = pipedrive.addDeal({ title: "Acme: big contract" })
          pipedrive.mergeDeal(deal, survivor)
          yield* work("10 minutes", "1 minute")
          yield* reaches(world, "ann", "c.md")
          assert.deepStrictEqual(
            pipedrive.activities.map(({ deal_id, subject }) => [subject, deal_id]),
            [...files, "c.md"].map((file) => [file, survivor])
          )
          assert.lengthOf(pipedrive.deals, 1)
        })
      )
    )
  }

  it.effect("is replaced by a deal of the user's title when the survivor is deleted as well", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        const survivor = pipedrive.addDeal({ title: "Acme: big contract" })
        pipedrive.mergeDeal(pipedrive.deals[0]?.id ?? 0, survivor)
        pipedrive.deleteDeal(survivor)
        yield* reaches(world, "ann", "b.md")
        assert.deepStrictEqual(
          pipedrive.deals.map(({ title }) => title),
          ["ann"]
        )
      })
    )
  )

  for (const [what, fault] of [
    ["a server error", { kind: "status", status: 500 }],
    ["a limit", { kind: "burst-limit" }],
    ["a closed connection", { kind: "reset" }]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`is followed when the first read of its activity meets ${what}`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          yield* (yield* Gitpip).publish
          const survivor = pipedrive.addDeal({ title: "Acme: big contract" })
          pipedrive.mergeDeal(pipedrive.deals[0]?.id ?? 0, survivor)
          pipedrive.injectFault(fault, {
            when: ({ method, route }) => method === "GET" && route === "/api/v2/activities/{id}"
          })
          yield* given(github, { "b.md": "2" })
          yield* work("2 hours", "1 minute")
          assert.deepStrictEqual(dealsOf(pipedrive, "a.md", "b.md"), [survivor, survivor])
        })
      )
    )
  }

  it.effect("is followed when its newest activity was deleted before", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        yield* reaches(world, "ann", "b.md")
        const survivor = pipedrive.addDeal({ title: "Acme: big contract" })
        pipedrive.deleteActivity(activityOf(pipedrive, "b.md")?.id ?? 0)
        pipedrive.mergeDeal(pipedrive.deals[0]?.id ?? 0, survivor)
        yield* reaches(world, "ann", "c.md")
        assert.deepStrictEqual(dealsOf(pipedrive, "c.md"), [survivor])
      })
    )
  )

  it.effect("is followed to the deal of another user, when two activities show it", () =>
    inWorld(layerPostgres, {}, (world) =>
      Effect.gen(function* () {
        const { github, pipedrive } = world
        yield* given(github, { "a.md": "1", "b.md": "2" })
        yield* given(github, { "bob.md": "1" }, "bob")
        yield* (yield* Gitpip).publish
        const [own, other] = dealsOf(pipedrive, "a.md", "bob.md")
        pipedrive.mergeDeal(own ?? 0, other ?? 0)
        yield* reaches(world, "ann", "c.md")
        assert.deepStrictEqual(dealsOf(pipedrive, "c.md"), [other])
      })
    )
  )
})

describe("an activity that a person moved to another user's deal", () => {
  const move = (pipedrive: FakePipedrive, file: string, deal: number) =>
    Effect.promise(() =>
      fetch(new URL(`/api/v2/activities/${activityOf(pipedrive, file)?.id}`, pipedrive.url), {
        method: "PATCH",
        headers: { "x-api-token": pipedrive.token, "content-type": "application/json" },
        body: JSON.stringify({ deal_id: deal })
      }).then((response) => assert.isTrue(response.ok))
    )

  for (const [what, files, end] of [
    ["lost", ["a.md"], (pipedrive, deal) => pipedrive.changeDeal(deal, { status: "lost" })],
    ["deleted", ["a.md"], (pipedrive, deal) => pipedrive.deleteDeal(deal)],
    ["deleted with an older activity", ["a.md", "b.md"], (pipedrive, deal) => pipedrive.deleteDeal(deal)]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<string>, (pipedrive: FakePipedrive, deal: number) => void]>) {
    it.effect(`is no merge: the next deal of a user whose deal is ${what} has the user's title`, () =>
      inWorld(layerPostgres, { env: { GITPIP_DEAL_CLOSED: "replace" } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "bob.md": "1" }, "bob")
          for (const file of files) yield* given(github, { [file]: "1" })
          yield* (yield* Gitpip).publish
          const [own = 0, other = 0] = dealsOf(pipedrive, "a.md", "bob.md")
          yield* move(pipedrive, files.at(-1) ?? "", other)
          end(pipedrive, own)
          yield* passTime("25 hours")
          yield* given(github, { "c.md": "1" })
          yield* work("1 hour", "1 minute")
          const [next] = dealsOf(pipedrive, "c.md")
          assert.strictEqual(pipedrive.deals.find(({ id }) => id === next)?.title, "ann")
          assert.notStrictEqual(next, own)
        })
      )
    )
  }
})
