/** Which users' files may be attempted next, and when, as failures and successes follow each other. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as Timing from "../../src/domain/Timing.ts"
import type { PublishingBlock } from "../../src/publish/decision.ts"
import * as Pauses from "../../src/publish/Pauses.ts"

const message = "why"
const suspicion: PublishingBlock = {
  scope: "service",
  until: { _tag: "Growing" },
  message,
  enforcedBy: "self",
  cause: "suspicion"
}
const ofUser: PublishingBlock = { ...suspicion, scope: "user" }
const seconds = (n: number) => n * 1_000

const fail = (pauses: Pauses.Pauses, user: number, at: number) =>
  pauses.failed("sink", {
    thing: { user, key: `${user}` },
    signature: "unavailable",
    isUserWide: false,
    at
  })

const block = (pauses: Pauses.Pauses, made: PublishingBlock, at: number, user = 1) =>
  pauses.block(made, { service: "sink", user }, at)

describe("a pause on suspicion", () => {
  it("lets a user of whom nothing has failed be tried every half a minute", () => {
    const pauses = Pauses.make()
    for (const user of [1, 2, 3]) fail(pauses, user, 0)
    block(pauses, suspicion, 0)
    block(pauses, { ...suspicion, until: { _tag: "After", wait: Timing.credentialDelay } }, 0)
    assert.deepStrictEqual(pauses.candidates(seconds(29)), { _tag: "Nobody" })
    assert.deepStrictEqual(pauses.candidates(seconds(30)), { _tag: "Probe", except: [1, 2, 3] })
    fail(pauses, 4, seconds(30))
    assert.deepStrictEqual(pauses.candidates(seconds(59)), { _tag: "Nobody" })
    assert.deepStrictEqual(pauses.candidates(seconds(60)), { _tag: "Probe", except: [1, 2, 3, 4] })
  })

  it("probes no user after the maximum of failing users", () => {
    const pauses = Pauses.make()
    for (let user = 1; user <= Timing.maxProbedUsers; user++) fail(pauses, user, 0)
    block(pauses, { ...suspicion, until: { _tag: "After", wait: Timing.credentialDelay } }, 0)
    assert.deepStrictEqual(pauses.candidates(seconds(600)), { _tag: "Nobody" })
  })

  it("ends with one success, and grows without", () => {
    const pauses = Pauses.make()
    let at = 0
    const waits: Array<number> = []
    for (let n = 0; n < 8; n++) {
      const pause = block(pauses, suspicion, at)
      waits.push((pause?.until.epochMilliseconds ?? 0) - at)
      assert.isUndefined(block(pauses, suspicion, at), "what was under way is no further sign")
      at = pause?.until.epochMilliseconds ?? at
    }
    assert.deepStrictEqual(
      waits.map((wait) => wait / 1_000),
      [30, 60, 120, 240, 480, 900, 900, 900]
    )
    block(pauses, suspicion, at)
    pauses.succeeded("sink", { user: 9, key: "9" })
    assert.isUndefined(pauses.current(at))
    assert.strictEqual(block(pauses, suspicion, at)?.until.epochMilliseconds, at + seconds(30))
  })

  it("is followed by one file at a time, first of a user of whom nothing has failed", () => {
    const pauses = Pauses.make()
    for (const user of [1, 2, 3]) fail(pauses, user, 0)
    block(pauses, suspicion, 0)
    assert.deepStrictEqual(pauses.candidates(seconds(30)), { _tag: "One", except: [1, 2, 3], over: [], blocked: [] })
    pauses.succeeded("sink", { user: 4, key: "4" })
    assert.strictEqual(pauses.candidates(seconds(30))._tag, "All")
  })
})

describe("a pause that a service states", () => {
  for (const [cause, enforcedBy] of [
    ["limit", "service"],
    ["limit", "self"],
    ["fault", "self"]
  ] as const) {
    it(`(${cause}, enforced by ${enforcedBy}) holds all until its end, and no success ends it`, () => {
      const pauses = Pauses.make()
      const until = { _tag: "At", instant: DateTime.makeUnsafe(seconds(600)), atMost: Timing.maxBlock } as const
      block(pauses, { scope: "service", until, message, enforcedBy, cause }, 0)
      pauses.succeeded("sink", { user: 1, key: "1" })
      assert.deepStrictEqual(pauses.candidates(seconds(599)), { _tag: "Nobody" })
      assert.notStrictEqual(pauses.candidates(seconds(600))._tag, "Nobody")
    })
  }

  it("lasts no longer than the longest limit of a service", () => {
    const pauses = Pauses.make()
    const until = { _tag: "At", instant: DateTime.makeUnsafe(8e15), atMost: Timing.maxBlock } as const
    const pause = block(pauses, { scope: "service", until, message, enforcedBy: "service", cause: "limit" }, 0)
    assert.strictEqual(pause?.until.epochMilliseconds, Duration.toMillis(Timing.maxBlock))
  })
})

describe("a user who has to wait", () => {
  it("delays no other user, and is tried with one file afterwards", () => {
    const pauses = Pauses.make()
    block(pauses, ofUser, 0)
    assert.isTrue(pauses.isBlocked(1, seconds(29)))
    assert.deepStrictEqual(pauses.candidates(seconds(29)), { _tag: "All", over: [], except: [1] })
    assert.deepStrictEqual(pauses.candidates(seconds(30)), { _tag: "All", over: [1], except: [1] })
    pauses.idled(1, seconds(30))
    assert.deepStrictEqual(pauses.candidates(seconds(31)), { _tag: "All", over: [], except: [1] })
    pauses.succeeded("sink", { user: 1, key: "x" })
    assert.deepStrictEqual(pauses.candidates(seconds(31)), { _tag: "All", over: [], except: [] })
  })
})

describe("a clock that is set back", () => {
  const hour = 3_600_000

  it("ends a pause, whose end is no longer known", () => {
    const pauses = Pauses.make()
    block(pauses, { ...suspicion, until: { _tag: "After", wait: Duration.minutes(15) } }, hour)
    assert.isDefined(pauses.current(hour + 1))
    assert.isDefined(pauses.current(hour - seconds(59)))
    assert.isUndefined(pauses.current(0))
  })

  it("ends the wait of a user", () => {
    const pauses = Pauses.make()
    block(pauses, ofUser, hour, 7)
    assert.isTrue(pauses.isBlocked(7, hour + 1))
    assert.isFalse(pauses.isBlocked(7, 0))
    assert.deepStrictEqual(pauses.candidates(1), { _tag: "All", over: [], except: [] })
  })
})
