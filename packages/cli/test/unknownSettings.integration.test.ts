import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run, start } from "./inProcess.ts"
import { linesOf, makeWorld, withEnv } from "./process.ts"

const warning = "Warning: GITPIP_PRT is not a setting of Gitpip, and is ignored. Did you mean GITPIP_PORT?\n"

describe("a variable that begins as settings do and is none", () => {
  it.live("is a warning on stderr, once for each command, and the result stays as it is", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      const misspelt = withEnv(world, { GITPIP_PRT: "9000" })
      for (const command of [["users", "--json"], ["migrate"], ["doctor"], ["retry"]]) {
        const plain = yield* run(world, ...command)
        const { code, stderr, stdout } = yield* run(misspelt, ...command)
        assert.deepStrictEqual([code, stdout], [plain.code, plain.stdout])
        assert.strictEqual(stderr, `${warning}${plain.stderr}`)
      }
      const { stderr } = yield* run(misspelt, "demo", "--port", "none")
      assert.notInclude(stderr, "GITPIP_PRT")
    })
  )

  it.live("is a warning on stderr next to the faults of the settings", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* run(
        withEnv(yield* makeWorld(), { GITPIP_PRT: "9000", GITPIP_FEED: "x" }),
        "users"
      )
      assert.strictEqual(code, 2)
      assert.include(stderr, warning)
      assert.include(stderr, "GITPIP_FEED: must be")
    })
  )

  it.live("is one line of the server's log", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), { GITPIP_PRT: "9000", GITPIP_PORT: "0" })
      const server = yield* start(world, "serve", "--json")
      yield* server.says("http.listening")
      const lines = linesOf(yield* server.stop)
      assert.deepStrictEqual(
        lines.filter(({ level }) => level === "WARN").map(({ annotations, message }) => ({ annotations, message })),
        [
          {
            message: "setting.unknown",
            annotations: {
              setting: "GITPIP_PRT",
              detail: "is not a setting of Gitpip, and is ignored. Did you mean GITPIP_PORT?"
            }
          }
        ]
      )
    })
  )
})

describe("a setting that does not count under GITPIP_PUBLISH_AS", () => {
  it.live("is one line of the server's log", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), {
        GITPIP_PORT: "0",
        GITPIP_PUBLISH_AS: "lead",
        GITPIP_DEAL_STAGE: "New"
      })
      const server = yield* start(world, "serve", "--json")
      yield* server.says("http.listening")
      const lines = linesOf(yield* server.stop)
      assert.deepStrictEqual(
        lines.filter(({ message }) => message === "setting.unused").map(({ annotations }) => annotations),
        [
          {
            setting: "GITPIP_DEAL_STAGE",
            detail: "does not count with GITPIP_PUBLISH_AS=lead, but with `activity` or `deal`"
          }
        ]
      )
    })
  )
})
