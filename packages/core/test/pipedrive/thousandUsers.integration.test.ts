/** The first run of an agency: 1,000 contacts, a company of 10,000 open deals, and the smallest plan's limits. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"
import { addOthers, beforePage, costs, dealsOf, noExtras, waitingUsers } from "./firstRun.ts"
import { publish } from "./working.ts"

/** Two seconds and a margin for 20 requests: what the deals and activities alone take. */
const secondsFor = (requests: number) => (requests / 20) * 2.05

describe("a first run of 1,000 users in a company of 10,000 open deals", () => {
  it.effect("finds the deals for 3,000 tokens and within a minute, and creates none twice", () =>
    inWorld(
      layerPostgres,
      { env: noExtras, pipedrive: { burst: { limit: 20, windowMillis: 2_000 } } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          addOthers(pipedrive, 9_500)
          const ids = Array.from({ length: 500 }, (_, n) => pipedrive.addDeal({ title: `User-${n + 1} ` }))
          yield* passTime("1 minute")
          yield* waitingUsers(github, 1_000)
          const before = pipedrive.count("POST")
          for (const page of [3, 10, 20]) {
            beforePage(pipedrive, page, () => {
              pipedrive.changeDeal(ids[page] ?? 0, { title: "renamed" })
              pipedrive.addDeal({ title: `user-${900 + page}` })
            })
          }
          const start = yield* Clock.currentTimeMillis
          yield* publish
          const seconds = ((yield* Clock.currentTimeMillis) - start) / 1_000
          for (let n = 1; n <= 1_000; n++) assert.lengthOf(dealsOf(pipedrive, n), 1, `user-${n}`)
          assert.lengthOf(pipedrive.activities, 1_002)
          const creates = pipedrive.count("POST") - before
          const { finding, searches } = costs(pipedrive)
          assert.isAtMost(finding, 3_000)
          assert.strictEqual(searches, 2)
          assert.isAtMost(seconds - secondsFor(creates), 60)
        })
    )
  )
})
