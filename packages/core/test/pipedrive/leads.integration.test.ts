/** One lead for each file with `GITPIP_PUBLISH_AS=lead`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import * as SentItems from "../../src/pipedrive/sentItems.ts"
import type { FakePipedrive, Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { drainLate, given, isLeadCreate, isPersonCreate, outcomes } from "../publish/publishing.ts"
import { inWorld, name, type WorldOptions } from "../world.ts"
import { world } from "./client.ts"
import { setup } from "./placedSetup.ts"
import { attemptsOf, forever, isNote, page, publicationOf, refusal, says, work } from "./working.ts"

const asLeads = { GITPIP_PUBLISH_AS: "lead" }
const inLeads = (options: WorldOptions, use: Parameters<typeof inWorld>[2]) =>
  inWorld(layerPostgres, { ...options, env: { ...asLeads, ...options.env } }, use)

const onlyLead = ({ leads }: FakePipedrive) => {
  const [lead] = leads
  if (lead === undefined || leads.length > 1) throw new Error(`there are ${leads.length} leads`)
  return lead
}

/** Long enough for every lookup and audit that follows a lost response. */
const settleAll = Effect.gen(function* () {
  for (const after of ["2 minutes", "5 minutes", "15 minutes", "2 hours"] as const) yield* drainLate(after)
})

describe("a file", () => {
  it.effect("becomes a lead of the user's person, with the content as its note", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one", "b.md": "two" })
        yield* (yield* Gitpip).publish
        assert.lengthOf(pipedrive.leads, 2)
        assert.deepStrictEqual([pipedrive.deals.length, pipedrive.activities.length], [0, 0])
        const [person, ...others] = pipedrive.persons
        assert.deepStrictEqual([person?.name, others], ["ann", []])
        for (const { id, origin_id, person_id, title } of pipedrive.leads) {
          assert.strictEqual(person_id, person?.id)
          assert.match(title, /^[ab]\.md · ann · /)
          assert.match(origin_id ?? "", /^gitpip-[0-9a-f]{10}$/)
          const [note, ...more] = pipedrive.notes.filter(({ lead_id }) => lead_id === id)
          assert.match(note?.content ?? "", title.startsWith("a.md") ? /one$/ : /two$/)
          assert.deepStrictEqual(more, [])
        }
      })
    )
  )

  it.effect("becomes a lead with the owner, labels and visibility of the settings", () =>
    inLeads(
      {
        env: { GITPIP_LEAD_OWNER: "Ann", GITPIP_LEAD_LABELS: "hot, Cold", GITPIP_LEAD_VISIBILITY: "Item owner" },
        pipedrive: { setup }
      },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "one" })
          yield* (yield* Gitpip).publish
          const { label_ids, owner_id, visible_to } = onlyLead(pipedrive)
          assert.deepStrictEqual([owner_id, visible_to], [12, "1"])
          assert.deepStrictEqual(
            label_ids.map((label) => label.slice(0, 8)),
            ["f08b42a0", "f08b42a2"]
          )
        })
    )
  )

  it.effect("becomes a lead of the person that somebody named for the user", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const person = pipedrive.addPerson({ name: "Somebody" })
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "1" } })
        yield* gitpip.track(name("ann"), { person })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.strictEqual(onlyLead(pipedrive).person_id, person)
        assert.lengthOf(pipedrive.persons, 1)
      })
    )
  )

  it.effect("becomes a lead of the person that somebody names after a first lead", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const person = pipedrive.addPerson({ name: "Somebody" })
        yield* gitpip.track(name("ann"), { person })
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.strictEqual(pipedrive.leads.at(-1)?.person_id, person)
        assert.lengthOf(pipedrive.leads, 2)
      })
    )
  )

  it.effect("costs 20 tokens, and its user's first one the person as well", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const first = pipedrive.tokensSpent
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.deepStrictEqual([first, pipedrive.tokensSpent - first], [25, 20])
      })
    )
  )

  it.effect("waits with GITPIP_PERSON=link until somebody adds the person, for one search a day and user", () =>
    inLeads({ env: { GITPIP_PERSON: "link" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2" })
        github.setProfile("ann", { name: "Ann Example" })
        yield* gitpip.refreshProfiles
        yield* gitpip.publish
        const { attempts, state } = yield* outcomes
        assert.deepStrictEqual([state, attempts], ["pending", []])
        assert.match((yield* publicationOf("a.md")).errorMessage ?? "", /no person for ann, and a lead needs one/)
        yield* drainLate("20 hours")
        assert.strictEqual(pipedrive.count("GET", "/api/v2/persons/search"), 1)
        pipedrive.addPerson({ name: "Ann Example" })
        yield* drainLate("5 hours")
        assert.lengthOf(pipedrive.leads, 2)
        assert.lengthOf(pipedrive.persons, 1)
      })
    )
  )
})

describe("a lead whose creation is in doubt", () => {
  for (const [what, fault, when] of [
    ["of the lead", { kind: "lost" }, isLeadCreate],
    ["of a lead that was not made", { kind: "reset" }, isLeadCreate],
    ["of the note", { kind: "lost" }, isNote],
    ["of a note that was not made", { kind: "reset" }, isNote],
    ["of the person", { kind: "lost" }, isPersonCreate]
  ] as const) {
    it.effect(`is there once after a lost response ${what}`, () =>
      inLeads({}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "one" })
          pipedrive.injectFault(fault, { when })
          yield* (yield* Gitpip).publish
          yield* settleAll
          assert.strictEqual((yield* outcomes).state, "published")
          const { id } = onlyLead(pipedrive)
          assert.lengthOf(pipedrive.persons, 1)
          assert.strictEqual(pipedrive.notes.filter(({ lead_id }) => lead_id === id).length, 1)
        })
      )
    )
  }

  it.effect("is there once when Pipedrive made it twice", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "twice" }, { when: isLeadCreate })
        yield* (yield* Gitpip).publish
        yield* settleAll
        assert.strictEqual((yield* outcomes).state, "published")
        assert.strictEqual((yield* publicationOf("a.md")).remoteId, onlyLead(pipedrive).id)
        assert.strictEqual(pipedrive.count("DELETE", "/api/v1/leads/{id}"), 1)
      })
    )
  )

  for (const [what, change] of [
    ["given another title", { title: "A promising programmer" }],
    ["archived", { is_archived: true }],
    ["given another title and archived", { title: "Mine", is_archived: true }]
  ] as const) {
    it.effect(`is found when a person has ${what} meanwhile, and stays so`, () =>
      inLeads({}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "one" })
          pipedrive.injectFault({ kind: "lost" }, { when: isLeadCreate })
          yield* (yield* Gitpip).publish
          pipedrive.changeLead(onlyLead(pipedrive).id, change)
          yield* settleAll
          assert.deepInclude({ ...onlyLead(pipedrive) }, change)
          const { remoteId, state } = yield* publicationOf("a.md")
          assert.deepStrictEqual([state, remoteId], ["published", onlyLead(pipedrive).id])
          assert.strictEqual(pipedrive.count("POST", "/api/v1/leads"), 1)
        })
      )
    )
  }

  for (const [what, isRenamed] of [
    ["", false],
    [", and its user was renamed", true]
  ] as const) {
    it.effect(`is found as a deal when a person has converted it meanwhile${what}, and the deal gets the note`, () =>
      inLeads({}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "one" })
          pipedrive.injectFault({ kind: "lost" }, { when: isLeadCreate })
          yield* gitpip.publish
          const deal = pipedrive.convertLead(onlyLead(pipedrive).id)
          if (isRenamed) {
            github.renameUser("ann", "anna")
            yield* gitpip.scan()
          }
          yield* settleAll
          const { remoteId, state } = yield* publicationOf("a.md")
          assert.deepStrictEqual([state, remoteId], ["published", `deal:${deal}`])
          assert.deepStrictEqual([pipedrive.leads.length, pipedrive.deals.length], [0, 1])
          assert.strictEqual(pipedrive.notes.filter(({ deal_id }) => deal_id === deal).length, 1)
        })
      )
    )
  }

  it.effect("costs one list of leads, one of archived leads, and the notes", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one" })
        pipedrive.injectFault({ kind: "lost" }, { when: isLeadCreate })
        yield* (yield* Gitpip).publish
        const before = pipedrive.tokensSpent
        yield* settleAll
        assert.strictEqual(pipedrive.tokensSpent - before, 20 + 20 + 20 + 10)
      })
    )
  )
})

describe("a published lead", () => {
  for (const [what, change] of [
    ["archives", (pipedrive: FakePipedrive, id: string) => pipedrive.changeLead(id, { is_archived: true })],
    ["converts", (pipedrive: FakePipedrive, id: string) => void pipedrive.convertLead(id)]
  ] as const) {
    it.effect(`stays published when a person ${what} it, and no second lead is made`, () =>
      inLeads({}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "one" })
          // An audit searches for twins later.
          pipedrive.injectFault({ kind: "reset" }, { when: isLeadCreate })
          yield* gitpip.publish
          yield* drainLate("2 minutes")
          yield* drainLate("5 minutes")
          const { id } = onlyLead(pipedrive)
          change(pipedrive, id)
          const deals = pipedrive.deals.length
          yield* settleAll
          yield* gitpip.scan()
          yield* gitpip.publish
          const { remoteId, state } = yield* publicationOf("a.md")
          assert.deepStrictEqual([state, remoteId], ["published", id])
          assert.isAtMost(pipedrive.leads.length, 1)
          assert.strictEqual(pipedrive.deals.length, deals)
          assert.strictEqual(pipedrive.count("DELETE", "/api/v2/deals/{id}"), 0)
        })
      )
    )
  }
})

describe("a duplicate", () => {
  for (const [what, target, left] of [
    ["that is the deal of a converted lead stays", SentItems.targetOfLeads(1), 1],
    ["that is the deal of a file is deleted", "", 0]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { deal, fake, pipedrive } = yield* world()
        const { deleteDuplicate, duplicateId } = SentItems.make(pipedrive)
        const remoteId = target === "" ? `${deal}` : `deal:${deal}`
        yield* deleteDuplicate(duplicateId(remoteId, target))
        assert.lengthOf(fake.deals, left)
      })
    )
  }
})

describe("a lead that Pipedrive refuses", () => {
  it.effect("because of its person, who is deleted, goes to another person", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const [old] = pipedrive.persons
        pipedrive.deletePerson(old?.id ?? 0)
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* work("10 minutes", "1 minute")
        assert.strictEqual((yield* publicationOf("b.md")).state, "published")
        const [person] = pipedrive.persons
        assert.notStrictEqual(person?.id, old?.id)
        assert.strictEqual(pipedrive.leads.at(-1)?.person_id, person?.id)
      })
    )
  )

  it.effect("because of a cap of the plan keeps the person that somebody named for the user", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const person = pipedrive.addPerson({ name: "Somebody" })
        yield* given(github, { "a.md": "1" })
        yield* gitpip.track(name("ann"), { person })
        pipedrive.injectFault(refusal(403, "The limit of leads is reached. Contact your administrator"), {
          when: isLeadCreate,
          times: forever
        })
        yield* gitpip.publish
        pipedrive.clearFaults()
        yield* gitpip.retryFailed
        yield* work("30 minutes", "1 minute")
        assert.strictEqual(onlyLead(pipedrive).person_id, person)
      })
    )
  )

  it.effect("with a word of persons, who is still there, keeps the person", () =>
    inLeads({}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault(refusal(400, "Required field: contact source"), { when: isLeadCreate, times: forever })
        yield* work("30 minutes", "1 minute")
        assert.match((yield* publicationOf("a.md")).errorMessage ?? "", /contact source/)
        assert.lengthOf(pipedrive.requests.filter(isLeadCreate), 1)
      })
    )
  )

  for (const [what, fault, text, note] of [
    ["a note that is too long", refusal(400, "Note content is too long"), "", undefined],
    ["a note that a right is missing for", refusal(403, "No permission"), "", undefined],
    ["a note whose text is refused", refusal(400, "Note content is too long"), "a fixed word", /left out/],
    ["a note whose text a firewall refuses", page(403), "a fixed word", /left out/]
  ] as ReadonlyArray<readonly [string, Fault, string, RegExp | undefined]>) {
    it.effect(`for ${what} is there once, and stays`, () =>
      inLeads({}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          pipedrive.injectFault(fault, { when: (request) => isNote(request) && says(text)(request), times: forever })
          yield* given(github, { "odd.md": "a fixed word" })
          yield* work("5 hours")
          assert.strictEqual(pipedrive.count("POST", "/api/v1/leads"), 1)
          const { id } = onlyLead(pipedrive)
          assert.strictEqual((yield* publicationOf("odd.md")).state, "published")
          assert.isNotNull((yield* attemptsOf("odd.md")).at(-1)?.message)
          const written = pipedrive.notes.find(({ lead_id }) => lead_id === id)
          if (note === undefined) assert.isUndefined(written)
          else assert.match(written?.content ?? "", note)
        })
      )
    )
  }

  it.effect("because of a label that is gone has publishing wait, with the labels that there are", () =>
    inLeads({ env: { GITPIP_LEAD_LABELS: "Hot" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        pipedrive.changeSetup({ leadLabels: [{ id: "f08b42a9-4e75-11ea-9643-03698ef1cfd6", name: "Cool" }] })
        github.addGist("ann", { files: { "b.md": "2" } })
        yield* gitpip.scan()
        yield* work("2 minutes", "10 seconds")
        const { publishing } = yield* gitpip.status
        assert.strictEqual(publishing.state, "paused")
        assert.match(publishing.message ?? "", /GITPIP_LEAD_LABELS: Pipedrive has no label of leads "Hot".*Cool/)
        assert.strictEqual((yield* publicationOf("b.md")).state, "pending")
        pipedrive.changeSetup({ leadLabels: [{ id: "f08b42a8-4e75-11ea-9643-03698ef1cfd6", name: "hot" }] })
        yield* work("20 minutes", "1 minute")
        assert.deepStrictEqual(pipedrive.leads.at(-1)?.label_ids, ["f08b42a8-4e75-11ea-9643-03698ef1cfd6"])
      })
    )
  )
})
