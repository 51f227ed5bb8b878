/** The first run of an agency: 1,000 contacts, a company of 10,000 open deals and 10,000 persons, and the smallest plan's limits. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { layerPostgres } from "../database.ts"
import { inWorld, passTime } from "../world.ts"
import { addOthers, beforePage, costs, dealsOf, waitingUsers } from "./firstRun.ts"
import { publish } from "./working.ts"

/** Two seconds and a margin for 20 requests: what the deals and activities alone take. */
const secondsFor = (requests: number) => (requests / 20) * 2.05

describe("a first run of 1,000 users in a company of 10,000 open deals and 10,000 persons", () => {
  it.effect("finds deals and persons for 3,000 tokens and within a minute, and creates none twice", () =>
    inWorld(
      layerPostgres,
      { env: { GITPIP_ACTIVITY_DUE: "none" }, pipedrive: { burst: { limit: 20, windowMillis: 2_000 } } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          addOthers(pipedrive, 9_500)
          const ids = Array.from({ length: 500 }, (_, n) => pipedrive.addDeal({ title: `User-${n + 1} ` }))
          for (let n = 1; n <= 10_000; n++) pipedrive.addPerson({ name: n <= 500 ? `name ${n}` : `Customer ${n}` })
          yield* passTime("1 minute")
          yield* waitingUsers(github, 1_000)
          const sql = yield* SqlClient.SqlClient
          yield* sql`insert into profiles (user_key, name, read_at, due_at)
            select key, 'Name ' || id, now(), now() + interval '1 month' from users where id <= 1000
            on conflict (user_key) do update set name = excluded.name, read_at = excluded.read_at`
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
          const names = pipedrive.persons.map((person) => person.name.toLowerCase())
          assert.deepStrictEqual(
            names.filter((name, at) => names.indexOf(name) !== at),
            []
          )
          for (const { person_id, title } of pipedrive.deals.filter(({ person_id }) => person_id !== null)) {
            const person = pipedrive.persons.find(({ id }) => id === person_id)
            assert.strictEqual(person?.name.toLowerCase().replace("name ", "user-"), title.toLowerCase())
          }
          assert.lengthOf(pipedrive.activities, 1_002)
          const creates = pipedrive.count("POST") - before
          const { finding, searches } = costs(pipedrive)
          assert.isAtMost(finding, 3_000)
          assert.strictEqual(searches, 4)
          assert.isAtMost(seconds - secondsFor(creates), 60)
        })
    )
  )
})
