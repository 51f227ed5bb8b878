/** When Pipedrive, GitHub or this process fails, a file still is in Pipedrive once, or has failed with a recorded reason. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Option } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import { UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { Publisher } from "../../src/publish/Publisher.ts"
import { type Delivery, type Order, Sink } from "../../src/publish/Sink.ts"
import { Store } from "../../src/store/Store.ts"
import type { FakeGithub, FakePipedrive, Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name, passTime, services } from "../world.ts"

const isCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/activities"
const isDealCreate = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
  method === "POST" && route === "/api/v2/deals"

/** One tracked user with these files, found and waiting. */
const given = Effect.fnUntraced(function* (github: FakeGithub, files: Record<string, string>, login = "ann") {
  const gitpip = yield* Gitpip
  if (!github.requests.some(({ path }) => path.includes(login))) github.addUser(login)
  const gist = github.addGist(login, { files })
  yield* gitpip.track(name(login))
  yield* gitpip.scan()
  return gist
})

const drainLate = Effect.fnUntraced(function* (after: Duration.Input) {
  yield* passTime(after)
  return yield* (yield* Gitpip).publish
})

const outcomes = Effect.gen(function* () {
  const gitpip = yield* Gitpip
  const [publication] = yield* gitpip.publications(everything)
  const { attempts } = yield* gitpip.publication(publication?.id ?? 0)
  return {
    state: publication?.state,
    reason: publication?.errorReason,
    attempts: attempts.map(({ outcome }) => outcome)
  }
})

const lookups = (pipedrive: FakePipedrive) => pipedrive.count("GET", "/api/v2/activities")

describe("a lost response", () => {
  const lost: ReadonlyArray<[string, Fault]> = [
    ["a reset", { kind: "lost", how: "reset" }],
    ["HTTP 500", { kind: "lost", how: "status", status: 500 }],
    ["HTTP 504", { kind: "lost", how: "status", status: 504 }],
    ["half of the JSON", { kind: "garbage" }]
  ]
  for (const [how, fault] of lost) {
    it.effect(`(${how}) after the work was done: a lookup finds the activity, and the file adopts it`, () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          pipedrive.injectFault(fault, { when: isCreate })
          assert.strictEqual((yield* gitpip.publish).snoozed, 1)
          assert.deepStrictEqual(yield* outcomes, {
            state: "pending",
            reason: "OutcomeUnknown",
            attempts: ["OutcomeUnknown"]
          })
          // Not before the request can no longer be running.
          yield* gitpip.publish
          assert.strictEqual(lookups(pipedrive), 0)
          yield* drainLate(Timing.settleDelay)
          assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
          assert.strictEqual(pipedrive.activities.length, 1)
          assert.strictEqual(lookups(pipedrive), 1)
        })
      )
    )
  }

  it.effect("(a hang) after the work was done: the request ends in time, and the file adopts what a lookup finds", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost", how: "hang" }, { when: isCreate })
        const drain = yield* Effect.forkChild(gitpip.publish)
        yield* pipedrive.seen(1, isCreate)
        yield* TestClock.adjust(Timing.createTimeout)
        yield* Fiber.join(drain)
        yield* drainLate(Timing.settleDelay)
        assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect(
    "(a reset) before the work was done: only a late lookup without a result is believed, and the file is sent again",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          pipedrive.injectFault({ kind: "reset" }, { when: isCreate })
          yield* (yield* Gitpip).publish
          yield* drainLate(Timing.settleDelay)
          assert.deepStrictEqual(yield* outcomes, {
            state: "pending",
            reason: "NotThereYet",
            attempts: ["OutcomeUnknown"]
          })
          assert.strictEqual(lookups(pipedrive), 1)
          // No second lookup is sent before its result can be believed.
          yield* drainLate("1 minute")
          assert.strictEqual(lookups(pipedrive), 1)
          yield* drainLate(Timing.certainDelay)
          assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "published"])
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
  )

  it.effect("with a list that lags behind by minutes: the file waits for the list rather than being sent twice", () =>
    inWorld(layerPostgres, { pipedrive: { listLagMillis: 180_000 } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        yield* drainLate(Timing.settleDelay)
        assert.strictEqual((yield* outcomes).reason, "NotThereYet")
        yield* drainLate(Timing.certainDelay)
        assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "adopted"])
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("with a list that lags behind for longer than a lookup waits: the audit deletes the second activity", () =>
    inWorld(layerPostgres, { pipedrive: { listLagMillis: 20 * 60_000 } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1", "b.md": "2" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        yield* drainLate(Timing.settleDelay)
        yield* drainLate(Timing.certainDelay)
        assert.strictEqual(pipedrive.activities.length, 3)
        // An audit without a response is repeated.
        pipedrive.injectFault({ kind: "status", status: 503 }, { when: ({ method }) => method === "GET" })
        yield* drainLate(Timing.auditDelay)
        assert.strictEqual(pipedrive.activities.length, 3)
        yield* drainLate(Timing.auditRetryDelay)
        assert.sameMembers(
          pipedrive.activities.map(({ subject }) => subject),
          ["a.md", "b.md"]
        )
        const published = yield* (yield* Gitpip).publications(everything)
        assert.sameMembers(
          pipedrive.activities.map(({ id }) => String(id)),
          published.map(({ remoteId }) => remoteId)
        )
        // Done with: nothing is asked any more.
        pipedrive.clearRequests()
        yield* drainLate("3 hours")
        assert.strictEqual(pipedrive.requests.length, 0)
      })
    )
  )

  it.effect("with a person who deleted the recorded activity before the audit: nothing else is deleted", () =>
    inWorld(layerPostgres, { pipedrive: { listLagMillis: 20 * 60_000 } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        yield* drainLate(Timing.settleDelay)
        yield* drainLate(Timing.certainDelay)
        const [first, second] = pipedrive.activities
        pipedrive.deleteActivity(second?.id ?? 0)
        yield* drainLate(Timing.auditDelay)
        assert.deepStrictEqual(
          pipedrive.activities.map(({ id }) => id),
          [first?.id]
        )
      })
    )
  )

  it.effect("is followed by lookups until one is answered", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        pipedrive.injectFault({ kind: "status", status: 500 }, { when: ({ method }) => method === "GET" })
        yield* drainLate(Timing.settleDelay)
        assert.strictEqual(pipedrive.count("POST", "/api/v2/activities"), 1)
        yield* drainLate("2 minutes")
        assert.deepStrictEqual((yield* outcomes).attempts, ["OutcomeUnknown", "LookupFailed", "adopted"])
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("to the deal's creation: the deal is found among the newest deals, and not created twice", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1", "b.md": "2" })
        pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.activities.length, 0)
        yield* drainLate("5 minutes")
        yield* drainLate("5 minutes")
        assert.strictEqual(pipedrive.deals.length, 1)
        assert.strictEqual(pipedrive.activities.length, 2)
      })
    )
  )

  it.effect("to the deal's creation, with lists that lag behind: the files wait, and none fails", () =>
    inWorld(
      layerPostgres,
      { pipedrive: { listLagMillis: 240_000, searchLagMillis: 240_000 } },
      ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1", "b.md": "2" })
          pipedrive.injectFault({ kind: "lost" }, { when: isDealCreate })
          yield* (yield* Gitpip).publish
          for (let minute = 0; minute < 8; minute++) yield* drainLate("1 minute")
          assert.strictEqual(pipedrive.deals.length, 1)
          assert.strictEqual(pipedrive.activities.length, 2)
        })
    )
  )

  it.effect("to the deal's creation, which did not happen: the deal is created after a late lookup", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "reset" }, { when: isDealCreate })
        yield* (yield* Gitpip).publish
        for (let minute = 0; minute < 7; minute++) yield* drainLate("1 minute")
        assert.strictEqual(pipedrive.count("GET", "/api/v2/deals"), 2)
        assert.strictEqual(pipedrive.deals.length, 1)
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )
})

describe("a certain outcome costs no lookup", () => {
  it.effect("a burst limit is waited for", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "burst-limit" }, { when: isCreate })
        yield* (yield* Gitpip).publish
        yield* drainLate("3 seconds")
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.strictEqual(lookups(pipedrive), 0)
      })
    )
  )

  it.effect("a spent day pauses publishing until the next day, also in a restarted process", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2", "c.md": "3" })
        pipedrive.setDailyTokens(30)
        yield* gitpip.publish
        yield* gitpip.publish
        const asked = pipedrive.requests.length
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.strictEqual((yield* gitpip.status).publishing.state, "paused")

        const restarted = Effect.gen(function* () {
          yield* (yield* Gitpip).publish
        }).pipe(Effect.provide(services(settings)))
        yield* restarted
        assert.strictEqual(pipedrive.requests.length, asked)

        yield* TestClock.adjust("25 hours")
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 3)
        assert.strictEqual(lookups(pipedrive), 0)
      })
    )
  )

  it.effect("a refused token pauses all publishing, and status says so", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2" })
        pipedrive.injectFault({ kind: "status", status: 401 })
        yield* gitpip.publish
        yield* gitpip.publish
        assert.strictEqual(pipedrive.requests.length, 1)
        assert.match((yield* gitpip.status).publishing.message ?? "", /PIPEDRIVE_TOKEN/)
        yield* drainLate("16 minutes")
        assert.strictEqual(pipedrive.activities.length, 2)
      })
    )
  )
})

describe("an outage", () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}.txt`, String(n)]))

  it.effect("of Pipedrive pauses publishing after the first few files, and then one request at a time is tried", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, many)
        pipedrive.injectFault({ kind: "status", status: 503 }, { when: isCreate, times: Number.POSITIVE_INFINITY })
        yield* gitpip.publish
        const first = pipedrive.count("POST", "/api/v2/activities")
        assert.isAtMost(first, 24)
        // Lookups fail as well now.
        pipedrive.injectFault(
          { kind: "html", status: 502 },
          { when: ({ method }) => method === "GET", times: Number.POSITIVE_INFINITY }
        )
        for (let round = 1; round <= 5; round++) {
          const before = pipedrive.requests.length
          yield* drainLate("16 minutes")
          assert.isAtMost(pipedrive.requests.length - before, 2)
        }
        pipedrive.clearFaults()
        for (let round = 0; round < 4; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
        assert.strictEqual(new Set(pipedrive.activities.map(({ subject }) => subject)).size, 100)
      })
    )
  )

  it.effect("of Pipedrive before a deal is found counts no file as failed, however long it lasts", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, many)
        pipedrive.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
        for (let round = 0; round < 30; round++) yield* drainLate("2 hours")
        assert.deepStrictEqual(yield* gitpip.publications({ ...everything, state: "failed" }), [])
        assert.isAtMost(pipedrive.requests.length, 24 + 30 * 2)
        pipedrive.clearFaults()
        for (let round = 0; round < 3; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
        assert.strictEqual(pipedrive.deals.length, 1)
      })
    )
  )

  it.effect("of GitHub pauses publishing alike, and counts no file as failed however long it lasts", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        github.addUser("ann")
        for (let n = 0; n < 100; n++) github.addGist("ann", { files: { [`f${n}.txt`]: "" } })
        yield* gitpip.track(name("ann"))
        yield* gitpip.scan()
        github.clearRequests()
        github.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
        yield* gitpip.publish
        assert.isAtMost(github.requests.length, 24)
        for (let round = 0; round < 30; round++) yield* drainLate("1 hour")
        assert.isAtMost(github.requests.length, 24 + 30)
        github.clearFaults()
        for (let round = 0; round < 4; round++) yield* drainLate("2 hours")
        assert.strictEqual(pipedrive.activities.length, 100)
      })
    )
  )
})

describe("a lost process", () => {
  /** A publisher that has sent, and died before it could record. */
  const sendAndDie = Effect.gen(function* () {
    const { publications } = yield* Store
    const sink = yield* Sink
    const [claim] = yield* publications.claim(1, Timing.publicationLease)
    if (claim === undefined) return yield* Effect.die("nothing to claim")
    const target = yield* sink.target(claim)
    assert.isTrue(yield* publications.beginSend(claim, target))
    return { claim, target }
  })
  const order = (target: string, delivery: Delivery): Order => ({
    target,
    delivery,
    content: { _tag: "Text", text: "1", partial: false },
    begin: Effect.succeed(true)
  })
  const expire = Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql`update publications set lease_until = clock_timestamp() - interval '1 second' where state = 'sending'`
  )

  it.effect("that died after the request: a lookup of the next holder finds the file and adopts it", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        const { claim, target } = yield* sendAndDie
        yield* (yield* Sink).create(order(target, claim))
        assert.strictEqual((yield* (yield* Gitpip).publish).published, 0)
        yield* expire
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual((yield* outcomes).attempts, ["adopted"])
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("that died before the request: the next holder sends the file without a lookup", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        const { publications } = yield* Store
        yield* publications.claim(1, Timing.publicationLease)
        yield* expire
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.strictEqual(lookups(pipedrive), 0)
      })
    )
  )

  it.effect("that comes back late deletes its own activity, and one remains", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const { publications } = yield* Store
        yield* given(github, { "a.md": "1" })
        const { claim, target } = yield* sendAndDie
        yield* expire
        yield* drainLate(Timing.certainDelay)
        assert.strictEqual(pipedrive.activities.length, 1)
        // The paused process goes on as if nothing had happened.
        const { remoteId } = yield* (yield* Sink).create(order(target, claim))
        assert.strictEqual(pipedrive.activities.length, 2)
        assert.strictEqual(
          yield* publications.settle(claim, { _tag: "published", remoteId, how: "published", remark: null }),
          "duplicate"
        )
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.activities.length, 1)
        assert.notStrictEqual(String(pipedrive.activities[0]?.id), remoteId)
      })
    )
  )

  it.effect("that comes back late, sends, and dies before it records that: the audit deletes what it created", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "1" })
        const { claim, target } = yield* sendAndDie
        yield* expire
        yield* drainLate(Timing.certainDelay)
        const [kept] = pipedrive.activities
        yield* (yield* Sink).create(order(target, claim))
        assert.strictEqual(pipedrive.activities.length, 2)
        yield* drainLate(Timing.auditDelay)
        assert.deepStrictEqual(
          pipedrive.activities.map(({ id }) => id),
          [kept?.id]
        )
      })
    )
  )

  it.effect(
    "that created the user's deal while another did: the first recorded deal holds, and the other is deleted",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const { deals } = yield* Store
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          // Another process was faster, while this one's request was under way.
          pipedrive.injectFault({ kind: "late" }, { when: isDealCreate })
          const drain = yield* Effect.forkChild(gitpip.publish)
          yield* pipedrive.seen(1, isDealCreate)
          const theirs = pipedrive.addDeal({ title: "ann" })
          yield* deals.record(UserKey.make(1), theirs)
          pipedrive.release()
          yield* Fiber.join(drain)
          yield* gitpip.publish
          assert.deepStrictEqual(
            pipedrive.deals.map(({ id }) => id),
            [theirs]
          )
          assert.deepStrictEqual(
            pipedrive.activities.map(({ deal_id }) => deal_id),
            [theirs]
          )
        })
      )
  )

  it.effect("that lost its lease on a deal does not end another process's lease", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const { deals } = yield* Store
        yield* given(github, { "a.md": "1" })
        const userKey = UserKey.make(1)
        const lost = { userKey, epoch: (yield* deals.claim(userKey, Duration.zero)).epoch }
        yield* TestClock.adjust(1)
        const held = { userKey, epoch: (yield* deals.claim(userKey, Timing.publicationLease)).epoch }
        assert.isTrue(yield* deals.beginSend(held, Timing.sendMargin))
        assert.isFalse(yield* deals.beginSend(lost, Timing.sendMargin))
        yield* deals.clear(lost)
        yield* deals.release(lost)
        assert.isFalse((yield* deals.claim(userKey, Timing.publicationLease)).leased)
        yield* deals.release(held)
        const next = yield* deals.claim(userKey, Timing.publicationLease)
        assert.isTrue(next.leased)
        assert.isNotNull(next.sentAt)
      })
    )
  )

  it.effect("may not send once its lease has passed or is nearly over", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const { publications } = yield* Store
        yield* given(github, { "a.md": "1" })
        const [short] = yield* publications.claim(1, Timing.sendMargin)
        assert.isFalse(yield* publications.beginSend(short as never, "1"))
        yield* expire
        const [next] = yield* publications.claim(1, Timing.publicationLease)
        assert.isFalse(yield* publications.beginSend(short as never, "1"))
        assert.isTrue(yield* publications.beginSend(next as never, "1"))
      })
    )
  )

  it.effect("that is stopped gracefully releases what it has not sent, uncounted", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1", "b.md": "2" })
        github.injectFault({ kind: "hang" }, { when: ({ route }) => route === "/gists/{id}" })
        const drain = yield* Effect.forkChild(gitpip.publish)
        yield* github.seen(1, ({ route }) => route === "/gists/{id}")
        yield* Fiber.interrupt(drain)
        const waiting = yield* gitpip.publications(everything)
        assert.deepStrictEqual(
          waiting.map(({ attempts, state }) => [state, attempts]),
          [
            ["pending", 0],
            ["pending", 0]
          ]
        )
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 2)
      })
    )
  )
})

describe("several at once", () => {
  it.effect("two processes on one database publish each file once", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive, settings }) =>
      Effect.gen(function* () {
        const files = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`f${n}.txt`, String(n)]))
        yield* given(github, files)
        const drain = Effect.flatMap(Gitpip, (gitpip) => gitpip.publish)
        const drainFresh = drain.pipe(Effect.provide(services(settings)))
        yield* Effect.all([drain, drainFresh, drainFresh], { concurrency: "unbounded" })
        yield* drainLate("1 hour")
        assert.strictEqual(pipedrive.activities.length, 120)
        assert.strictEqual(new Set(pipedrive.activities.map(({ subject }) => subject)).size, 120)
        assert.strictEqual(pipedrive.deals.length, 1)
      })
    )
  )

  it.effect(
    "a backlog goes on when GitHub's hour is over, though nobody is tracked and GitHub not asked any more",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          github.addUser("ann")
          github.addGist("ann", { files: { "old.md": "1" } })
          yield* passTime("1 minute")
          yield* gitpip.track(name("ann"))
          yield* gitpip.scan()
          github.injectFault({ kind: "primary-limit", resetInSeconds: 600 })
          yield* gitpip.scan()
          yield* gitpip.untrack(name("ann"))
          yield* gitpip.publish
          assert.strictEqual(pipedrive.activities.length, 0)
          yield* drainLate("1 hour")
          assert.strictEqual(pipedrive.activities.length, 1)
        })
      )
  )

  it.effect("one user's backlog does not delay another's new file", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const { publications } = yield* Store
        const backlog = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}.txt`, String(n)]))
        yield* given(github, backlog, "ann")
        yield* given(github, { "one.txt": "1" }, "bob")
        yield* given(github, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`c${n}.txt`, ""])), "cy")
        const first = yield* publications.claim(5, Timing.publicationLease)
        assert.sameMembers(
          first.slice(0, 3).map(({ username }) => username),
          ["ann", "bob", "cy"]
        )
        const rest = yield* publications.claim(40, Timing.publicationLease)
        const share = rest.filter(({ username }) => username === "cy").length
        assert.isAtLeast(share, 19)
        assert.isAtMost(share, 21)
        // A newcomer starts at the queue head: neither behind all that waits, nor before it for ever.
        yield* given(github, Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`d${n}.txt`, ""])), "dee")
        const later = yield* publications.claim(30, Timing.publicationLease)
        assert.isAtMost(later.filter(({ username }) => username === "dee").length, 11)
        assert.isAtLeast(later.filter(({ username }) => username === "dee").length, 9)
      })
    )
  )
})

describe("the deal", () => {
  it.effect("that a person made is adopted, whatever its case, but not one that merely contains the name", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        pipedrive.addDeal({ title: "annabel" })
        const own = pipedrive.addDeal({ title: "ANN" })
        yield* given(github, { "a.md": "1" })
        yield* (yield* Gitpip).publish
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [own]
        )
        assert.strictEqual(pipedrive.deals.length, 2)
      })
    )
  )

  for (const missingDealStatus of [400, 404] as const) {
    it.effect(`that was deleted in Pipedrive is replaced (refused with ${missingDealStatus})`, () =>
      inWorld(layerPostgres, { pipedrive: { missingDealStatus } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          yield* gitpip.publish
          pipedrive.deleteDeal(pipedrive.deals[0]?.id ?? 0)
          github.addGist("ann", { files: { "b.md": "2" } })
          yield* gitpip.scan()
          yield* gitpip.publish
          yield* drainLate("2 minutes")
          const [deal] = pipedrive.deals
          assert.strictEqual(pipedrive.deals.length, 1)
          assert.isTrue(pipedrive.activities.some(({ deal_id, subject }) => subject === "b.md" && deal_id === deal?.id))
        })
      )
    )
  }
})

describe("a gist or file that GitHub no longer shows", () => {
  it.effect("a deleted gist is gone, but only after it was asked for twice", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gist = yield* given(github, { "a.md": "1" })
        github.deleteGist(gist)
        yield* (yield* Gitpip).publish
        assert.strictEqual((yield* outcomes).state, "pending")
        yield* drainLate("3 minutes")
        assert.deepStrictEqual(yield* outcomes, {
          state: "gone",
          reason: "GistGone",
          attempts: ["GistNotFound", "GistGone"]
        })
        assert.strictEqual(pipedrive.activities.length, 0)
      })
    )
  )

  it.effect("a file that was removed from its gist is gone", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const gist = yield* given(github, { "a.md": "1", "b.md": "2" })
        github.removeFile(gist, "b.md")
        yield* (yield* Gitpip).publish
        assert.strictEqual((yield* outcomes).reason, "FileNotFound")
        yield* drainLate("3 minutes")
        const states = (yield* (yield* Gitpip).publications(everything)).map(({ filename, state }) => [filename, state])
        assert.sameDeepMembers(states, [
          ["a.md", "published"],
          ["b.md", "gone"]
        ])
      })
    )
  )

  it.effect("a file that was added right after its gist was read is read again, and not gone", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const gist = yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        github.addFile(gist, "b.md", "2")
        yield* gitpip.scan()
        yield* gitpip.publish
        yield* drainLate("3 minutes")
        assert.sameMembers(
          pipedrive.activities.map(({ subject }) => subject),
          ["a.md", "b.md"]
        )
      })
    )
  )

  it.effect("a blocked gist has failed, and can be retried", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        const gist = yield* given(github, { "a.md": "1" })
        github.injectFault({ kind: "status", status: 451 }, { when: ({ path }) => path === `/gists/${gist}` })
        yield* gitpip.publish
        const [failed] = yield* gitpip.publications({ ...everything, state: "failed" })
        assert.strictEqual(failed?.errorReason, "Blocked")
        yield* gitpip.retry(failed?.id ?? 0)
        yield* gitpip.publish
        assert.strictEqual(pipedrive.activities.length, 1)
        const refused = yield* Effect.flip(gitpip.retry(failed?.id ?? 0))
        assert.strictEqual(refused._tag, "PublicationNotFailed")
      })
    )
  )

  it.effect("a limit of GitHub's pauses publishing until the limit ends, and no request is sent before", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        github.injectFault(
          { kind: "primary-limit", resetInSeconds: 600 },
          { when: ({ route }) => route === "/gists/{id}" }
        )
        yield* gitpip.publish
        const asked = github.requests.length
        yield* gitpip.publish
        assert.strictEqual(github.requests.length, asked)
        yield* drainLate("11 minutes")
        assert.strictEqual(pipedrive.activities.length, 1)
      })
    )
  )

  it.effect("a large gist is published with the beginning of each file, by one request", () =>
    inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.txt": "a".repeat(3_000_000), "b.txt": "b".repeat(3_000_000) })
        yield* (yield* Gitpip).publish
        assert.strictEqual(github.count("GET", "/gists/{id}"), 1)
        assert.strictEqual(pipedrive.activities.length, 2)
        for (const { note } of pipedrive.activities) assert.include(note ?? "", "only the beginning")
      })
    )
  )
})

describe("without credentials", () => {
  it.effect("nothing is sent and everything waits", () =>
    inWorld(layerPostgres, { env: { PIPEDRIVE_TOKEN: "", PIPEDRIVE_API_URL: "" } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        yield* given(github, { "a.md": "1" })
        yield* gitpip.publish
        const status = yield* gitpip.status
        assert.deepStrictEqual([status.publishing.state, status.publications.pending], ["off", 1])
        assert.strictEqual(pipedrive.requests.length, 0)
      })
    )
  )
})

describe("GITPIP_PUBLISH_AS=deal", () => {
  const env = { GITPIP_PUBLISH_AS: "deal" }
  const isNote = ({ method, route }: { readonly method: string; readonly route: string | undefined }) =>
    method === "POST" && route === "/api/v1/notes"

  it.effect("creates one deal for each file, with the content as its note", () =>
    inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        yield* given(github, { "a.md": "one", "b.md": "two" })
        yield* (yield* Gitpip).publish
        assert.strictEqual(pipedrive.deals.length, 2)
        assert.sameMembers(
          pipedrive.notes.map(({ content }) => content.slice(-3)),
          ["one", "two"]
        )
        assert.isTrue(pipedrive.deals.some(({ title }) => title.startsWith("a.md · ann · ")))
      })
    )
  )

  for (const [what, fault, when] of [
    ["of the deal", { kind: "lost" }, isDealCreate],
    ["of the note", { kind: "lost" }, isNote],
    ["of a note that was not made", { kind: "reset" }, isNote]
  ] as const) {
    it.effect(`survives a lost response ${what}`, () =>
      inWorld(layerPostgres, { env }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "one" })
          pipedrive.injectFault(fault, { when })
          yield* (yield* Gitpip).publish
          yield* drainLate("2 minutes")
          yield* drainLate("5 minutes")
          assert.strictEqual((yield* outcomes).state, "published")
          assert.strictEqual(pipedrive.deals.length, 1)
          assert.strictEqual(pipedrive.notes.filter(({ deal_id }) => deal_id === pipedrive.deals[0]?.id).length, 1)
        })
      )
    )
  }
})

it.effect("lookups without a result are not repeated when GitHub cannot be asked afterwards", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* given(github, { "a.md": "1" })
      pipedrive.injectFault({ kind: "reset" }, { when: isCreate })
      yield* gitpip.publish
      yield* drainLate(Timing.settleDelay)
      github.injectFault({ kind: "primary-limit", resetInSeconds: 60 })
      // The second lookup without a result is believed, and then GitHub is at its limit.
      yield* drainLate(Timing.certainDelay)
      const lookups = () => pipedrive.count("GET", "/api/v2/activities")
      assert.strictEqual(lookups(), 2)
      yield* drainLate("2 minutes")
      assert.deepStrictEqual([lookups(), pipedrive.activities.length], [2, 1])
    })
  )
)

it.effect("an outage that was waited out leaves a file all its tries", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* given(github, { "a.md": "1" })
      yield* gitpip.publish
      github.addGist("ann", { files: { "b.md": "2" } })
      yield* gitpip.scan()
      github.injectFault({ kind: "html", status: 502 }, { times: Number.POSITIVE_INFINITY })
      for (let round = 0; round < 10; round++) yield* drainLate("2 hours")
      github.clearFaults()
      // Meanwhile somebody has deleted the deal: the next file makes a new one.
      pipedrive.deleteDeal(pipedrive.deals[0]?.id ?? 0)
      yield* passTime("2 hours")
      const sql = yield* SqlClient.SqlClient
      for (let round = 0; round < 3; round++) yield* drainLate("2 hours")
      assert.deepStrictEqual(yield* sql`select p.state, p.error_reason from publications p order by key`, [
        { state: "published", errorReason: null },
        { state: "published", errorReason: null }
      ])
    })
  )
)

it.effect("a duplicate that cannot be deleted does not keep the other duplicates from being deleted", () =>
  inWorld(layerPostgres, {}, ({ pipedrive }) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const deletes = ({ method, path }: { readonly method: string; readonly path: string }) =>
        method === "DELETE" && path.includes("/activities/1")
      pipedrive.injectFault({ kind: "status", status: 400 }, { when: deletes, times: Number.POSITIVE_INFINITY })
      yield* sql`insert into duplicates (remote_id, found_at) values ('1', now() - interval '1 minute'), ('2', now())`
      for (let round = 0; round < 3; round++) yield* drainLate("2 hours")
      assert.deepStrictEqual(yield* sql`select remote_id from duplicates`, [{ remoteId: "1" }])
    })
  )
)

it.effect("refusals of requests that were under way together count as one refusal", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      github.addUser("ann")
      github.addGist("ann", { files: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`${n}.md`, "x"])) })
      yield* gitpip.track(name("ann"))
      yield* gitpip.scan()
      pipedrive.injectFault(
        { kind: "status", status: 429 },
        { when: ({ method, route }) => method === "POST" && route === "/api/v2/activities", times: 8 }
      )
      yield* gitpip.publish
      const pause = Option.getOrThrow(yield* (yield* Publisher).pause)
      assert.isAtMost(DateTime.toEpochMillis(pause.until) - DateTime.toEpochMillis(yield* DateTime.now), 60_000)
    })
  )
)

it.effect("failures of many files at one moment are one outage, which is tried again after half a minute", () =>
  inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
    Effect.gen(function* () {
      const gitpip = yield* Gitpip
      yield* given(github, Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${n}.md`, "x"])))
      pipedrive.injectFault({ kind: "status", status: 500 }, { when: isCreate, times: 12 })
      const before = yield* Effect.map(DateTime.now, DateTime.toEpochMillis)
      yield* gitpip.publish
      const { until } = (yield* gitpip.status).publishing
      assert.isAtMost((until?.epochMilliseconds ?? 0) - before, 60_000)
    })
  )
)
