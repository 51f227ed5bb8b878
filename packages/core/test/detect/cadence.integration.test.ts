/** Which users are due when there are too many to check all of them in every scan. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { CheckSchedule } from "../../src/detect/CheckSchedule.ts"
import { Scanner } from "../../src/detect/Scanner.ts"
import * as Cadence from "../../src/domain/Cadence.ts"
import { UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { elapse, everything, inWorld, name } from "../world.ts"

const isList = ({ route }: { readonly route: string | undefined }) => route === "/users/{login}/gists"
const plan = Effect.flatten(Effect.map(CheckSchedule, ({ plan }) => plan))
const scheduled = Effect.flatMap(Scanner, (scanner) => scanner.scan({ kind: "scheduled", userKey: null }))
const hours = (n: number) => new Date(n * 3_600_000)
const beginning = new Date(0)

/** A scheduled scan that checks this many users and then waits for its interval to end. */
const runScheduled = Effect.fnUntraced(function* (users: number) {
  const gitpip = yield* Gitpip
  const fiber = yield* Effect.forkChild(scheduled)
  const waits = Effect.map(
    gitpip.scans({ ...everything, limit: 1 }),
    ([scan]) => scan?.state === "running" && scan.users >= users
  )
  while (fiber.pollUnsafe() === undefined && !(yield* waits)) yield* Effect.yieldNow
  while (fiber.pollUnsafe() === undefined) yield* elapse("2 seconds")
  return yield* Fiber.join(fiber)
})

describe("a plan", () => {
  it.effect("all users are checked in every scan while GitHub's limits allow that", () =>
    inWorld(layerPostgres, {}, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (let n = 0; n < 30; n++) yield* gitpip.track(name(`user-${n}`))
        const { checksAllUsers, fits, users } = yield* plan
        assert.deepStrictEqual({ checksAllUsers, fits, users }, { checksAllUsers: true, fits: true, users: 30 })
      })
    )
  )

  it.effect("a plan spreads too few checks by how often each user publishes, and says when they do not suffice", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "", GITPIP_MAX_DELAY: "2 hours" } }, () =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        for (let n = 0; n < 90; n++) yield* gitpip.track(name(`user-${n}`))
        yield* sql`update users set rate_class = 12 where id <= 10`
        const { budget, checksAllUsers, fits, intervals, needed } = yield* plan
        assert.closeTo(budget, (60 * 0.8) / 3_600, 1e-9)
        assert.deepStrictEqual([checksAllUsers, fits], [false, true])
        assert.closeTo(needed, budget, budget * 0.002)
        // The check itself takes its time.
        assert.strictEqual(intervals[0], 7_200_000 * 0.98)
        assert.isBelow(intervals[12] as number, 5_100_000)

        for (let n = 90; n < 100; n++) yield* gitpip.track(name(`user-${n}`))
        yield* TestClock.adjust("1 minute")
        assert.isFalse((yield* plan).fits)
        const [shortage] = (yield* gitpip.status).schedule.shortages
        assert.match(
          shortage ?? "",
          /allow 48 checks an hour, and checking 100 users within 2h takes 51\. Set GITHUB_TOKEN, raise/
        )
      })
    )
  )
})

describe("users are due", () => {
  it.effect(
    "the users due longest come first: unchecked, at the end of a failure's wait, or an interval after the last check",
    () =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const sql = yield* SqlClient.SqlClient
          const { checks } = yield* Store
          yield* TestClock.adjust("20 hours")
          for (const login of ["new", "waits", "failed", "often", "seldom", "gone", "just"])
            yield* gitpip.track(name(login))
          yield* gitpip.untrack(name("gone"))
          yield* sql`update users set checked_at = ${hours(10)} where username <> 'new'`
          yield* sql`update users set failures = 1, retry_at = ${hours(30)} where username = 'waits'`
          yield* sql`update users set failures = 1, retry_at = ${hours(11)} where username = 'failed'`
          yield* sql`update users set rate_class = 20 where username = 'often'`
          yield* sql`update users set checked_at = ${hours(19)} where username = 'just'`
          const intervals = Array.from({ length: Cadence.classes }, (_, c) => (c === 20 ? 2 : 6) * 3_600_000)
          const due = yield* checks.due({ intervals, before: beginning, limit: 10 })
          assert.deepStrictEqual(
            due.map(({ username }) => username),
            ["new", "failed", "often", "seldom"]
          )
          const first = yield* checks.due({ intervals, before: beginning, limit: 2 })
          assert.deepStrictEqual(
            first.map(({ username }) => username),
            ["new", "failed"]
          )
        })
      )
  )
})

describe("a scheduled scan of too many users", () => {
  it.effect(
    "a scan of too many users lasts one interval, asks for no more than GitHub allows, and reaches all users in the end",
    () =>
      inWorld(layerPostgres, { env: { GITHUB_TOKEN: "" } }, ({ github }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          for (let n = 0; n < 20; n++) {
            github.addUser(`user-${n}`)
            github.addGist(`user-${n}`, { files: { "a.md": "" } })
            yield* gitpip.track(name(`user-${n}`))
          }
          const scan = yield* runScheduled(20)
          assert.deepStrictEqual([scan.state, scan.users, scan.files], ["done", 20, 20])
          assert.isAtLeast(scan.finishedAt?.epochMilliseconds ?? 0, 300_000)
          // No user is due again before 25 minutes are over: 48 checks an hour for 20 users.
          assert.strictEqual((yield* runScheduled(0)).users, 0)
          yield* TestClock.adjust("16 minutes")
          assert.strictEqual((yield* runScheduled(20)).users, 20)
          assert.strictEqual(github.requests.filter(isList).length, 40)
          assert.deepStrictEqual(
            github.requests.filter(({ status }) => status === 403),
            []
          )
        })
      )
  )

  it.effect("a scan goes on after a stop with the users who are still due", () =>
    inWorld(layerPostgres, { env: { GITHUB_TOKEN: "" } }, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        for (let n = 0; n < 20; n++) {
          github.addUser(`user-${n}`)
          yield* gitpip.track(name(`user-${n}`))
        }
        github.injectFault(
          { kind: "secondary-limit", retryAfterSeconds: 120 },
          { when: ({ params }) => params[0] === "user-9" }
        )
        assert.strictEqual((yield* runScheduled(20)).state, "stopped")
        yield* TestClock.adjust("2 minutes")
        yield* runScheduled(1)
        const states = (yield* gitpip.users({ after: 0, limit: 100 })).map(({ state }) => state)
        assert.deepStrictEqual(new Set(states), new Set(["ok"]))
      })
    )
  )

  it.effect("a scan learns how often a user publishes from the gists that it finds", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const classes = Effect.map(
          sql<{ username: string; rateClass: number }>`select username, rate_class from users order by key`,
          (found) => found.map(({ rateClass }) => rateClass)
        )
        yield* TestClock.adjust("100 days")
        for (const login of ["often", "never"]) {
          github.addUser(login)
          yield* gitpip.track(name(login))
        }
        // One a day for the last ninety.
        for (let day = 10; day < 100; day++)
          github.addGist("often", { files: { "a.md": "", "b.md": "" }, createdAt: hours(24 * day) })
        yield* scheduled
        assert.deepStrictEqual(yield* classes, [10, 0])
        yield* TestClock.adjust("300 days")
        yield* scheduled
        assert.deepStrictEqual(yield* classes, [0, 0])
        assert.strictEqual((yield* gitpip.history(name("often"), everything)).length, 180)
      })
    )
  )

  it.effect("a rate loses nothing when two checks of a user overlap", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        const { checks } = yield* Store
        yield* TestClock.adjust("30 days")
        github.addUser("ann")
        for (let n = 0; n < 8; n++) github.addGist("ann", { files: { "a.md": "" } })
        yield* gitpip.track(name("ann"))
        yield* scheduled
        const rate = sql<{ rate: number; rateClass: number }>`select rate, rate_class from users`
        const [found] = yield* rate
        assert.closeTo(found?.rate ?? 0, (8 * Math.LN2) / 30, 1e-9)
        assert.strictEqual(found?.rateClass, Cadence.classOf((8 * Math.LN2) / 30))
        // Another one, which began before the first had ended, found nothing.
        const key = UserKey.make(1)
        const check = { fingerprint: null, isFullListing: false, failure: null }
        yield* TestClock.adjust("30 days")
        yield* checks.record([{ ...check, key, gained: 0 }])
        const [after] = yield* rate
        assert.closeTo(after?.rate ?? 0, (4 * Math.LN2) / 30, 1e-9)
        assert.strictEqual(after?.rateClass, Cadence.classOf((4 * Math.LN2) / 30))
      })
    )
  )
})

describe("a failure that is taken back", () => {
  for (const [who, isFullListing] of [
    ["leaves a frequent publisher in their class", true],
    ["leaves a user due whose first listing has pages left", false]
  ] as const) {
    it.effect(who, () =>
      inWorld(layerPostgres, {}, () =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          const { checks } = yield* Store
          yield* TestClock.adjust("20 hours")
          yield* gitpip.track(name("ann"))
          const key = UserKey.make(1)
          const failure = { count: 1, reason: "Refused", message: "", retryIn: Duration.seconds(30) }
          const check = { key, fingerprint: null, gained: null, isFullListing: false, failure: null }
          yield* checks.record([{ ...check, gained: 0.5, isFullListing }])
          yield* checks.record([{ ...check, failure }])
          yield* checks.unmark([key])
          yield* TestClock.adjust("1 hour")
          // The lowest class is checked daily, the others every ten minutes.
          const intervals = Array.from({ length: Cadence.classes }, (_, c) => (c === 0 ? 86_400_000 : 600_000))
          const due = yield* checks.due({ intervals, before: beginning, limit: 10 })
          assert.deepStrictEqual(
            due.map(({ username }) => username),
            ["ann"]
          )
        })
      )
    )
  }
})

it.effect("users who are left for the next hour's points hold up no user whose list costs nothing", () =>
  inWorld(layerPostgres, { env: { GITPIP_SCAN_INTERVAL: "10 seconds" } }, ({ github }) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const gitpip = yield* Gitpip
      yield* TestClock.adjust("10 days")
      // More than are checked side by side, all due before Ann, and none of them with an ETag.
      yield* sql`insert into users (id, username, tracked_at, checked_at, listed_at, fingerprint)
        select n, 'user-' || n, now(), to_timestamp(0), to_timestamp(0), '1 x' from generate_series(1, 1100) n`
      github.addUser("ann")
      yield* gitpip.track(name("ann"))
      yield* sql`update users set checked_at = to_timestamp(60), listed_at = to_timestamp(60), etag = '"x"' where username = 'ann'`
      const { points } = yield* Github
      yield* points.block(DateTime.addDuration(yield* DateTime.now, "1 hour"), "spent")
      let rounds = 0
      const scanner = yield* Scanner
      const scan = yield* Effect.forkChild(
        scanner.scan({
          kind: "scheduled",
          userKey: null,
          onProgress: () => Effect.sync(() => void rounds++)
        })
      )
      yield* github.seen(1, ({ path }) => path.includes("/users/ann/"))
      assert.isAtMost(rounds, 1)
      yield* Fiber.interrupt(scan)
    })
  )
)
