/** What a scan finds, whom it leaves alone, and where it goes on after a stop. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Scanner } from "../../src/detect/Scanner.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakeGithub } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { elapse, everything, inWorld, name, services } from "../world.ts"

const lists = { route: "/users/{login}/gists" } as const

describe("a user's gists", () => {
  it.effect("are read page by page, and only as far as something is new", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 245; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("ann"))
        assert.strictEqual((yield* gitpip.scan()).files, 245)
        assert.strictEqual(github.requests.length, 3)

        github.clearRequests()
        github.addGist("ann", { files: { "new.md": "" }, createdAt: 900_000 })
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        // The first page held something new, the second did not: the third is not asked for.
        assert.strictEqual(github.requests.length, 2)
      })
    )
  )

  it.effect("are walked to the end once a day, so that a file added to an old gist is found", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const oldest = github.addGist("ann", { files: { "old.md": "" }, createdAt: 0 })
        for (let n = 1; n < 150; n++) github.addGist("ann", { files: { [`${n}.md`]: "" }, createdAt: n * 1_000 })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.addFile(oldest, "late.md", "")
        assert.strictEqual((yield* gitpip.scan()).files, 0)
        yield* TestClock.adjust("24 hours")
        assert.strictEqual((yield* gitpip.scan()).files, 1)
      })
    )
  )

  it.effect("are kept as far as they were read when a later page fails, and found whole the next time", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 150; n++) github.addGist("ann", { files: { [`${n}.md`]: "" } })
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "status", status: 502 }, { when: ({ route }) => route === "/user/{id}/gists" })
        const stopped = yield* gitpip.scan()
        assert.deepStrictEqual([stopped.state, stopped.failed, stopped.files], ["done", 1, 100])
        assert.strictEqual((yield* gitpip.scan()).files, 50)
      })
    )
  )

  it.effect("that were secret and become public are found, however old they are", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const secret = github.addGist("ann", { files: { "s.md": "" }, createdAt: 0, public: false })
        github.addGist("ann", { files: { "p.md": "" }, createdAt: 1_000 })
        yield* gitpip.track(name("ann"))
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        github.setPublic(secret, true)
        assert.strictEqual((yield* gitpip.scan()).files, 1)
      })
    )
  )

  it.effect(
    "older than the tracking are listed but not published with GITPIP_BACKFILL=none; what appears later is",
    () =>
      inWorld(layerPostgres, { env: { GITPIP_BACKFILL: "none" } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* TestClock.adjust("1 hour")
          github.addUser("ann")
          github.addGist("ann", { files: { "old.md": "" }, createdAt: 0 })
          const secret = github.addGist("ann", { files: { "secret.md": "" }, createdAt: 0, public: false })
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 0)
          assert.strictEqual((yield* gitpip.latest(name("ann"))).files.length, 1)
          github.setPublic(secret, true)
          github.addGist("ann", { files: { "new.md": "" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          assert.sameMembers(
            pipedrive.activities.map(({ subject }) => subject),
            ["secret.md", "new.md"]
          )
        })
      )
  )
})

/** Ann is tracked and has been looked at, with one gist. */
const annIsKnown = Effect.fnUntraced(function* (github: FakeGithub) {
  const gitpip = yield* Gitpip
  github.addUser("ann")
  github.addGist("ann", { files: { "a.md": "" } })
  yield* gitpip.track(name("ann"))
  yield* gitpip.scan()
})

describe("an account", () => {
  it.effect("that is missing fails alone, waits longer each time, and is found when it returns", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("bob")
        github.addGist("bob", { files: { "b.md": "" } })
        for (const login of ["ann", "bob"]) yield* gitpip.track(name(login))
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.failed, scan.files], ["done", 1, 1])
        const { user } = yield* gitpip.user(name("ann"))
        assert.deepStrictEqual(
          [user.state, user.errorReason, user.retryAt?.epochMilliseconds],
          ["failing", "UserNotFound", 300_000]
        )
        github.addUser("ann")
        yield* gitpip.scan()
        assert.strictEqual((yield* gitpip.user(name("ann"))).user.state, "ok")
      })
    )
  )

  it.effect("that is renamed stays tracked under its new name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addGist("anne", { files: { "b.md": "" } })
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.failed, scan.files], [0, 1])
        assert.strictEqual((yield* gitpip.history(name("anne"), everything)).length, 2)
      })
    )
  )

  it.effect("whose old name belongs to somebody else brings nothing of theirs", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addUser("ann")
        github.addGist("ann", { files: { "stranger.md": "" } })
        yield* gitpip.scan()
        const files = yield* gitpip.history(name("anne"), everything)
        assert.deepStrictEqual(
          files.map(({ filename }) => filename),
          ["a.md"]
        )
      })
    )
  )

  it.effect("whose old name belongs to somebody without gists is found under its new name", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* annIsKnown(github)
        github.renameUser("ann", "anne")
        github.addUser("ann")
        github.addGist("anne", { files: { "b.md": "" } })
        assert.strictEqual((yield* gitpip.scan()).files, 1)
        assert.strictEqual((yield* gitpip.history(name("anne"), everything)).length, 2)
      })
    )
  )

  it.effect("that has deleted all its gists is no failure, and asked once who it is", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        const gist = github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.deleteGist(gist)
        for (const _ of [1, 2]) assert.strictEqual((yield* gitpip.scan()).failed, 0)
        assert.strictEqual(github.count("GET", "/user/{id}"), 1)
      })
    )
  )

  it.effect("whose new name is tracked as well says so and keeps its own", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        for (const login of ["ann", "anne"]) yield* gitpip.track(name(login))
        yield* gitpip.scan()
        github.renameUser("ann", "anne")
        yield* gitpip.scan()
        const { user } = yield* gitpip.user(name("ann"))
        assert.strictEqual(user.errorReason, "NameTaken")
        assert.include(user.errorMessage ?? "", "anne")
      })
    )
  )

  it.effect("whose new name was tracked once is followed as its message says", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        github.addGist("ann", { files: { "a.md": "" } })
        for (const login of ["ann", "anne"]) yield* gitpip.track(name(login))
        yield* gitpip.scan()
        yield* gitpip.untrack(name("anne"))
        github.renameUser("ann", "anne")
        yield* gitpip.scan()
        const { user } = yield* gitpip.user(name("ann"))
        assert.include(user.errorMessage ?? "", "Untrack the old name, and track the new one if it is not")
        yield* gitpip.untrack(name("ann"))
        yield* gitpip.track(name("anne"))
        github.addGist("anne", { files: { "b.md": "" } })
        const { failed, files } = yield* gitpip.scan()
        assert.deepStrictEqual([failed, files], [0, 1])
      })
    )
  )
})

describe("trouble that is everybody's", () => {
  it.effect("is not that of one account which GitHub never answers for", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const logins = Array.from({ length: 230 }, (_, n) => `user-${n}`)
        for (const login of logins) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        github.injectFault(
          { kind: "html", status: 502 },
          { when: ({ params }) => params[0] === "user-1", times: Number.POSITIVE_INFINITY }
        )
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.users, scan.failed], ["done", 230, 1])
        const { user } = yield* gitpip.user(name("user-1"))
        assert.deepStrictEqual([user.errorReason, user.retryAt?.epochMilliseconds], ["Unavailable", 30_000])
      })
    )
  )

  it.effect("is an outage: after a few users nobody else is asked for, and nobody is blamed", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (let n = 0; n < 150; n++) {
          github.addUser(`user-${n}`)
          yield* gitpip.track(name(`user-${n}`))
        }
        github.injectFault({ kind: "status", status: 503 }, { times: Number.POSITIVE_INFINITY })
        const stopped = yield* gitpip.scan()
        assert.deepStrictEqual([stopped.state, stopped.reason], ["stopped", "Unavailable"])
        assert.isAtMost(github.count("GET"), 20)
        assert.isAtMost(github.count("POST", "/graphql"), 18)
        github.clearFaults()
        const resumed = yield* gitpip.scan()
        assert.deepStrictEqual([resumed.state, resumed.users, resumed.failed], ["done", 150, 0])
      })
    )
  )

  it.effect("stops the scan, and the next one goes on behind the last user that was looked at", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const logins = Array.from({ length: 260 }, (_, n) => `user-${n}`)
        for (const login of logins) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        let asked = 0
        github.injectFault(
          { kind: "primary-limit", resetInSeconds: 1_800 },
          { when: ({ route }) => route === lists.route && ++asked > 230, times: Number.POSITIVE_INFINITY }
        )
        const stopped = yield* gitpip.scan()
        assert.deepStrictEqual([stopped.state, stopped.reason], ["stopped", "RateLimited"])
        assert.strictEqual(stopped.resumeAt?.epochMilliseconds, 1_801_000)
        const [{ cursor }] = (yield* sql`select cursor from scans`) as [{ cursor: number }]
        assert.isAtLeast(cursor, 200)
        assert.isBelow(cursor, 260)

        // Nothing is sent into the closed door, by this process or by a restarted one.
        const before = github.requests.length
        assert.strictEqual((yield* gitpip.scan()).state, "stopped")
        assert.strictEqual(github.requests.length, before)

        github.clearFaults()
        yield* TestClock.adjust("31 minutes")
        github.clearRequests()
        const resumed = yield* gitpip.scan()
        assert.deepStrictEqual([resumed.state, resumed.users], ["done", 260])
        const [key] = (yield* sql`select username from users where key > ${cursor} order by key limit 1`) as [
          { username: string }
        ]
        const first20 = github.requests
          .filter(({ route }) => route === lists.route)
          .slice(0, 20)
          .map(({ params }) => params[0])
        assert.include(first20, key.username)
      })
    )
  )

  it.effect("closes the door for a restarted process too", () =>
    inWorld(layerPostgres, {}, ({ github, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 120 })
        yield* gitpip.scan()
        const asked = github.requests.length
        const restarted = Effect.flatMap(Gitpip, (fresh) => fresh.scan()).pipe(Effect.provide(services(settings)))
        assert.strictEqual((yield* restarted).reason, "RateLimited")
        assert.strictEqual(github.requests.length, asked)
      })
    )
  )

  it.effect("a refused token stops the scan and says what to mend", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "wrong" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        yield* gitpip.track(name("ann"))
        const scan = yield* gitpip.scan()
        assert.deepStrictEqual([scan.state, scan.reason], ["stopped", "Unauthorized"])
        assert.include(scan.message ?? "", "GITHUB_TOKEN")
        assert.strictEqual((yield* gitpip.user(name("ann"))).user.failures, 0)
      })
    )
  )
})

describe("two scans", () => {
  it.effect("of everybody never run at once, in whatever process", () =>
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

  it.effect("side by side of the same user store each file once", () =>
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

  it.effect("the second begins where the first was cut off", () =>
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

  it.effect("a lost one does not keep the next from running", () =>
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
})

describe("a preview", () => {
  it.effect("says what tracking would publish, and stores nothing", () =>
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
          activities: 300,
          deals: 1,
          tokens: 1_525,
          days: 0.05,
          githubRequests: 2
        })
        assert.deepStrictEqual(yield* gitpip.users({ after: 0, limit: 10 }), [])
      })
    )
  )
})

it.effect("a pass that was cut off before its first progress keeps the place of the one before", () =>
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

it.effect("a pass that has lost its lease ends: another one may have begun", () =>
  inWorld(layerPostgres, { env: { GITHUB_TOKEN: "", GITPIP_SCAN_INTERVAL: "10 minutes" } }, () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const gitpip = yield* Gitpip
      const scanner = yield* Scanner
      // Too many to look at everybody, and nobody is due.
      yield* sql`insert into users (id, username, tracked_at, checked_at, listed_at)
        select n, 'user-' || n, now(), to_timestamp(0), to_timestamp(0) from generate_series(1, 100) n`
      const scan = yield* Effect.forkChild(scanner.scan({ kind: "scheduled", userKey: null }))
      const isRunning = Effect.map(gitpip.scans(everything), ([scan]) => scan?.state === "running")
      while (!(yield* isRunning)) yield* Effect.yieldNow
      yield* sql`update scans set state = 'interrupted', finished_at = now() where state = 'running'`
      // Far less than the ten minutes that a pass lasts.
      yield* elapse("2 minutes")
      assert.isDefined(scan.pollUnsafe())
    })
  )
)

it.effect("a token that is refused ends a scan at its first answer, and the status says so", () =>
  inWorld(layerPostgres, { queries: false, github: { token: "another" } }, ({ github }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (let n = 0; n < 50; n++) yield* gitpip.track(name(`user-${n}`))
      yield* gitpip.scan()
      assert.isAtMost(github.requests.length, 3)
      const { lastScan } = yield* gitpip.status
      assert.deepStrictEqual([lastScan?.state, lastScan?.reason], ["stopped", "Unauthorized"])
    })
  )
)
