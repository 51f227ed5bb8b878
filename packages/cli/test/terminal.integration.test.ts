/**
 * Text of strangers (file names, descriptions, messages of services) reaches terminals and logs only as visible text on
 * its own line. `inProcess.ts` checks every output for control characters.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, run, start } from "./inProcess.ts"
import { freePort, makeWorld, withEnv } from "./process.ts"

/** A link to elsewhere, a cleared screen, a bell, another colour, turned text, and three ways to begin a line. */
const hostile =
  "\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007\u001b[2J\u009b31m\u202e\u0000\nFORGED 1\r\nFORGED 2\u2028FORGED 3\u0085FORGED 4"

/** No line begins with a stranger's text, and the text is visible. */
const assertHarmless = (what: string, text: string): void => {
  assert.include(text, "FORGED", what)
  for (const line of text.split("\n")) assert.notMatch(line, /^\s*FORGED/, what)
}

const makeHostileWorld = Effect.gen(function* () {
  const world = yield* makeWorld()
  for (const login of ["ann", "bob"]) world.github.addUser(login)
  world.github.addGist("ann", { description: hostile, files: { [`${hostile}.md`]: hostile, "plain.txt": "x" } })
  for (const login of ["ann", "bob"]) yield* done(world, "track", login)
  world.github.injectFault(
    { kind: "status", status: 403, body: { message: hostile } },
    { when: ({ path }) => path === "/users/bob/gists" }
  )
  const activity = ({ route, method }: { readonly route: string | undefined; readonly method: string }) =>
    method === "POST" && route === "/api/v2/activities"
  world.pipedrive.injectFault(
    { kind: "status", status: 400, body: { success: false, error: hostile } },
    { when: activity }
  )
  return world
})

describe("commands", () => {
  it.live("show names, descriptions and errors as text", () =>
    Effect.gen(function* () {
      const world = yield* makeHostileWorld
      const scan = yield* run(world, "scan")
      assert.strictEqual(scan.code, 1)
      assertHarmless("scan", scan.stdout)
      for (const command of [["users"], ["history", "ann"], ["latest", "ann"], ["retry"]]) {
        const { stdout } = yield* done(world, ...command)
        assertHarmless(command.join(" "), stdout)
      }
      const { json } = yield* done(world, "history", "ann", "--json")
      const names = json.map(({ filename }: { readonly filename: string }) => filename)
      // JSON has the same text, except for characters that no database can store.
      assert.isTrue(names.some((name: string) => name.startsWith(hostile.replace("\0", "\ufffd").slice(0, 40))))
      yield* done(world, "track", "ann", "--dry-run")
    })
  )

  it.live("show why GitHub and Pipedrive refuse everything as text", () =>
    Effect.gen(function* () {
      const world = yield* makeHostileWorld
      world.pipedrive.clearFaults()
      const forever = { times: Number.POSITIVE_INFINITY }
      world.pipedrive.injectFault({ kind: "status", status: 401, body: { success: false, error: hostile } }, forever)
      const refused = yield* run(world, "scan")
      assert.strictEqual(refused.code, 1)
      assertHarmless("scan", refused.stderr)
      yield* done(world, "status")
      // Nothing is left to publish, so the next scan does not wait.
      world.pipedrive.clearFaults()
      yield* run(world, "scan")
      world.github.injectFault({ kind: "status", status: 401, body: { message: hostile } }, forever)
      const stopped = yield* run(world, "scan")
      assert.strictEqual(stopped.code, 1)
      assertHarmless("scan", stopped.stderr)
      const doctor = yield* run(world, "doctor")
      assert.strictEqual(doctor.code, 1)
      assertHarmless("doctor", doctor.stdout)
    })
  )
})

describe("the server's log", () => {
  for (const format of ["pretty", "json", "logfmt"] as const) {
    it.live(`keeps each message on its own line: ${format}`, () =>
      Effect.gen(function* () {
        const made = yield* makeHostileWorld
        const port = yield* freePort
        const world = withEnv(made, {
          GITPIP_PORT: String(port),
          GITPIP_LOG_FORMAT: format,
          GITPIP_LOG_LEVEL: "All"
        })
        const server = yield* start(world, "serve")
        yield* server.says("FORGED")
        // The log of requests has the caller's text.
        yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/users/%1b%5b2J%0aFORGED`))
        yield* server.says("http.answered")
        const { stderr, stdout } = yield* server.stop
        assert.strictEqual(stderr, "")
        assertHarmless(format, stdout)
        if (format === "json") for (const line of stdout.trimEnd().split("\n")) JSON.parse(line)
        else for (const line of stdout.trimEnd().split("\n")) assert.match(line, beginnings[format])
      })
    )
  }
  const beginnings = { pretty: /^(\d\d:\d\d:\d\d [A-Z]+ | {4})/, logfmt: /^timestamp=\S+ level=[A-Z]+ / }
})
