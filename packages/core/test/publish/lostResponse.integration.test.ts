/** When Pipedrive's response is lost, a file is in Pipedrive once: lookups and audits find what became of the request. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Timing from "../../src/domain/Timing.ts"
import { Gitpip } from "../../src/Gitpip.ts"
import type { FakePipedrive, FakeRequest, Fault } from "../../src/testing/index.ts"
import { layerPostgres } from "../database.ts"
import { everything, inWorld, name, services, settingsOf } from "../world.ts"
import { drainLate, given, isCreate, isDealCreate, isLeadCreate, lookups, outcomes } from "./publishing.ts"

/** The request that creates a file's item, by `GITPIP_PUBLISH_AS`. */
const creates = { activity: isCreate, deal: isDealCreate, lead: isLeadCreate } as const

/** A person's own activity, so that an activity has the number of a deal. */
const activityOfPerson = (pipedrive: FakePipedrive) =>
  Effect.promise(() =>
    fetch(new URL("/api/v2/activities", pipedrive.url), {
      method: "POST",
      headers: { "x-api-token": "pipedrive-secret", "content-type": "application/json" },
      body: JSON.stringify({ subject: "A call" })
    })
  )

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

  it.effect(
    "with a lookup that is never answered: the audit is repeated rarely, ends, and holds up no other audit",
    () =>
      inWorld(layerPostgres, { pipedrive: { listLagMillis: 20 * 60_000 } }, ({ github, pipedrive }) =>
        Effect.gen(function* () {
          yield* given(github, { "a.md": "1" })
          yield* given(github, { "b.md": "1" }, "bob")
          pipedrive.injectFault({ kind: "lost" }, { when: isCreate, times: 2 })
          yield* (yield* Gitpip).publish
          yield* drainLate(Timing.settleDelay)
          yield* drainLate(Timing.certainDelay)
          assert.strictEqual(pipedrive.activities.length, 4)
          const { deal_id } = pipedrive.activities.find(({ subject }) => subject === "a.md") ?? {}
          const isOfAnn = ({ method, query, route }: FakeRequest) =>
            method === "GET" && route === "/api/v2/activities" && query.deal_id === String(deal_id)
          pipedrive.injectFault({ kind: "status", status: 500 }, { when: isOfAnn, times: Number.POSITIVE_INFINITY })
          pipedrive.clearRequests()
          yield* drainLate(Timing.auditDelay)
          assert.sameMembers(
            pipedrive.activities.map(({ subject }) => subject),
            ["a.md", "a.md", "b.md"]
          )
          for (let hour = 0; hour < 24; hour++) yield* drainLate("1 hour")
          assert.isAtMost(pipedrive.requests.filter(isOfAnn).length, 16)
          for (let day = 0; day < 31; day++) yield* drainLate("1 day")
          pipedrive.clearRequests()
          yield* drainLate("2 days")
          assert.strictEqual(pipedrive.requests.length, 0)
        })
      )
  )

  it.effect("with a deal that a person names before the file is sent again: the audit deletes the first activity", () =>
    inWorld(layerPostgres, { pipedrive: { listLagMillis: 20 * 60_000 } }, ({ github, pipedrive }) =>
      Effect.gen(function* () {
        const gitpip = yield* Gitpip
        pipedrive.addDeal({ title: "ann" })
        const named = pipedrive.addDeal({ title: "Other" })
        yield* given(github, { "a.md": "1" })
        pipedrive.injectFault({ kind: "lost" }, { when: isCreate })
        yield* gitpip.publish
        yield* gitpip.track(name("ann"), { deal: named })
        yield* drainLate(Timing.settleDelay)
        yield* drainLate(Timing.certainDelay)
        assert.strictEqual(pipedrive.activities.length, 2)
        yield* drainLate(Timing.auditDelay)
        assert.deepStrictEqual(
          pipedrive.activities.map(({ deal_id }) => deal_id),
          [named]
        )
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

  for (const [form, isForm] of Object.entries(creates)) {
    for (const other of Object.keys(creates).filter((name) => name !== form)) {
      it.effect(`to the ${form}: once files are published as ${other}, the lookup still finds the ${form}`, () =>
        inWorld(layerPostgres, { env: { GITPIP_PUBLISH_AS: form } }, ({ github, pipedrive }) =>
          Effect.gen(function* () {
            yield* given(github, { "a.md": "1" })
            pipedrive.injectFault({ kind: "lost" }, { when: isForm })
            yield* drainLate("5 minutes")
            yield* drainLate("1 minute")
            const later = settingsOf({
              PIPEDRIVE_TOKEN: "pipedrive-secret",
              PIPEDRIVE_API_URL: pipedrive.url.origin,
              GITHUB_TOKEN: "github-secret",
              GITHUB_API_URL: github.url.origin,
              GITPIP_PUBLISH_AS: other
            })
            yield* drainLate(Timing.certainDelay).pipe(Effect.provide(services(later)))
            assert.strictEqual((yield* outcomes).state, "published")
            const ofFile = (text: string) => text.includes("a.md")
            const found = {
              activity: pipedrive.activities.filter(({ subject }) => ofFile(subject)).length,
              deal: pipedrive.deals.filter(({ title }) => ofFile(title)).length,
              lead: pipedrive.leads.filter(({ title }) => ofFile(title)).length
            }
            assert.deepStrictEqual(found, { activity: 0, deal: 0, lead: 0, [form]: 1 })
            assert.strictEqual(pipedrive.notes.length, form === "activity" ? 0 : 1)
          })
        )
      )
    }
  }

  for (const [form, isForm] of [
    ["activity", isCreate],
    ["deal", isDealCreate]
  ] as const) {
    const other = form === "activity" ? "deal" : "activity"
    it.effect(
      `to the ${form}: once files are published as ${other}, the second ${form} is deleted, and nothing else`,
      () =>
        inWorld(
          layerPostgres,
          { pipedrive: { listLagMillis: 20 * 60_000 }, env: { GITPIP_PUBLISH_AS: form, GITPIP_PERSON: "off" } },
          ({ github, pipedrive }) =>
            Effect.gen(function* () {
              const sql = yield* SqlClient.SqlClient
              for (const title of ["x", "y", "z", "v", "w"]) pipedrive.addDeal({ title })
              for (let n = 0; n < 9; n++) yield* activityOfPerson(pipedrive)
              yield* given(github, { "a.md": "1" })
              pipedrive.injectFault({ kind: "lost" }, { when: isForm })
              pipedrive.injectFault(
                { kind: "status", status: 503 },
                { when: ({ method }) => method === "DELETE", times: Number.POSITIVE_INFINITY }
              )
              yield* (yield* Gitpip).publish
              yield* drainLate(Timing.settleDelay)
              yield* drainLate(Timing.certainDelay)
              yield* drainLate(Timing.auditDelay)
              yield* drainLate(Timing.auditRetryDelay)
              assert.strictEqual((yield* sql`select 1 from duplicates`).length, 1)
              const deals = pipedrive.deals.length
              const activities = pipedrive.activities.length

              pipedrive.clearFaults()
              const later = settingsOf({
                PIPEDRIVE_TOKEN: "pipedrive-secret",
                PIPEDRIVE_API_URL: pipedrive.url.origin,
                GITPIP_PUBLISH_AS: other
              })
              yield* drainLate("2 hours").pipe(Effect.provide(services(later)))
              assert.deepStrictEqual(yield* sql`select 1 from duplicates`, [])
              assert.deepStrictEqual(
                [pipedrive.deals.length, pipedrive.activities.length],
                form === "deal" ? [deals - 1, activities] : [deals, activities - 1]
              )
            })
        )
    )
  }

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
