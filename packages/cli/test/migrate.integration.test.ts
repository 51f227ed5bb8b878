import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { migrations } from "../../core/src/database/migrations/index.ts"
import { emptyUrl } from "../../core/test/database.ts"
import { failingMigrations, heldMigrations } from "../../core/test/migrating.ts"
import { done, run, start } from "./inProcess.ts"
import * as Process from "./process.ts"
import { freePort, linesOf, makeWorld, withEnv } from "./process.ts"

const names = Object.keys(migrations)

/** A world whose database has no schema. */
const makeEmpty = Effect.gen(function* () {
  const world = yield* makeWorld()
  const url = Redacted.value(yield* emptyUrl)
  return withEnv(world, { POSTGRES_CONNECTION_STRING: url, GITPIP_PORT: "0" })
})

/** The events of a server's log until it listens. */
const untilListening = (world: Effect.Success<typeof makeEmpty>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* start(world, "serve", "--json")
      yield* server.says("http.listening")
      const lines = linesOf(yield* server.stop)
      return lines.slice(0, lines.findIndex(({ message }) => message === "http.listening") + 1)
    })
  )

describe("a database without a schema", () => {
  it.live("gitpip migrate ends with 0, also when nothing is left to do", () =>
    Effect.gen(function* () {
      const world = yield* makeEmpty
      const first = yield* done(world, "migrate")
      const again = yield* done(world, "migrate")
      assert.deepStrictEqual([first.stdout, first.stderr], [again.stdout, again.stderr])
      assert.strictEqual((yield* done(world, "migrate", "--json")).json.length, names.length)
      assert.notInclude(
        (yield* untilListening(world)).map(({ message }) => message),
        "database.migrating"
      )
    })
  )

  it.live("a server logs its migrations before they run, after the line that names its database", () =>
    Effect.gen(function* () {
      const world = yield* makeEmpty
      const lines = yield* untilListening(world)
      assert.deepStrictEqual(
        lines.slice(0, 2).map(({ message }) => message),
        ["server.starting", "database.migrating"]
      )
      assert.deepStrictEqual(lines[1].annotations, { migrations: names.join(", ") })
    })
  )
})

describe("a database whose migration takes long, or fails", () => {
  it.live("a server answers its supervisor meanwhile, and ends with 0 on SIGTERM", () =>
    Effect.gen(function* () {
      const { begun, url } = yield* heldMigrations
      const world = yield* makeWorld()
      const port = yield* freePort
      const env = { POSTGRES_CONNECTION_STRING: Redacted.value(url), GITPIP_PORT: String(port) }
      const server = yield* Process.start(withEnv(world, env), "serve", "--json")
      yield* begun
      const ask = (path: string) => Effect.promise(() => fetch(`http://127.0.0.1:${port}${path}`))
      assert.strictEqual((yield* ask("/health")).status, 200)
      assert.strictEqual((yield* ask("/ready")).status, 503)
      yield* server.signal("SIGTERM")
      const { code, stderr, stdout } = yield* server.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.notInclude(stdout, "http.listening")
    })
  )

  it.live("a server and gitpip migrate end with 1 and the reason when a migration fails", () =>
    Effect.gen(function* () {
      const url = Redacted.value(yield* failingMigrations)
      const world = withEnv(yield* makeWorld(), { POSTGRES_CONNECTION_STRING: url, GITPIP_PORT: "0" })
      for (const command of ["serve", "migrate"]) {
        const { code, stderr } = yield* run(world, command)
        assert.strictEqual(code, 1)
        assert.include(stderr, 'The database cannot be migrated: Migration "1_initial" failed: the disk is full')
      }
    })
  )
})
