/** Several processes on one database stay within a service's limit together, while processes start, stop and die. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Database from "../../src/database/Database.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Github } from "../../src/github/Github.ts"
import { type Grant, type Quota, type QuotaUse, SharedQuota } from "../../src/net/SharedQuota.ts"
import * as Throttle from "../../src/net/Throttle.ts"
import * as Live from "../../src/store/Quotas.ts"
import { Store } from "../../src/store/Store.ts"
import { freshUrl, layerPostgres } from "../database.ts"
import { inWorld, makeWorld, name, services } from "../world.ts"

const window = { limit: 20, millis: 2_000 }

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"

describe("two servers that publish at once", () => {
  /** `files` wait, and the second server starts when the first has published some of them. */
  const publishing = Effect.fnUntraced(function* (files: number, lead: number) {
    const url = yield* freshUrl
    const { github, pipedrive, settings } = yield* makeWorld({
      pipedrive: { burst: { limit: 20, windowMillis: 2_000 } }
    })
    const server = Layer.build(Layer.provideMerge(services(settings), Layer.fresh(Database.layerServer(url))))
    const [first, second] = [yield* server, yield* server]
    yield* Effect.gen(function* () {
      const gitpip = yield* Gitpip
      for (const login of ["ann", "bob"]) {
        github.addUser(login)
        pipedrive.addDeal({ title: login })
        const named = Array.from({ length: files / 2 }, (_, n) => [`${n}.md`, "x"] as const)
        github.addGist(login, { files: Object.fromEntries(named) })
        yield* gitpip.track(name(login))
      }
      yield* gitpip.scan()
    }).pipe(Effect.provide(first))
    // While one server searches a user's deal, the other snoozes the user's files. No test waits for that.
    const publish = Effect.flatMap(Gitpip, ({ publish }) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        let published = 0
        while (pipedrive.activities.length < files) {
          published += (yield* publish).published
          yield* Effect.orDie(sql`update publications set due_at = now() where state = 'pending' and due_at > now()`)
        }
        return published
      })
    )
    const one = yield* Effect.forkChild(Effect.provide(publish, first))
    yield* pipedrive.seen(lead, isCreate)
    const other = yield* Effect.provide(publish, second)
    const done = [yield* Fiber.join(one), other]
    // Without a quota dozens of requests are refused. One is refused when a process stops between its question and its request.
    assert.isAtMost(pipedrive.count(undefined, undefined, 429), 2)
    assert.strictEqual(
      done.reduce((sum, count) => sum + count, 0),
      files
    )
    assert.isAbove(Math.min(...done), 0)
    assert.strictEqual(pipedrive.activities.length, files)
  })

  it.live("share its limit from their first request on", () => publishing(40, 0))
  it.live("share its limit when one of them has all of it before the other comes", () => publishing(60, 25))
})

it.effect("a limit that one server met holds the other server within two seconds", () =>
  inWorld(layerPostgres, {}, ({ github, settings }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      yield* gitpip.track(name("ann"))
      const other = yield* Layer.build(services(settings))
      const check = Effect.flatMap(Github, (github) => github.gists("ann", Option.none())).pipe(Effect.provide(other))
      yield* check
      github.injectFault({ kind: "primary-limit", resetInSeconds: 600 })
      assert.strictEqual((yield* gitpip.scan()).state, "stopped")
      yield* TestClock.adjust("2 seconds")
      const before = github.requests.length
      assert.strictEqual((yield* Effect.flip(check)).reason._tag, "RateLimited")
      assert.strictEqual(github.requests.length, before)
    })
  )
)

it.effect(
  "to be kept back by the own pace is no trouble: nobody else is held up, and all go on together afterwards",
  () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const sql = yield* SqlClient.SqlClient
        github.addUser("ann")
        const files = 6
        for (let n = 0; n < files; n++) github.addGist("ann", { files: { [`${n}.md`]: "x" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        // No response reports how much other servers use of GitHub's minute.
        yield* sql`alter function acquire_quota rename to use_no_door`
        yield* TestClock.adjust("6 seconds")
        assert.strictEqual((yield* gitpip.publish).published, 0)
        assert.strictEqual((yield* gitpip.status).publishing.state, "paused")
        assert.deepStrictEqual(yield* sql`select * from limits`, [])

        yield* sql`alter function use_no_door rename to acquire_quota`
        yield* TestClock.adjust("2 seconds")
        // The first one gets no answer. The others do not wait for it.
        pipedrive.injectFault({ kind: "hang" }, { when: isCreate })
        const publishing = yield* Effect.forkChild(gitpip.publish)
        yield* sql<{ n: number }>`select count(*) as n from publications where state = 'published'`.pipe(
          Effect.repeat({ until: ([published]) => published?.n === files - 1 })
        )
        // Connections that are still being opened would come too late for the other clock.
        yield* Effect.forEach(Array(10), () => sql`select pg_sleep(0.1)`, { concurrency: "unbounded" })
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* Fiber.join(publishing)).published, files - 1)
      })
    )
)

describe("quotas", () => {
  const inDatabase = <A, E>(
    body: (
      /** Another process each time. */
      join: Effect.Effect<Quota>
    ) => Effect.Effect<A, E, SqlClient.SqlClient>
  ) =>
    Effect.scoped(
      body(
        Effect.gen(function* () {
          const made = yield* Layer.build(Layer.fresh(Live.layer))
          return (yield* SharedQuota.pipe(Effect.provide(made))).quota("limit") as Quota
        }) as Effect.Effect<Quota>
      )
    ).pipe(Effect.provide(layerPostgres))
  const ask = (quota: Quota, use: Partial<QuotaUse> = {}) =>
    Effect.map(quota.renew({ window, sent: 0, wants: 20, ...use }), (grant) => (grant as Grant).slots)
  const silentFor = (seconds: number) =>
    Effect.flatMap(
      SqlClient.SqlClient,
      (sql) => sql`update quotas set used_at = used_at - ${seconds}::float8 * interval '1 second'`
    )

  it.effect("are the whole window for one server, half for each of two that want all, and the rest for the other", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        const [a, b] = [yield* join, yield* join]
        assert.strictEqual(yield* ask(a), 20)
        // A granted slot is granted again only when it was released, and its requests have left the window.
        assert.strictEqual(yield* ask(b), 0)
        assert.strictEqual(yield* ask(a, { sent: 20 }), 10)
        assert.strictEqual(yield* ask(b), 0)
        assert.strictEqual(yield* ask(a, { sent: 10 }), 10)
        assert.strictEqual(yield* ask(b), 10)
        assert.strictEqual(yield* ask(a, { wants: 3 }), 3)
        assert.strictEqual(yield* ask(b), 17)
        // A third server reports the window.
        const c = yield* (yield* join).renew({ window: undefined, sent: 0, wants: 1 })
        assert.deepStrictEqual([c?.window, c?.others], [window, 2])
      })
    )
  )

  it.effect("of a server that died are freed when none of its requests can be in the window", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        const [a, b] = [yield* join, yield* join]
        assert.strictEqual(yield* ask(a), 20)
        yield* silentFor(9)
        assert.strictEqual(yield* ask(b), 0)
        yield* silentFor(2)
        assert.strictEqual(yield* ask(b), 20)
        // After a long pause a server has no slots, until the other releases some.
        assert.strictEqual(yield* ask(a), 0)
        // A window of a minute keeps them for longer.
        const minute = { limit: 900, millis: 60_000 }
        yield* silentFor(100)
        assert.strictEqual(yield* ask(a, { window: minute, wants: 900 }), 900)
        yield* silentFor(60)
        assert.strictEqual(yield* ask(b, { window: minute, wants: 900 }), 0)
      })
    )
  )

  it.effect("of servers that are killed one after the other leave room for the next", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        for (let killed = 0; killed < 12; killed++) {
          const throttle = Throttle.make({ concurrency: 20, patience: 0, quota: yield* join })
          throttle.setWindow({ limit: 900, millis: 60_000 })
          yield* throttle.run(Effect.void)
        }
      })
    )
  )

  it.effect("never exceed the limit in sum, however many servers ask at once", () =>
    inDatabase((join) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const servers = yield* Effect.all(Array.from({ length: 6 }, () => join))
        for (let round = 0; round < 20; round++) {
          yield* sql`delete from quotas`
          const granted = yield* Effect.forEach(servers, (quota) => ask(quota), { concurrency: "unbounded" })
          assert.strictEqual(
            granted.reduce((sum, places) => sum + places, 0),
            window.limit
          )
        }
        yield* Effect.forEach(
          servers,
          (quota, server) =>
            Effect.gen(function* () {
              let places = 0
              for (let round = 0; round < 25; round++) {
                // Sends as much as it was granted now and then, and nothing at other times.
                const sent = round % 3 === server % 3 ? places : 0
                places = yield* ask(quota, { sent, wants: 1 + ((round * 7 + server * 5) % 20) })
                const [found] = yield* sql<{ sum: number }>`select sum(slots) as sum from quotas`
                assert.isAtMost(found?.sum ?? 0, window.limit)
              }
            }),
          { concurrency: "unbounded" }
        )
      })
    )
  )
})

describe("a throttle with a quota", () => {
  const throttleWith = (answer: (use: QuotaUse) => Grant | undefined) => {
    const asked: Array<QuotaUse> = []
    const throttle = Throttle.make({
      concurrency: 100,
      patience: "15 seconds",
      quota: {
        renew: (use) =>
          Effect.sync(() => {
            asked.push(use)
            return answer(use)
          })
      }
    })
    return { throttle, asked }
  }
  const grant = (places: number, more: Partial<Grant> = {}): Grant => ({
    slots: places,
    others: 1,
    window: undefined,
    blocked: undefined,
    ...more
  })
  const enter = (throttle: Throttle.Throttle, times: number) => {
    let entered = 0
    return Effect.map(
      Effect.forEach(
        Array.from({ length: times }),
        () => Effect.forkChild(throttle.run(Effect.sync(() => entered++)), { startImmediately: true }),
        { discard: true }
      ),
      () => () => entered
    )
  }

  it.effect("sends no more than its quota, and asks again when that is used and every two seconds", () =>
    Effect.gen(function* () {
      const { asked, throttle } = throttleWith(({ wants }) => grant(Math.min(wants, 8)))
      throttle.setWindow(window)
      const entered = yield* enter(throttle, 20)
      assert.strictEqual(entered(), 8)
      assert.deepStrictEqual(
        asked.map(({ sent, wants }) => [sent, wants]),
        [
          [0, 5],
          [5, 10]
        ]
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(entered(), 16)
      assert.strictEqual(asked.length, 3)
    })
  )

  it.effect("without other servers sends all requests at once", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      const before = yield* enter(throttle, 30)
      assert.strictEqual(before(), 30)
      const { throttle: paced } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      paced.setWindow(window)
      assert.strictEqual((yield* enter(paced, 30))(), 20)
    })
  )

  it.effect("that has the whole window fails at once when the next slot is far away", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants, { others: 0 }))
      throttle.setWindow({ limit: 20, millis: 60_000 })
      yield* Effect.forEach(Array.from({ length: 20 }), () => throttle.run(Effect.void))
      const closed = yield* Effect.flip(throttle.run(Effect.void))
      assert.strictEqual(closed.until, 60_000)
    })
  )

  it.effect("beside other servers sends one request first while the window is unknown", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) => grant(wants))
      const answer = yield* Deferred.make<void>()
      let entered = 0
      const pass = throttle.run(
        Effect.andThen(
          Effect.sync(() => void entered++),
          Deferred.await(answer)
        )
      )
      yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(pass, { startImmediately: true }))
      assert.strictEqual(entered, 1)
      yield* Deferred.succeed(answer, undefined)
      yield* TestClock.adjust(0)
      assert.strictEqual(entered, 3)
    })
  )

  it.effect("goes on for five seconds without an answer of the database, and then sends nothing until one comes", () =>
    Effect.gen(function* () {
      let alive = true
      const { throttle } = throttleWith(({ wants }) => (alive ? grant(wants) : undefined))
      throttle.setWindow(window)
      yield* throttle.run(Effect.void)
      alive = false
      yield* TestClock.adjust("4 seconds")
      yield* throttle.run(Effect.void)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(throttle.run(Effect.void)))._tag, "Throttled")
      alive = true
      yield* throttle.run(Effect.void)
    })
  )

  it.effect("sends nothing when the answer took longer than a quota is valid", () =>
    Effect.gen(function* () {
      let places = 0
      const throttle = Throttle.make({
        concurrency: 100,
        patience: "1 minute",
        quota: {
          renew: () =>
            Effect.delay(
              Effect.sync(() => grant(places)),
              "3 seconds"
            )
        }
      })
      throttle.setWindow(window)
      const entered = yield* enter(throttle, 1)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(entered(), 0)
      places = 1
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(entered(), 1)
    })
  )

  it.effect("sends nothing during a limit that another server met", () =>
    Effect.gen(function* () {
      const { throttle } = throttleWith(({ wants }) =>
        grant(wants, { blocked: { until: 60_000, why: "the day is over" } })
      )
      const closed = yield* Effect.flip(throttle.run(Effect.void))
      assert.deepStrictEqual([closed.until, closed.why], [60_000, "the day is over"])
    })
  )
})

it.effect("a limit holds until its first end when another process reports an earlier one", () =>
  inWorld(layerPostgres, {}, () =>
    Effect.gen(function* () {
      const { limits } = yield* Store
      yield* limits.block("limit", { wait: Duration.hours(1), message: "the day's budget" })
      yield* limits.block("limit", { wait: Duration.seconds(30), message: "too fast" })
      assert.deepStrictEqual(
        Option.map(yield* limits.blocked("limit"), ({ wait }) => wait),
        Option.some(Duration.hours(1))
      )
    })
  )
)
