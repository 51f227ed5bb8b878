/** A user's deal is found by a field that holds the GitHub login (`GITPIP_DEAL_FIELD`). */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { given } from "../publish/publishing.ts"
import { inWorld } from "../world.ts"
import { publicationOf } from "./working.ts"

const field = "0123456789".repeat(4)

/** The deals of the activities, after a user's file is published by these settings. */
const published = (make: (pipedrive: FakePipedrive) => unknown) =>
  inWorld(
    layerPostgres,
    {
      env: { GITPIP_DEAL_FIELD: "GitHub login" },
      pipedrive: { setup: { dealFields: [{ key: field, name: "GitHub Login" }] } }
    },
    ({ github, pipedrive }) =>
      Effect.gen(function* () {
        make(pipedrive)
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        return { pipedrive, message: (yield* publicationOf("a.md")).errorMessage }
      })
  )

const holding = (login: string) => ({ custom_fields: { [field]: login } })

describe("the field of deals that holds the login", () => {
  it.effect("comes before the title: the open deal with the login gets the files", () =>
    Effect.gen(function* () {
      const { pipedrive } = yield* published((pipedrive) => {
        pipedrive.addDeal({ title: "ann" })
        pipedrive.addDeal({ title: "Lost", status: "lost", ...holding("ann") })
        pipedrive.addDeal({ title: "Somebody's nickname", custom_fields: { other: "ann" } })
        pipedrive.addDeal({ title: "Big customer", ...holding("Ann") })
      })
      assert.deepStrictEqual(
        pipedrive.activities.map(({ deal_id }) => deal_id),
        [4]
      )
    })
  )

  it.effect("is found beside many deals with the login in another field", () =>
    Effect.gen(function* () {
      const { pipedrive } = yield* published((pipedrive) => {
        for (let n = 0; n < 10; n++) pipedrive.addDeal({ title: `Friend ${n}`, custom_fields: { other: "ann" } })
        pipedrive.addDeal({ title: "Big customer", ...holding("Ann") })
      })
      assert.deepStrictEqual(
        pipedrive.activities.map(({ deal_id }) => deal_id),
        [11]
      )
    })
  )

  it.effect("leaves titles to decide when no deal has the login, and a new deal gets the login", () =>
    Effect.gen(function* () {
      const byTitle = yield* published((pipedrive) => pipedrive.addDeal({ title: "Ann" }))
      assert.deepStrictEqual(
        byTitle.pipedrive.activities.map(({ deal_id }) => deal_id),
        [1]
      )
      const { pipedrive } = yield* published(() => undefined)
      assert.deepStrictEqual(pipedrive.deals[0]?.custom_fields, { [field]: "ann" })
      assert.strictEqual(pipedrive.activities[0]?.deal_id, 1)
    })
  )

  it.effect("of two open deals makes the files wait with a message that names both", () =>
    Effect.gen(function* () {
      const { message, pipedrive } = yield* published((pipedrive) => {
        for (const title of ["One", "Two"]) pipedrive.addDeal({ title, ...holding("ann") })
      })
      assert.lengthOf(pipedrive.activities, 0)
      assert.match(message ?? "", /2 open deals that may be ann's: "One" \(1\), "Two" \(2\)/)
    })
  )
})
