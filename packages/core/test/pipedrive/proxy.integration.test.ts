/** A response of a proxy in front of Pipedrive proves nothing about a deal. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import type { Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, passTime } from "../world.ts"

const forever = Number.POSITIVE_INFINITY

describe("a user's deal", () => {
  for (const [what, fault] of [
    ["a page with 404", { kind: "html", status: 404 }],
    ["nothing but 404", { kind: "status", status: 404 }],
    ["a page with 410", { kind: "html", status: 410 }],
    ["a page with 499", { kind: "html", status: 499 }],
    ["a page with 403", { kind: "html", status: 403 }]
  ] as ReadonlyArray<readonly [string, Fault]>) {
    it.effect(`is kept when a proxy answers ${what} for it, and its file is published afterwards`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          github.addGist("ann", { files: { "1.md": "1" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          const [{ deal_id: deal } = { deal_id: 0 }] = pipedrive.activities
          // A search does not find a deal that a person renamed: only Gitpip's record leads to it.
          for (const one of pipedrive.deals) (one as { title: string }).title = "renamed"
          pipedrive.injectFault(fault, {
            when: ({ method, path }) =>
              path.startsWith("/api/v2/deals/") || (method === "POST" && path.endsWith("/activities")),
            times: forever
          })
          github.addGist("ann", { files: { "2.md": "2" } })
          yield* gitpip.scan()
          for (let n = 0; n < 4; n++) {
            yield* gitpip.publish
            yield* passTime("2 minutes")
          }
          assert.strictEqual(pipedrive.count("POST", "/api/v2/deals"), 1)
          pipedrive.clearFaults()
          yield* passTime("20 minutes")
          yield* gitpip.publish
          assert.deepStrictEqual(
            pipedrive.activities.map(({ deal_id }) => deal_id),
            [deal, deal]
          )
        })
      )
    )
  }
})
