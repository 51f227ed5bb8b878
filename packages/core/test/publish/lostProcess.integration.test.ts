/** When a process dies or sleeps past its lease, a file is in Pipedrive once. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import { UserKey } from "../../src/domain/User.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import { type Delivery, type Order, Sink } from "../../src/publish/Sink.ts"
import { Store } from "../../src/store/Store.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld } from "../world.ts"
import { drainLate, given, isDealCreate, isPersonCreate, lookups, outcomes } from "./publishing.ts"

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
          const { deals } = (yield* Store).targets
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

  it.effect(
    "that created the user's person while another did: the first recorded person holds, and the other is deleted",
    () =>
      inWorld(layerPostgres, {}, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          const { persons } = (yield* Store).targets
          const gitpip = yield* Gitpip
          yield* given(github, { "a.md": "1" })
          pipedrive.injectFault({ kind: "late" }, { when: isPersonCreate })
          const drain = yield* Effect.forkChild(gitpip.publish)
          yield* pipedrive.seen(1, isPersonCreate)
          const theirs = pipedrive.addPerson({ name: "ann" })
          yield* persons.record(UserKey.make(1), theirs)
          pipedrive.release()
          yield* Fiber.join(drain)
          yield* gitpip.publish
          assert.deepStrictEqual(
            pipedrive.persons.map(({ id }) => id),
            [theirs]
          )
          assert.deepStrictEqual([pipedrive.deals[0]?.person_id, pipedrive.activities[0]?.person_id], [theirs, theirs])
        })
      )
  )

  it.effect("that lost its lease on a deal does not end another process's lease", () =>
    inWorld(layerPostgres, {}, ({ github }) =>
      Effect.gen(function* () {
        const { deals } = (yield* Store).targets
        yield* given(github, { "a.md": "1" })
        const userKey = UserKey.make(1)
        const sending = { as: "ann", margin: Timing.sendMargin }
        const lost = { key: userKey, epoch: (yield* deals.claim(userKey, Duration.zero)).epoch }
        yield* TestClock.adjust(1)
        const held = { key: userKey, epoch: (yield* deals.claim(userKey, Timing.publicationLease)).epoch }
        assert.isTrue(yield* deals.beginSend(held, sending))
        assert.isFalse(yield* deals.beginSend(lost, sending))
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
