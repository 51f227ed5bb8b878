/** The timers of server processes: in order, and at once when the clock is advanced. */
import { assert, describe, it } from "@effect/vitest"
import * as Timers from "../src/timers.ts"

/** A machine whose time stands still between calls of `pass`. */
const makeMachine = () => {
  let now = 0
  let alarm: { readonly at: number; readonly run: () => void } | undefined
  const machine = {
    now: () => now,
    setTimeout: ((run: () => void, delay: number) => {
      alarm = { at: now + delay, run }
      return { ref: () => undefined, unref: () => undefined }
    }) as unknown as typeof setTimeout,
    clearTimeout: (() => {
      alarm = undefined
    }) as typeof clearTimeout
  }
  const pass = (millis: number) => {
    now += millis
    if (alarm === undefined || alarm.at > now) return
    const { run } = alarm
    alarm = undefined
    run()
  }
  return { machine, pass }
}

describe("timers", () => {
  it("a timer runs when its time has come, and no sooner", () => {
    const { machine, pass } = makeMachine()
    const timers = Timers.make(machine)
    const ran: Array<string> = []
    timers.add(20, () => ran.push("second"))
    timers.add(10, () => ran.push("first"))
    pass(9)
    assert.deepStrictEqual(ran, [])
    pass(1)
    assert.deepStrictEqual(ran, ["first"])
    assert.strictEqual(timers.wait(), 10)
    pass(10)
    assert.deepStrictEqual(ran, ["first", "second"])
    assert.strictEqual(timers.wait(), Number.POSITIVE_INFINITY)
  })

  it("timers run at once and in order when the clock is advanced over them", () => {
    const { machine, pass } = makeMachine()
    const timers = Timers.make(machine)
    const ran: Array<string> = []
    timers.add(60_000, () => ran.push("minute"))
    timers.add(1_000, () => ran.push("second"))
    timers.add(120_000, () => ran.push("two minutes"))
    timers.advance(60_000)
    assert.deepStrictEqual(ran, ["second", "minute"])
    assert.strictEqual(timers.now(), 60_000)
    pass(60_000)
    assert.deepStrictEqual(ran, ["second", "minute", "two minutes"])
  })

  it("a timer that a timer sets waits its whole time from then on", () => {
    const { machine } = makeMachine()
    const timers = Timers.make(machine)
    let ticks = 0
    const tick = () => {
      ticks++
      timers.add(1_000, tick)
    }
    timers.add(1_000, tick)
    timers.advance(3_600_000)
    assert.strictEqual(ticks, 1)
    assert.strictEqual(timers.wait(), 1_000)
  })

  it("a removed timer does not run", () => {
    const { machine } = makeMachine()
    const timers = Timers.make(machine)
    const removed = timers.add(10, () => assert.fail())
    timers.remove(removed)
    timers.advance(10)
    assert.strictEqual(timers.wait(), Number.POSITIVE_INFINITY)
  })
})
