import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, run } from "./inProcess.ts"
import { makeWorld, start } from "./process.ts"

describe("scan ends with 1", () => {
  it.live("when a user cannot be scanned, after scanning the others", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      yield* done(world, "track", "missing-one")
      yield* done(world, "track", "ann")
      const { code, stderr, stdout } = yield* run(world, "scan")
      assert.strictEqual(code, 1)
      assert.match(stdout, /missing-one +GitHub knows no user missing-one.* Will be tried again at 20/)
      assert.match(
        (yield* done(world, "users")).stdout,
        /GitHub knows no user missing-one.*\(will be tried again at 20/
      )
      assert.match(stderr, /1 user could not be scanned; the next scan tries again/)
      assert.strictEqual(world.pipedrive.activities.length, 1)
    })
  )

  it.live("when GitHub's limit stops the scan, and says when to run it again", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      yield* done(world, "track", "ann")
      world.github.injectFault({ kind: "primary-limit", resetInSeconds: 1_800 })
      const stopped = yield* run(world, "scan")
      assert.strictEqual(stopped.code, 1)
      assert.match(stopped.stderr, /The scan was stopped: .*limit.* Run the command again after \d{4}-/)
    })
  )

  it.live("when files are left for later, and says when they are due", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      world.github.addGist("ann", { files: { "a.txt": "a" } })
      yield* done(world, "track", "ann")
      world.pipedrive.injectFault({ kind: "budget-spent" }, { times: Number.POSITIVE_INFINITY })
      const { code, json, stderr } = yield* run(world, "scan", "--json")
      assert.strictEqual(code, 1)
      assert.strictEqual(json.publishing.state, "paused")
      assert.strictEqual(json.publishing.left, 1)
      assert.match(json.publishing.due_at, /^\d{4}-/)
      assert.match(
        stderr,
        /1 file is left unpublished: .*tokens.*\. It is due from \d{4}-\S+Z on\. Run `gitpip scan` again after/
      )
    })
  )

  it.live("with one line when GitHub stops the scans of several users for one reason", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      for (const login of ["ann", "bob"]) {
        world.github.addUser(login)
        yield* done(world, "track", login)
      }
      world.github.injectFault({ kind: "primary-limit", resetInSeconds: 1_800 }, { times: Number.POSITIVE_INFINITY })
      const { stderr } = yield* run(world, "scan", "ann", "bob")
      assert.strictEqual(stderr.split("The scan was stopped").length, 2, stderr)
      assert.notInclude(stderr, "..")
    })
  )

  it.live("when somebody else is scanning, or a name is not tracked, and nothing is scanned", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      world.github.addUser("ann")
      yield* done(world, "track", "ann")
      const before = world.github.count()
      const unknown = yield* run(world, "scan", "ann", "bob")
      assert.strictEqual(unknown.code, 1)
      assert.include(unknown.stderr, "bob is not tracked")
      assert.strictEqual(world.github.count(), before)

      world.github.injectFault({ kind: "late" })
      const first = yield* start(world, "scan")
      yield* world.github.seen(before + 1)
      const second = yield* run(world, "scan")
      assert.strictEqual(second.code, 1)
      assert.match(second.stderr, /Scan \d+ is running already/)
      world.github.release()
      assert.strictEqual((yield* first.ended).code, 0)
    })
  )
})

describe("a signal", () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const) {
    it.live(`${signal} ends a scan with ${code}, and the next one goes on`, () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        world.github.addUser("ann")
        world.github.addGist("ann", { files: { "a.txt": "a" } })
        yield* done(world, "track", "ann")
        const before = world.github.count()
        world.github.injectFault({ kind: "hang" })
        const scan = yield* start(world, "scan")
        yield* world.github.seen(before + 1)
        yield* scan.signal(signal)
        const ended = yield* scan.ended
        assert.strictEqual(ended.code, code, ended.stderr)
        assert.strictEqual(ended.stdout, "")
        assert.match((yield* done(world, "scan")).stdout, /1 file published/)
      })
    )
  }
})
