/** How many statements a published file costs, and a new user whose list is read by itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, statementsOf } from "../world.ts"

const logins = Array.from({ length: 48 }, (_, n) => `user-${n}`)

/** Users of one file each, tracked, with their deals on record. */
const oneFileEach = (options: { readonly queries?: false } = {}) =>
  inWorld(layerPostgres, options, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      const sql = yield* SqlClient.SqlClient
      const dealId = pipedrive.addDeal({ title: "known" })
      for (const login of logins) {
        github.addUser(login)
        github.addGist(login, { files: { "a.md": login } })
        yield* gitpip.track(name(login))
      }
      yield* sql`insert into deals (user_key, deal_id) select key, ${dealId}::bigint from users`
      const scan = yield* statementsOf(gitpip.scan())
      const publish = yield* statementsOf(gitpip.publish)
      assert.lengthOf(pipedrive.activities, logins.length)
      github.addGist("user-0", { files: { "b.md": "b" } })
      const secondScan = yield* statementsOf(gitpip.scan())
      return { scan, publish, secondScan }
    })
  )

const matching = (statements: ReadonlyArray<string>, what: RegExp) =>
  statements.filter((statement) => what.test(statement)).length

describe("statements", () => {
  it.live("a published file costs three at most, also a user's first one after a start", () =>
    Effect.map(oneFileEach(), ({ publish }) => {
      assert.isAtMost(publish.length / logins.length, 3, publish.join("\n"))
      // The note of the sending, and the outcome with its attempt.
      assert.strictEqual(matching(publish, /^\s*update publications set sent_at/), logins.length)
      assert.strictEqual(matching(publish, /insert into attempts/), logins.length)
      // The deal and the person come with the claim.
      assert.strictEqual(matching(publish, /^\s*(select|insert|update|delete)\b[\s\S]*\b(deals|persons)\b/), 0)
    })
  )

  // How much of the transaction the users share depends on the machine's speed: `bench/firstScan.ts` measures it.
  it.live("a new user costs one transaction at most when each list is read by itself, and no read", () =>
    Effect.map(oneFileEach({ queries: false }), ({ scan, secondScan }) => {
      // The pages of users say who is new. Of other users the stored files are read.
      const readsFiles = /^\s*select gist_id, filename\b/
      assert.strictEqual(matching(scan, readsFiles), 0)
      assert.strictEqual(matching(secondScan, readsFiles), 1)
      assert.strictEqual(matching(scan, /^\s*select user_key, next\b/), 0)
      assert.isAtMost(matching(scan, /insert into gist_files/), logins.length)
    })
  )
})
