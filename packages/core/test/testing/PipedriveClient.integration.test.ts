/** The fake against Pipedrive's official client (https://github.com/pipedrive/client-nodejs). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ActivitiesApi, Configuration, DealsApi } from "pipedrive/v2"
import { FakePipedrive } from "../../src/testing/index.ts"

const clients = Effect.fnUntraced(function* () {
  const fake = yield* FakePipedrive.make({ burst: false, dailyTokens: false, searchLagMillis: 0 })
  const configuration = new Configuration({ apiKey: fake.token, basePath: `${fake.url.origin}/api/v2` })
  return { fake, activities: new ActivitiesApi(configuration), deals: new DealsApi(configuration) }
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
