/** Global failures stop a scan and blame no user: outages, limits and refused tokens. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Gitpip } from "../../src/Gitpip.ts"
import { layerPostgres } from "../database.ts"
import { inWorld, name, services, type WorldOptions } from "../world.ts"

const always = { times: Number.POSITIVE_INFINITY }
const lists = { route: "/users/{login}/gists" } as const

describe("a scan", () => {
  it.effect("one account that GitHub never answers for is no outage", () =>
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

  it.effect("an outage stops the scan after a few users, and no user is blamed", () =>
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

  it.effect("an outage of lists makes no user failing, however long it lasts, and all are checked right after it", () =>
    inWorld(layerPostgres, { queries: false }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        for (let n = 0; n < 5; n++) {
          github.addUser(`user-${n}`)
          yield* gitpip.track(name(`user-${n}`))
        }
        github.addUser("octocat")
        github.injectFault({ kind: "html", status: 502 }, { when: ({ route }) => route === lists.route, ...always })
        const single = yield* gitpip.scan({ username: name("user-4") })
        assert.strictEqual(single.failed, 1)
        for (let n = 0; n < 6; n++) {
          assert.deepInclude(yield* gitpip.scan(), { state: "stopped", reason: "Unavailable" })
          yield* TestClock.adjust("5 minutes")
        }
        assert.deepStrictEqual(yield* sql`select sum(failures)::int as failures from users`, [{ failures: 0 }])
        github.clearFaults()
        assert.deepInclude(yield* gitpip.scan(), { state: "done", users: 5, failed: 0 })
      })
    )
  )

  it.effect("a limit stops the scan, and the next scan goes on behind the last user that was checked", () =>
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

        // Nothing is sent while the limit holds, by this process or by a restarted one.
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

  it.effect("a limit blocks a restarted process too", () =>
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

  for (const [what, env] of [
    ["lists", { queries: false }],
    ["queries", {}]
  ] satisfies ReadonlyArray<readonly [string, WorldOptions]>) {
    it.effect(`a stored limit of ${what} stays as it was first stored, however many processes scan under it`, () =>
      inWorld(layerPostgres, env, ({ github, settings }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          const stored = sql`select * from limits order by limit_key`
          github.addUser("ann")
          yield* gitpip.track(name("ann"))
          github.injectFault({ kind: "secondary-limit", retryAfterSeconds: 600 }, { times: Number.POSITIVE_INFINITY })
          yield* gitpip.scan()
          const first = yield* stored
          assert.isAtLeast(first.length, 1)
          for (let n = 0; n < 3; n++) {
            yield* TestClock.adjust("7 seconds")
            const again = n === 0 ? gitpip.scan() : Effect.flatMap(Gitpip, (fresh) => fresh.scan())
            const { message } = yield* again.pipe(Effect.provide(services(settings)))
            assert.lengthOf((message ?? "").match(/not asked again yet/g) ?? [], 1)
            assert.deepStrictEqual(yield* stored, first)
          }
        })
      )
    )
  }

  it.effect("a refused token stops the scan and says what to fix", () =>
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

  it.effect("a refused token ends a scan at the first answer, and the status says so", () =>
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
})
