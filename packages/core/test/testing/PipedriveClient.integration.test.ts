/** The fake against Pipedrive's official client (https://github.com/pipedrive/client-nodejs). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Configuration as ConfigurationV1, UsersApi } from "pipedrive/v1"
import {
  ActivitiesApi,
  ActivityFieldsApi,
  Configuration,
  DealFieldsApi,
  DealsApi,
  ItemSearchApi,
  OrganizationsApi,
  PersonFieldsApi,
  PersonsApi,
  PipelinesApi,
  StagesApi
} from "pipedrive/v2"
import { FakePipedrive } from "../../src/testing/index.ts"

const clients = Effect.fnUntraced(function* () {
  const fake = yield* FakePipedrive.make({ burst: false, dailyTokens: false, searchLagMillis: 0 })
  const configuration = new Configuration({ apiKey: fake.token, basePath: `${fake.url.origin}/api/v2` })
  return {
    fake,
    configuration,
    users: new UsersApi(new ConfigurationV1({ apiKey: fake.token, basePath: `${fake.url.origin}/api/v1` })),
    activities: new ActivitiesApi(configuration),
    deals: new DealsApi(configuration)
  }
})

/** All pages of a list, as the client's users read them. */
const pages = async <A>(
  page: (
    cursor: string | undefined
  ) => Promise<{ readonly data?: Array<A>; readonly additional_data?: { readonly next_cursor?: string } }>
): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  let cursor: string | undefined
  do {
    const { data = [], additional_data } = await page(cursor)
    all.push(...data)
    cursor = additional_data?.next_cursor ?? undefined
  } while (cursor !== undefined)
  return all
}

const withCursor = (cursor: string | undefined) => (cursor === undefined ? {} : { cursor })

describe("Pipedrive's official client", () => {
  it.effect("creates deals and lists them page by page", () =>
    Effect.gen(function* () {
      const { fake, deals } = yield* clients()
      const listed = yield* Effect.promise(async () => {
        for (let n = 0; n < 7; n++) await deals.addDeal({ AddDealRequest: { title: `deal ${n}` } })
        return pages((cursor) => deals.getDeals({ limit: 3, sort_direction: "desc", ...withCursor(cursor) }))
      })
      assert.deepStrictEqual(
        listed.map((deal) => deal.title),
        [6, 5, 4, 3, 2, 1, 0].map((n) => `deal ${n}`)
      )
      assert.lengthOf(fake.deals, 7)
      assert.strictEqual(fake.count("GET", "/api/v2/deals"), 3)
    })
  )

  it.effect("finds a deal by its title", () =>
    Effect.gen(function* () {
      const { fake, deals } = yield* clients()
      const id = fake.addDeal({ title: "Octocat" })
      fake.addDeal({ title: "octocat 2" })
      const found = yield* Effect.promise(() =>
        deals.searchDeals({ term: "octocat", fields: "title", exact_match: true })
      )
      assert.deepStrictEqual(
        found.data?.items?.map((hit) => hit.item?.id),
        [id]
      )
    })
  )

  it.effect("reads the pipelines, stages, users, labels and priorities that the company set up", () =>
    Effect.gen(function* () {
      const { configuration, users } = yield* clients()
      const read = yield* Effect.promise(async () => ({
        pipelines: (await new PipelinesApi(configuration).getPipelines({ limit: 500 })).data,
        stages: (await new StagesApi(configuration).getStages({ pipeline_id: 1, sort_by: "order_nr" })).data,
        users: (await users.getUsers()).data,
        deals: (await new DealFieldsApi(configuration).getDealFields({ limit: 500 })).data,
        activities: (await new ActivityFieldsApi(configuration).getActivityFields({ limit: 500 })).data
      }))
      assert.deepStrictEqual(
        read.pipelines?.map(({ name }) => name),
        ["Pipeline"]
      )
      assert.strictEqual(read.stages?.[1]?.name, "Contact Made")
      assert.strictEqual(read.users?.[0]?.email, "fake@example.com")
      const labels = read.deals?.find(({ field_code }) => field_code === "label_ids")
      assert.deepStrictEqual(labels?.options?.map(({ id, label }) => [id, label])[0], [21, "Hot"])
      const priority = read.activities?.find(({ field_code }) => field_code === "priority")
      assert.deepStrictEqual(priority?.options?.map(({ id, label }) => [id, label])[0], [401, "High"])
    })
  )

  it.effect("creates a deal in a stage, and is refused what the company does not have", () =>
    Effect.gen(function* () {
      const { deals, fake } = yield* clients()
      const statusOf = (request: object) =>
        Effect.promise(() =>
          deals.addDeal({ AddDealRequest: { title: "d", ...request } }).then(
            () => "created",
            () => "refused"
          )
        )
      const placed = { pipeline_id: 1, stage_id: 3, owner_id: 11, label_ids: [22] }
      assert.strictEqual(yield* statusOf(placed), "created")
      const { label_ids, owner_id, pipeline_id, stage_id } = fake.deals[0] ?? {}
      assert.deepStrictEqual({ pipeline_id, stage_id, owner_id, label_ids }, placed)
      for (const wrong of [
        { pipeline_id: 9 },
        { stage_id: 9 },
        { owner_id: 9 },
        { label_ids: [9] },
        { visible_to: 2 }
      ]) {
        assert.strictEqual(yield* statusOf(wrong), "refused", JSON.stringify(wrong))
      }
      assert.lengthOf(fake.deals, 1)
    })
  )

  it.effect("creates persons with a field of the company, and finds them by that field, address and name", () =>
    Effect.gen(function* () {
      const { configuration, fake } = yield* clients()
      fake.changeSetup({ personFields: [{ key: "f".repeat(40), name: "GitHub" }] })
      const persons = new PersonsApi(configuration)
      const read = yield* Effect.promise(async () => {
        const fields = (await new PersonFieldsApi(configuration).getPersonFields({ limit: 500 })).data
        const added = await persons.addPerson({
          AddPersonRequest: {
            name: "Mona Lisa",
            emails: [{ value: "mona@example.com", primary: true }],
            custom_fields: { ["f".repeat(40)]: "octocat" }
          }
        })
        await persons.addPerson({ AddPersonRequest: { name: "Hubot" } })
        const found = []
        for (const [term, fields] of [
          ["OCTOCAT", "custom_fields"],
          ["mona@example.com", "email"],
          ["mona lisa", "name"]
        ] as const) {
          found.push((await persons.searchPersons({ term, fields, exact_match: true })).data?.items)
        }
        const newest = (await persons.getPersons({ sort_by: "add_time", sort_direction: "desc" })).data
        const one = (await persons.getPerson({ id: added.data?.id ?? 0 })).data
        await persons.deletePerson({ id: added.data?.id ?? 0 })
        return { fields, found, newest, one }
      })
      assert.deepStrictEqual(
        read.fields?.filter(({ is_custom_field }) => is_custom_field).map(({ field_name }) => field_name),
        ["GitHub"]
      )
      for (const items of read.found) {
        assert.deepStrictEqual(
          items?.map(({ item }) => item?.emails),
          [["mona@example.com"]]
        )
      }
      assert.deepStrictEqual(
        read.newest?.map(({ name }) => name),
        ["Hubot", "Mona Lisa"]
      )
      assert.deepStrictEqual(read.one?.custom_fields, { ["f".repeat(40)]: "octocat" })
      assert.deepStrictEqual(
        fake.persons.map(({ name }) => name),
        ["Hubot"]
      )
    })
  )

  it.effect("creates organizations, ties deals and persons to them, and finds them by name", () =>
    Effect.gen(function* () {
      const { activities, configuration, deals, fake } = yield* clients()
      const [organizations, persons] = [new OrganizationsApi(configuration), new PersonsApi(configuration)]
      const read = yield* Effect.promise(async () => {
        const added = await organizations.addOrganization({ AddOrganizationRequest: { name: "Example" } })
        await organizations.addOrganization({ AddOrganizationRequest: { name: "Example Ltd." } })
        const org_id = added.data?.id ?? 0
        const found = await organizations.searchOrganization({ term: "EXAMPLE", fields: "name", exact_match: true })
        const newest = await organizations.getOrganizations({ sort_by: "add_time", sort_direction: "desc", limit: 500 })
        const one = await organizations.getOrganization({ id: org_id })
        const deal = await deals.addDeal({ AddDealRequest: { title: "d", org_id } })
        const person = await persons.addPerson({ AddPersonRequest: { name: "p", org_id } })
        const activity = await activities.addActivity({ AddActivityRequest: { subject: "a", type: "task", org_id } })
        await organizations.deleteOrganization({ id: org_id })
        const refused = await deals.addDeal({ AddDealRequest: { title: "e", org_id } }).then(
          () => "created",
          () => "refused"
        )
        return { found, newest, one, refused, tied: [deal, person, activity].map(({ data }) => data?.org_id) }
      })
      assert.deepStrictEqual(
        read.found.data?.items?.map(({ item }) => [item?.id, item?.name]),
        [[1, "Example"]]
      )
      assert.deepStrictEqual(
        read.newest.data?.map(({ name }) => name),
        ["Example Ltd.", "Example"]
      )
      assert.strictEqual(read.one.data?.name, "Example")
      assert.deepStrictEqual(read.tied, [1, 1, 1])
      assert.strictEqual(read.refused, "refused")
      assert.deepStrictEqual(
        fake.organizations.map(({ id }) => id),
        [2]
      )
    })
  )

  it.effect("finds deals and persons by one search of titles and fields", () =>
    Effect.gen(function* () {
      const { configuration, fake } = yield* clients()
      const field = "f".repeat(40)
      fake.addDeal({ title: "Ann deal" })
      fake.addDeal({ title: "Big", custom_fields: { [field]: "ann" } })
      fake.addPerson({ name: "Ann" })
      fake.addPerson({ name: "Mona", custom_fields: { [field]: "ANN" } })
      fake.addOrganization({ name: "Ann" })
      const items = new ItemSearchApi(configuration)
      // The client types the lists of words as one word.
      const query = {
        term: "ann",
        item_types: "deal,person" as "deal",
        fields: "title,custom_fields" as "title",
        limit: 100
      }
      const found = yield* Effect.promise(async () => [
        (await items.searchItem(query)).data?.items,
        (await items.searchItem({ ...query, exact_match: true })).data?.items
      ])
      assert.deepStrictEqual(
        found.map((hits) =>
          hits?.map(({ item }) => {
            const { id, type } = item as { readonly id: number; readonly type: string }
            return `${type} ${id}`
          })
        ),
        [
          ["deal 1", "deal 2", "person 2"],
          ["deal 2", "person 2"]
        ]
      )
    })
  )

  it.effect("adds a field of persons, and lists the persons who changed since, with that field", () =>
    Effect.gen(function* () {
      const { configuration, fake } = yield* clients()
      const field = (yield* Effect.promise(() =>
        new PersonFieldsApi(configuration).addPersonField({
          AddPersonFieldRequest: { field_name: "GitHub", field_type: "varchar" }
        })
      )).data
      assert.match(field?.field_code ?? "", /^[0-9a-f]{40}$/)
      const key = field?.field_code ?? ""
      const first = fake.addPerson({ name: "Mona", custom_fields: { [key]: "mona" } })
      const second = fake.addPerson({ name: "Hubot" })
      yield* TestClock.adjust("2 seconds")
      fake.changePerson(first, { custom_fields: { [key]: "octocat" } })
      const since = fake.persons.find(({ id }) => id === first)?.update_time.slice(0, 19) ?? ""
      const list = (options: object) =>
        Effect.promise(() =>
          new PersonsApi(configuration)
            .getPersons({ sort_by: "update_time", sort_direction: "asc", custom_fields: key, ...options })
            .then(({ data }) => data?.map(({ id }) => id))
        )
      assert.deepStrictEqual(yield* list({}), [second, first])
      assert.deepStrictEqual(yield* list({ updated_since: `${since}Z` }), [first])
    })
  )

  it.effect("creates, lists, changes and deletes activities", () =>
    Effect.gen(function* () {
      const { fake, activities } = yield* clients()
      const [deal, other] = [fake.addDeal({ title: "octocat" }), fake.addDeal({ title: "hubot" })]
      const listed = yield* Effect.promise(async () => {
        for (let n = 0; n < 5; n++) {
          await activities.addActivity({
            AddActivityRequest: {
              subject: `file ${n}`,
              type: "task",
              deal_id: n === 3 ? other : deal,
              due_date: "2026-11-23",
              done: false,
              note: "a<br/>b"
            }
          })
        }
        await activities.updateActivity({ id: 1, AddActivityRequest: { done: true } })
        await activities.deleteActivity({ id: 2 })
        return pages((cursor) => activities.getActivities({ deal_id: deal, limit: 2, ...withCursor(cursor) }))
      })
      assert.deepStrictEqual(
        listed.map(({ subject, done, note, due_date }) => ({ subject, done, note, due_date })),
        [
          { subject: "file 0", done: true, note: "a<br>b", due_date: "2026-11-23" },
          { subject: "file 2", done: false, note: "a<br>b", due_date: "2026-11-23" },
          { subject: "file 4", done: false, note: "a<br>b", due_date: "2026-11-23" }
        ]
      )
      assert.lengthOf(fake.activities, 4)
    })
  )
})
