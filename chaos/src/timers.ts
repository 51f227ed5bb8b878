/** Timers on a clock that runs like the machine's and can be advanced: then all due timers run at once. */

export interface Timer {
  readonly at: number
  readonly run: () => void
  /** Whether the timer keeps the process alive. */
  isHeld: boolean
}

/** A clock with timers. All times are milliseconds. */
export interface Timers {
  /** Milliseconds, from any beginning. */
  readonly now: () => number
  readonly add: (delay: number, run: () => void) => Timer
  readonly remove: (timer: Timer) => void
  /** Milliseconds until the next one is due; infinite without any. */
  readonly wait: () => number
  /** Moves the clock, and runs what is due. */
  readonly advance: (millis: number) => void
  /** Applies a change of `isHeld`. */
  readonly hold: () => void
  readonly clear: () => void
}

/** The functions of the machine, in case the global ones are replaced by these. */
export interface Machine {
  readonly now: () => number
  readonly setTimeout: typeof setTimeout
  readonly clearTimeout: typeof clearTimeout
}

/** A timer of the machine lasts no longer. */
const maxDelay = 2 ** 31 - 1

const firstOf = (timers: Iterable<Timer>): Timer | undefined => {
  let first: Timer | undefined
  for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer
  return first
}

/** Timers that run by the machine's clock plus all advances so far. */
export const make = (machine: Machine): Timers => {
  const timers = new Set<Timer>()
  let advanced = 0
  let alarm: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined
  const now = () => machine.now() + advanced
  const next = () => firstOf(timers)
  const hold = () => {
    if (alarm === undefined) return
    if ([...timers].some(({ isHeld }) => isHeld)) alarm.handle.ref()
    else alarm.handle.unref()
  }
  const arm = () => {
    const first = next()
    if (alarm !== undefined && alarm.at === first?.at) return hold()
    if (alarm !== undefined) machine.clearTimeout(alarm.handle)
    alarm = undefined
    if (first === undefined) return
    const at = first.at
    alarm = { at, handle: machine.setTimeout(runDue, Math.min(Math.max(at - now(), 1), maxDelay)) }
    hold()
  }
  const runDue = () => {
    alarm = undefined
    const at = now()
    try {
      for (let timer = next(); timer !== undefined && timer.at <= at; timer = next()) {
        timers.delete(timer)
        timer.run()
      }
    } finally {
      arm()
    }
  }

  return {
    now,
    add: (delay, run) => {
      const timer = { at: now() + Math.max(delay, 1), run, isHeld: true }
      timers.add(timer)
      arm()
      return timer
    },
    remove: (timer) => {
      if (timers.delete(timer)) arm()
    },
    wait: () => Math.max((next()?.at ?? Number.POSITIVE_INFINITY) - now(), 0),
    advance: (millis) => {
      advanced += millis
      // The alarm's delay was computed before.
      if (alarm !== undefined) machine.clearTimeout(alarm.handle)
      runDue()
    },
    hold,
    clear: () => {
      timers.clear()
      arm()
    }
  }
}
