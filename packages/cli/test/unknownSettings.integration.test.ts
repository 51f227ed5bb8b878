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

describe("a language that GitHub is not known to have", () => {
  const detail =
    'names "Pyton", which is not known as a language of GitHub, so that it may fit no file. Did you mean Python?'

  it.live("is one line of the server's log, and named by doctor", () =>
    Effect.gen(function* () {
      const world = withEnv(yield* makeWorld(), { GITPIP_PORT: "0", GITPIP_LANGUAGES: "Ruby, Pyton" })
      assert.include((yield* run(world, "doctor")).stdout, `GITPIP_LANGUAGES ${detail}`)
      const server = yield* start(world, "serve", "--json")
      yield* server.says("http.listening")
      const lines = linesOf(yield* server.stop)
      assert.deepStrictEqual(
        lines.filter(({ message }) => message === "setting.language_unknown").map(({ annotations }) => annotations),
        [{ setting: "GITPIP_LANGUAGES", detail }]
      )
    })
  )

  it.live("is a warning of track, and the user is tracked", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      const { code, stderr, stdout } = yield* run(world, "track", "ann", "--languages", "Ruby,Pyton")
      assert.strictEqual(code, 0)
      assert.include(stderr, `Warning: --languages ${detail}`)
      assert.include(stdout, "Tracking ann")
    })
  )
})
