/**
 * The fake's leads against Pipedrive's official client (https://github.com/pipedrive/client-nodejs). The description of
 * version 2 has no leads, so the client and the reference (https://developers.pipedrive.com/docs/api/v1/Leads) are what they
 * are held to.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Configuration, LeadLabelsApi, LeadsApi, NotesApi } from "pipedrive/v1"
import { FakePipedrive } from "../../src/testing/index.ts"

const client = Effect.fnUntraced(function* () {
  const fake = yield* FakePipedrive.make({ burst: false, dailyTokens: false })
  const configuration = new Configuration({ apiKey: fake.token, basePath: `${fake.url.origin}/api/v1` })
  return {
    fake,
    person: fake.addPerson({ name: "Ann" }),
    leads: new LeadsApi(configuration),
    labels: new LeadLabelsApi(configuration),
    notes: new NotesApi(configuration)
  }
})

describe("the fake's leads, by the official client", () => {
  it.effect("are created with a person, an owner, labels and a visibility, listed, and deleted", () =>
    Effect.gen(function* () {
      const { fake, labels, leads, notes, person } = yield* client()
      const seen = yield* Effect.promise(async () => {
        const [label] = (await labels.getLeadLabels()).data ?? []
        const added = await leads.addLead({
          AddLeadRequest: {
            title: "a.md",
            person_id: person,
            owner_id: 11,
            label_ids: [label?.id ?? ""],
            visible_to: "1",
            origin_id: "gitpip-1"
          }
        })
        const id = added.data?.id ?? ""
        await notes.addNote({ AddNoteRequest: { content: "text", lead_id: id } })
        const ofLead = (await notes.getNotes({ lead_id: id })).data
        const open = (await leads.getLeads({ limit: 500, start: 0, updated_since: "1970-01-01T00:00:00Z" })).data
        fake.changeLead(id, { is_archived: true })
        const archived = (await leads.getArchivedLeads({ limit: 500 })).data
        const left = (await leads.getLeads()).data
        await leads.deleteLead({ id })
        return { added: added.data, archived, left, ofLead, open }
      })
      assert.strictEqual(seen.open?.[0]?.origin_id, "gitpip-1")
      assert.deepStrictEqual(seen.open?.[0], seen.added)
      assert.deepStrictEqual([seen.left?.length, seen.archived?.[0]?.id], [0, seen.added?.id])
      assert.deepStrictEqual(
        seen.ofLead?.map(({ content }) => content),
        ["text"]
      )
      assert.lengthOf(fake.leads, 0)
    })
  )

  it.effect("are refused without a person, and with what the company does not have", () =>
    Effect.gen(function* () {
      const { fake, leads, person } = yield* client()
      for (const wrong of [
        {},
        { person_id: 99 },
        { person_id: person, owner_id: 99 },
        { person_id: person, label_ids: ["f08b42ff-4e75-11ea-9643-03698ef1cfd6"] },
        { person_id: person, label_ids: ["hot"] },
        { person_id: person, visible_to: 3 as never },
        { person_id: person, org_id: 1 }
      ]) {
        const answered = yield* Effect.promise(() =>
          leads.addLead({ AddLeadRequest: { title: "a", ...wrong } }).then(
            () => "created",
            () => "refused"
          )
        )
        assert.strictEqual(answered, "refused", JSON.stringify(wrong))
      }
      assert.lengthOf(fake.leads, 0)
    })
  )

  it.effect("become deals that have their notes, when a person converts them, and take no note while archived", () =>
    Effect.gen(function* () {
      const { fake, leads, notes, person } = yield* client()
      const add = (title: string) =>
        Effect.promise(() => leads.addLead({ AddLeadRequest: { title, person_id: person } }))
      const [one, other] = [(yield* add("a")).data?.id ?? "", (yield* add("b")).data?.id ?? ""]
      yield* Effect.promise(() => notes.addNote({ AddNoteRequest: { content: "text", lead_id: one } }))
      const deal = fake.convertLead(one)
      assert.deepInclude({ ...fake.deals[0] }, { id: deal, title: "a", person_id: person })
      assert.deepStrictEqual(
        fake.notes.map(({ deal_id, lead_id }) => [deal_id, lead_id]),
        [[deal, null]]
      )
      fake.changeLead(other, { is_archived: true })
      for (const lead_id of [one, other]) {
        const answered = yield* Effect.promise(() =>
          notes.addNote({ AddNoteRequest: { content: "text", lead_id } }).then(
            () => "created",
            () => "refused"
          )
        )
        assert.strictEqual(answered, "refused")
      }
    })
  )
})
