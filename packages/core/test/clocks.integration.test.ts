/** A process whose clock is a day ahead or behind, beside a process whose clock is right: every wait is as long as it should be. */
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

/** Work in a process of its own, whose clock is off by `difference` milliseconds. */
const inProcess =
  (difference: number) =>
  <A, E>(settings: Layer.Layer<Settings, SettingsError>, work: (gitpip: Gitpip["Service"]) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const millis = () => clock.currentTimeMillisUnsafe() + difference
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

for (const [what, difference] of [
  ["ahead", day],
  ["behind", -day]
] as const) {
  const wrongly = inProcess(difference)
  describe(`a process whose clock is a day ${what}`, () => {
    it.effect("a process with a wrong clock publishes what is due", () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("2 days")
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* wrongly(settings, (other) => other.publish)
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
    )

    it.effect("a process with a wrong clock snoozes a file for less than a minute", () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("2 days")
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          github.injectFault({ kind: "status", status: 500 }, { when: ({ route }) => route === "/gists/{id}" })
          yield* wrongly(settings, (other) => other.publish)
          const [waiting] = yield* gitpip.publications(everything)
          assert.strictEqual(waiting?.state, "pending")
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 0)
          yield* TestClock.adjust("30 seconds")
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
    )

    it.effect("a process with a wrong clock delays no check of a user", () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("2 days")
          yield* gitpip.track(name("ann"))
          yield* wrongly(settings, (other) => other.scan())
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

    it.effect("a process with a wrong clock waits for another process's limit as long as the limit lasts", () =>
      inWorld(layerPostgres, {}, ({ github, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("2 days")
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"))
          github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 600 })
          yield* gitpip.scan()
          yield* wrongly(settings, (other) => other.scan())
          assert.isEmpty(yield* gitpip.history(name("ann"), everything))
          yield* TestClock.adjust("601 seconds")
          yield* wrongly(settings, (other) => other.scan())
          assert.lengthOf(yield* gitpip.history(name("ann"), everything), 1)
        })
      )
    )

    it.effect("a process with a wrong clock makes another process wait for a limit as long as the limit lasts", () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          yield* TestClock.adjust("2 days")
          github.addUser("ann")
          github.addGist("ann", { files: { "a.md": "" } })
          yield* gitpip.track(name("ann"))
          github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 600 })
          yield* wrongly(settings, (other) => other.scan())
          // Of requests and of queries: the secondary limit is partly of both.
          assert.lengthOf(yield* sql`select 1 from limits`, 2)
          assert.strictEqual((yield* gitpip.scan()).files, 0)
          yield* TestClock.adjust("601 seconds")
          assert.strictEqual((yield* gitpip.scan()).files, 1)
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
    )
  })
}
