/** Advances a world's clock to the next timer, each time that nothing in the world has work to do. */
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises"
import { Duration } from "effect"
import * as Monitor from "./Monitor.ts"

/** No longer than the interval of the scans, and a fraction of every lease. */
const maxStride = 30_000

/** Milliseconds between two reports of servers that stay busy. A start is busy for long, and each report slows the start. */
const maxPause = 8

/** Equal observations in a row after which nothing has work to do. */
const restful = 2

/** Equal observations in a row after which an answer or a statement under way counts as stuck. */
const stuck = 10

/** Advances the clocks of a world, and waits until a world has nothing to do. */
export interface Driver {
  /** Advances the clocks of all at once. */
  readonly advance: (duration: Duration.Input) => void
  /** Completes once the clock has been advanced, and nothing has work to do after that. */
  readonly rest: () => Promise<void>
  /** Completes once that many more statements and requests have been seen, or as `rest`. */
  readonly work: (amount: number) => Promise<void>
  readonly stop: () => Promise<void>
}

interface Waiter {
  readonly jumps: number
  readonly seen: number
  readonly done: () => void
}

export const make = (parts: Monitor.Parts): Driver => {
  const monitor = Monitor.make(parts)
  const waiters = makeWaiters()
  let isOver = false
  let jumps = 0

  const advance = (duration: Duration.Input) => {
    const millis = Duration.toMillis(Duration.fromInputUnsafe(duration))
    jumps++
    parts.time.advance(millis)
    for (const { server } of parts.slots) server.advance(millis)
  }
  const run = async () => {
    const idleness = makeIdleness(monitor, waiters)
    const stride = makeStride(monitor)
    while (!isOver) {
      const wait = await idleness.observe()
      if (wait === undefined) continue
      const next = Math.min(parts.time.wait(), Math.max(stride.millis(), wait))
      if (waiters.wake((one) => one.jumps < jumps)) {
        idleness.reset()
        await turn()
      } else if (Number.isFinite(next)) {
        idleness.reset()
        stride.update()
        advance(next)
      } else await pause(1)
    }
  }
  const ended = run()

  const wait = (amount: number) =>
    new Promise<void>((done) => waiters.add({ jumps, seen: monitor.seen() + amount, done }))
  return {
    advance,
    rest: () => wait(Number.POSITIVE_INFINITY),
    work: wait,
    stop: async () => {
      isOver = true
      await ended
    }
  }
}

/** Whether anything has work to do, by equal observations in a row. */
const makeIdleness = (monitor: Monitor.Monitor, waiters: ReturnType<typeof makeWaiters>) => {
  let before = ""
  let same = 0
  let busyPause = 1
  return {
    /** Something has been woken, so observations count again. */
    reset: () => {
      same = 0
    },
    /** Answers the milliseconds until the next timer of a server when nothing has work to do. */
    observe: async (): Promise<number | undefined> => {
      const { isBusy, state, wait } = await monitor.observe()
      same = state === before && !isBusy ? same + 1 : 0
      before = state
      const now = monitor.seen()
      if (waiters.wake((one) => one.seen <= now)) same = 0
      if (same < restful) {
        // Decides nothing: the pause leaves others the processor.
        if (same === 0) {
          await pause(busyPause)
          busyPause = Math.min(2 * busyPause, maxPause)
        }
        return undefined
      }
      busyPause = 1
      // What the caller does with an answer or a handshake may not show at once.
      if (same < stuck && (monitor.isAnswering() || monitor.hasStatement())) return undefined
      // Asks PostgreSQL about a long statement now and then only.
      if (monitor.hasStatement() && (await monitor.isPostgresWorking())) {
        same = restful
        return undefined
      }
      if (monitor.seen() !== now) {
        same = 0
        return undefined
      }
      return wait
    }
  }
}

const makeWaiters = () => {
  let waiting: ReadonlyArray<Waiter> = []
  return {
    add: (waiter: Waiter) => {
      waiting = [...waiting, waiter]
    },
    /** Completes those that are ready. Returns whether any was. */
    wake: (isReady: (waiter: Waiter) => boolean): boolean => {
      const ready = waiting.filter(isReady)
      waiting = waiting.filter((one) => !ready.includes(one))
      for (const { done } of ready) done()
      return ready.length > 0
    }
  }
}

/** While no service is asked for anything, jumps get longer: servers poll their database every second or two. */
const makeStride = (monitor: Monitor.Monitor) => {
  let stride = 0
  let asked = 0
  return {
    millis: () => stride,
    update: () => {
      const requests = monitor.requests()
      stride = requests === asked ? Math.min(Math.max(2 * stride, 1_000), maxStride) : 0
      asked = requests
    }
  }
}
