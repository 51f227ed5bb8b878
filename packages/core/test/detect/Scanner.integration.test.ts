/** Scans side by side, cut off, or lost, and the preview. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { elapse, everything, inWorld, name, services } from "../world.ts"

describe("a scan", () => {
  it.effect("two full scans never run at once, in any process", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "late" })
        const first = yield* Effect.forkChild(gitpip.scan())
        yield* github.seen(1)
        const second = yield* Effect.flip(
          Effect.flatMap(Gitpip, (other) => other.scan()).pipe(Effect.provide(services(settings)))
        )
        assert.strictEqual(second._tag, "ScanRunning")
        github.release()
        assert.strictEqual((yield* Fiber.join(first)).state, "done")
      })
    )
  )

  it.effect("two scans of one user side by side store each file once", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 120; n++) github.addGist("ann", { files: { [`${n}.md`]: "" } })
        yield* gitpip.track(name("ann"))
        const one = Effect.flatMap(Gitpip, (any) => any.scan({ username: name("ann") }))
        const scans = yield* Effect.all([one, one.pipe(Effect.provide(services(settings))), one], {
          concurrency: "unbounded"
        })
        assert.strictEqual(
          scans.reduce((sum, { files }) => sum + files, 0),
          120
        )
        assert.strictEqual((yield* gitpip.publications(everything)).length, 120)
      })
    )
  )

  it.effect("a queued scan of a user who is untracked before it starts reads nothing", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        const { id } = yield* gitpip.requestScan(name("ann"))
        yield* gitpip.untrack(name("ann"))
        yield* Effect.flatMap(Scanner, (scanner) => scanner.runQueued("single"))
        const { state, users } = (yield* gitpip.scanDetails(id)).scan
        assert.deepStrictEqual([state, users, github.requests.length], ["done", 0, 0])
      })
    )
  )

  it.effect("a scan starts after the one before was cut off", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "hang" })
        const cut = yield* Effect.forkChild(gitpip.scan())
        yield* github.seen(1)
        yield* Fiber.interrupt(cut)
        const [interrupted] = yield* gitpip.scans(everything)
        assert.strictEqual(interrupted?.state, "interrupted")
        assert.strictEqual((yield* gitpip.scan()).state, "done")
      })
    )
  )

  it.effect("a scan starts although the process of the one before was lost", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into scans (kind, state, requested_at, started_at, lease_until)
          values ('scheduled', 'running', now(), now(), clock_timestamp() - interval '1 second')`
        assert.strictEqual((yield* gitpip.scan()).state, "done")
        const [, lost] = yield* gitpip.scans(everything)
        assert.strictEqual(lost?.state, "interrupted")
      })
    )
  )

  it.effect("a full scan that was cut off before its first progress keeps the place of the one before", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        for (const login of ["ann", "bob", "cid"]) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        yield* sql`insert into scans (kind, state, requested_at, started_at, cursor)
          values ('scheduled', 'stopped', now(), now(), (select key from users where username = 'bob'))`
        github.injectFault({ kind: "hang" })
        const cut = yield* Effect.forkChild(gitpip.scan())
        yield* github.seen(1)
        yield* Fiber.interrupt(cut)
        github.clearRequests()
        yield* gitpip.scan()
        assert.include(github.requests[0]?.path, "/cid/")
      })
    )
  )

  it.effect("a full scan that has lost its lease ends, because another one may have begun", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "", GITPIP_SCAN_INTERVAL: "10 minutes" } }, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const gitpip = yield* Gitpip
        const scanner = yield* Scanner
        // Too many to check all of them, and nobody is due.
        yield* sql`insert into users (id, username, tracked_at, checked_at, listed_at)
          select n, 'user-' || n, now(), to_timestamp(0), to_timestamp(0) from generate_series(1, 100) n`
        const scan = yield* Effect.forkChild(scanner.scan({ kind: "scheduled", userKey: null }))
        const isRunning = Effect.map(gitpip.scans(everything), ([scan]) => scan?.state === "running")
        while (!(yield* isRunning)) yield* Effect.yieldNow
        yield* sql`update scans set state = 'interrupted', finished_at = now() where state = 'running'`
        // Far less than the ten minutes that a full scan lasts.
        yield* elapse("2 minutes")
        assert.isDefined(scan.pollUnsafe())
      })
    )
  )
})

it.effect("a preview says what tracking would publish, and stores nothing", () =>
  inWorld(layerPostgres, {}, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      for (let n = 0; n < 150; n++) github.addGist("ann", { files: { [`${n}.md`]: "", b: "" } })
      const preview = yield* gitpip.preview(name("ann"))
      assert.deepStrictEqual(preview, {
        login: "ann",
        gists: 150,
        files: 300,
        skipped: 0,
        activities: 300,
        deals: 1,
        leads: 0,
        waiting: 0,
        tokens: 1_550,
        searchTokens: 40,
        days: 0.05,
        contact: null,
        githubRequests: 2
      })
      assert.deepStrictEqual(yield* gitpip.users({ after: 0, limit: 10 }), [])
    })
  )
)
