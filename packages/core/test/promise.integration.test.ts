/** The Promise face, on the fakes and a real database. */
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { open } from "../src/promise.ts"
import { freshUrl } from "./database.ts"
import { makeWorld } from "./world.ts"

it.live("tracks, scans, publishes and visits with promises alone", () =>
  Effect.gen(function* () {
    const { github, pipedrive } = yield* makeWorld()
    const url = yield* freshUrl
    github.addUser("ann")
    github.addGist("ann", { files: { "a.md": "# a" } })
    yield* Effect.promise(async () => {
      const gitpip = await open({
        settings: {
          POSTGRES_CONNECTION_STRING: Redacted.value(url),
          GITHUB_API_URL: github.url.origin,
          GITHUB_TOKEN: "github-secret",
          PIPEDRIVE_API_URL: pipedrive.url.origin,
          PIPEDRIVE_TOKEN: "pipedrive-secret"
        }
      })
      try {
        assert.strictEqual((await gitpip.track("ann", 3)).id, 3)
        assert.strictEqual((await gitpip.scan()).files, 1)
        assert.strictEqual((await gitpip.publish()).published, 1)
        const visit = await gitpip.latest("ann", "eve")
        assert.strictEqual(visit.files[0]?.publication_state, "published")
        assert.strictEqual((await gitpip.latest("ann", "eve")).files.length, 0)
        const unknown = await gitpip.latest("nobody").then(
          () => undefined,
          (error: Error) => error
        )
        assert.strictEqual(unknown?.name, "UserNotTracked")
        assert.match(unknown?.message ?? "", /is not tracked/)
        const bad = await gitpip.track("not a name").then(
          () => undefined,
          (error: Error) => error
        )
        assert.match(bad?.message ?? "", /1 to 39 letters/)
        assert.strictEqual(bad?.name, "InvalidArgument")
      } finally {
        await gitpip.close()
      }
      assert.strictEqual(pipedrive.activities.length, 1)
      const wrong = await open({ settings: { GITPIP_PORT: "x", GITPIP_SCAN_INTERVAL: "soon" } }).then(
        () => undefined,
        (error: Error) => error
      )
      assert.strictEqual(wrong?.name, "SettingsError")
      assert.include(wrong?.message ?? "", "GITPIP_SCAN_INTERVAL")
      assert.include(wrong?.message ?? "", "GITPIP_PORT")
    })
  })
)

for (const [title, settings, message] of [
  ["null", null, "settings: must be an object with a text for each name"],
  ["a text", "x", "settings: must be an object"],
  ["a list", ["x"], "settings: must be an object"],
  [
    "a number and null among texts",
    { GITPIP_PORT: 5, GITPIP_HOST: null, GITPIP_FEED: "on" },
    "GITPIP_PORT: must be a text, and is of the type number\n  - GITPIP_HOST: must be a text, and is null"
  ]
] as const) {
  it.live(`refuses settings that are ${title}`, () =>
    Effect.gen(function* () {
      const error = yield* Effect.promise(() => rejection(open({ settings: settings as never })))
      assert.strictEqual(error.name, "SettingsError")
      assert.include(error.message, message)
    })
  )
}

it.live("rejects calls with `Closed` after close, and those that are under way while it closes", () =>
  Effect.gen(function* () {
    const { github } = yield* makeWorld()
    const url = yield* freshUrl
    github.addUser("ann")
    yield* Effect.promise(async () => {
      const gitpip = await open({
        settings: { POSTGRES_CONNECTION_STRING: Redacted.value(url), GITHUB_API_URL: github.url.origin }
      })
      await gitpip.track("ann")
      github.injectFault({ kind: "late" }, { times: Number.POSITIVE_INFINITY })
      const underWay = rejection(gitpip.scan())
      await Effect.runPromise(github.seen(1))
      await gitpip.close()
      const late = [underWay, rejection(gitpip.status()), rejection(gitpip.publish())]
      for (const error of await Promise.all(late)) {
        assert.deepStrictEqual([error.name, error.message], ["Closed", "This Gitpip was closed. Call open() again"])
      }
      // Closing again does nothing.
      await gitpip.close()
    })
  })
)

it.live("rejects numbers that cannot be ids with `InvalidArgument`, before it asks the database", () =>
  Effect.gen(function* () {
    const url = yield* freshUrl
    yield* Effect.promise(async () => {
      const gitpip = await open({ settings: { POSTGRES_CONNECTION_STRING: Redacted.value(url) } })
      for (const number of [Number.NaN, 1.5, -1, 2 ** 53, Number.POSITIVE_INFINITY, "7" as never, null as never]) {
        const calls = [
          ["after", () => gitpip.users(number)],
          ["before", () => gitpip.history("ann", number)],
          ["before", () => gitpip.publications(number)],
          ["publication", () => gitpip.retry(number)],
          ["id", () => gitpip.track("ann", number)]
        ] as const
        for (const [name, call] of calls) {
          const error = await rejection(call())
          assert.strictEqual(error.name, "InvalidArgument", `${name} = ${number}`)
          assert.match(error.message, new RegExp(`^${name} (is not a number|cannot be used: .*whole number from)`))
        }
      }
      assert.deepStrictEqual(await gitpip.users(0), [])
      assert.deepStrictEqual(await gitpip.publications(Number.MAX_SAFE_INTEGER), [])
      await gitpip.close()
    })
  })
)

const rejection = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => assert.fail("the call did not fail"),
    (error: Error) => error
  )
