/** What a dry run says that publishing would cost is what it then costs at most. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name } from "../world.ts"

describe("a dry run", () => {
  for (const [publishAs, expected] of [
    ["activity", { activities: 40, deals: 1, leads: 0, tokens: 250 }],
    ["deal", { activities: 0, deals: 40, leads: 0, tokens: 600 }],
    ["lead", { activities: 0, deals: 0, leads: 40, tokens: 825 }]
  ] as const) {
    it.effect(`a dry run with GITPIP_PUBLISH_AS=${publishAs} reports what a run would create and spend`, () =>
      inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: publishAs } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          for (let n = 0; n < 40; n++) github.addGist("ann", { files: { [`${n}.md`]: "" } })
          github.setProfile("ann", { name: "Ann Example" })
          const { activities, deals, leads, tokens } = yield* gitpip.preview(name("ann"))
          assert.deepStrictEqual({ activities, deals, leads, tokens }, expected)
          assert.strictEqual(pipedrive.tokensSpent, 0)

          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.refreshProfiles
          yield* gitpip.publish
          assert.deepStrictEqual(
            [pipedrive.activities.length, pipedrive.deals.length, pipedrive.leads.length],
            [activities, deals, leads]
          )
          // The time zone is asked for once a day, for all users together.
          assert.isAtMost(pipedrive.tokensSpent - 2 * pipedrive.count("GET", "/api/v1/users/me"), tokens)
        })
      )
    )
  }

  it.effect("a dry run of a forgotten user leaves out the files that were published before", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "", "b.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* gitpip.publish
        yield* gitpip.forget(name("ann"))
        github.addGist("ann", { files: { "c.md": "" } })
        const { activities, files, skipped } = yield* gitpip.preview(name("ann"))
        assert.deepStrictEqual({ activities, files, skipped }, { activities: 1, files: 3, skipped: 0 })

        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        yield* gitpip.publish
        assert.lengthOf(pipedrive.activities, 3)
      })
    )
  )
})
