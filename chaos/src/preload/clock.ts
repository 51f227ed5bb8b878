/** The process's clocks and timers, which run on the harness's time (see `Time.ts`). */
import { flushCompileCache } from "node:module"
import { promisify } from "node:util"
import * as Timers from "../timers.ts"

const RealDate = Date
const realHrtime = process.hrtime.bigint.bind(process.hrtime)
const realPerformance = performance.now.bind(performance)
const { clearInterval: realClearInterval, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = globalThis
const realSetTimeout = globalThis.setTimeout

const elapsed = RealDate.now() - Number(process.env.CHAOS_STARTED)
const timersBegin = realPerformance()
export const timers = Timers.make({
  now: () => realPerformance() - timersBegin,
  setTimeout: realSetTimeout,
  clearTimeout: realClearTimeout
})
const begin = Number(process.env.CHAOS_NOW) + elapsed
/** Changed by orders. Milliseconds, but for the count of timers and immediates that ran. */
export const clock = { skew: 0, advanced: 0, turns: 0 }
const now = () => Math.floor(begin + timers.now() + clock.skew)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver))
})
performance.now = () => realPerformance() + clock.advanced
process.hrtime.bigint = () => realHrtime() + BigInt(Math.round(clock.advanced * 1e6))

/** What `setTimeout` and `setInterval` return. */
class Timeout {
  readonly #run: () => void
  readonly #delay: number
  readonly #isRepeated: boolean
  #timer: Timers.Timer | undefined
  #isHeld = true
  constructor(run: () => void, delay: number | undefined, isRepeated: boolean) {
    this.#run = run
    this.#delay = delay !== undefined && delay >= 1 && delay < 2 ** 31 ? delay : 1
    this.#isRepeated = isRepeated
    this.refresh()
  }
  refresh() {
    this.close()
    this.#timer = timers.add(this.#delay, () => {
      clock.turns++
      this.#timer = undefined
      if (this.#isRepeated) this.refresh()
      this.#run()
    })
    return this.#hold(this.#isHeld)
  }
  close() {
    if (this.#timer !== undefined) timers.remove(this.#timer)
    this.#timer = undefined
    return this
  }
  ref() {
    return this.#hold(true)
  }
  unref() {
    return this.#hold(false)
  }
  hasRef() {
    return this.#isHeld
  }
  #hold(isHeld: boolean) {
    this.#isHeld = isHeld
    if (this.#timer !== undefined) this.#timer.isHeld = isHeld
    timers.hold()
    return this
  }
  [Symbol.dispose]() {
    this.close()
  }
}

type Callback = (...args: Array<unknown>) => void
globalThis.setTimeout = Object.assign(
  (run: Callback, delay?: number, ...args: Array<unknown>) => new Timeout(() => run(...args), delay, false),
  {
    [promisify.custom]: (delay?: number, value?: unknown) => new Promise((done) => setTimeout(() => done(value), delay))
  }
) as unknown as typeof setTimeout
globalThis.setInterval = ((run: Callback, delay?: number, ...args: Array<unknown>) =>
  new Timeout(() => run(...args), delay, true)) as unknown as typeof setInterval
const clear = (real: typeof clearTimeout) => (timeout: Parameters<typeof clearTimeout>[0]) => {
  if (timeout instanceof Timeout) timeout.close()
  else real(timeout)
}
globalThis.clearTimeout = clear(realClearTimeout)
globalThis.clearInterval = clear(realClearInterval)
globalThis.setImmediate = Object.assign(
  (run: Callback, ...args: Array<unknown>) =>
    realSetImmediate(() => {
      clock.turns++
      run(...args)
    }),
  realSetImmediate
) as typeof setImmediate

// Node writes its cache at an orderly end, which few of these processes reach.
realSetTimeout(flushCompileCache, 2_000).unref()
