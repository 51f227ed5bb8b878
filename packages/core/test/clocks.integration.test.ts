/** A process whose clock is a day ahead, among others whose clocks are right: nobody waits for what it noted. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, type Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Scanner } from "../src/detect/Scanner.ts"
import { Gitpip } from "../src/Gitpip.ts"
import type { Settings, SettingsError } from "../src/Settings.ts"
import { layerPostgres } from "./database.ts"
import { everything, inWorld, name, services } from "./world.ts"

const day = Duration.toMillis("1 day")

/** Runs in a process of its own, whose clock is a day ahead. */
const aDayAhead = <A, E>(
  settings: Layer.Layer<Settings, SettingsError>,
  work: (gitpip: Gitpip["Service"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const millis = () => clock.currentTimeMillisUnsafe() + day
    const nanos = () => BigInt(millis()) * 1_000_000n
    return yield* Effect.flatMap(Gitpip, work).pipe(
      Effect.provide(services(settings)),
      Effect.provideService(Clock.Clock, {
        ...clock,
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos),
        sleep: (duration) => clock.sleep(duration)
      })
    )
  })

const scheduled = Effect.flatMap(Scanner, (scanner) => scanner.scan({ kind: "scheduled", userKey: null }))

describe("a wait that a clock a day ahead has noted", () => {
  it.effect("of a publication is not waited for", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* TestClock.adjust("2 days")
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.injectFault({ kind: "status", status: 500 }, { when: ({ route }) => route === "/gists/{id}" })
        yield* aDayAhead(settings, (other) => other.publish)
        const [waiting] = yield* gitpip.publications(everything)
        assert.strictEqual(waiting?.state, "pending")
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("of a user is not waited for, and one by a right clock is", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* TestClock.adjust("2 days")
        yield* gitpip.track(name("ann"))
        yield* aDayAhead(settings, (other) => other.scan())
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual((yield* scheduled).files, 1)

        github.removeUser("ann")
        assert.strictEqual((yield* scheduled).failed, 1)
        assert.strictEqual((yield* scheduled).users, 0)
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual((yield* scheduled).failed, 1)
        yield* TestClock.adjust("6 minutes")
        assert.strictEqual((yield* scheduled).users, 0)
      })
    )
  )

  it.effect("of a service that has closed its door is not waited for", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        yield* TestClock.adjust("2 days")
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 600 })
        yield* aDayAhead(settings, (other) => other.scan())
        assert.lengthOf(yield* sql`select 1 from limits`, 1)
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )
})
