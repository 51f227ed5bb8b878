/**
 * Simulated time: it stands still while anything is under way in this process or in the database, and then jumps to the
 * next sleep. So hours take as long as the work in them.
 */
import { Clock, Duration, Effect, type Exit, Scheduler, Tracer } from "effect"

export interface SimulatedTime {
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Runs an effect, and all that it forks, in this time. */
  readonly within: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Lets time pass until then. */
  readonly pass: (until: number) => Effect.Effect<void>
  /** Real milliseconds and number of statements, by the beginnings of the statements. */
  readonly statements: ReadonlyMap<string, { readonly count: number; readonly millis: number }>
}

export const make = (start: number): SimulatedTime => {
  let now = start
  /** Tasks of fibers that wait to run, and statements that the database has not answered. */
  let tasks = 0
  let open = 0
  let answered: (() => void) | undefined
  /** Sorted with the earliest last. Of two at one instant the later one is first. */
  const sleeps: Array<{ readonly at: number; readonly wake: () => void }> = []
  const statements = new Map<string, { count: number; millis: number }>()

  const sleep = (duration: Duration.Duration) =>
    Effect.callback<void>((resume) => {
      const at = now + Duration.toMillis(duration)
      if (at <= now) return resume(Effect.void)
      const entry = { at, wake: () => resume(Effect.void) }
      let place = sleeps.length
      while (place > 0 && (sleeps[place - 1]?.at ?? 0) <= at) place--
      sleeps.splice(place, 0, entry)
      return Effect.sync(() => {
        const found = sleeps.indexOf(entry)
        if (found >= 0) sleeps.splice(found, 1)
      })
    })
  const millis = () => Math.floor(now)
  const nanos = () => BigInt(Math.floor(now * 1_000)) * 1_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep
  }

  const inner = new Scheduler.MixedScheduler()
  const scheduler: Scheduler.Scheduler = {
    executionMode: inner.executionMode,
    shouldYield: (fiber) => inner.shouldYield(fiber),
    makeDispatcher: () => {
      const dispatcher = inner.makeDispatcher()
      return {
        scheduleTask: (task, priority) => {
          tasks++
          dispatcher.scheduleTask(() => {
            tasks--
            task()
          }, priority)
        },
        flush: () => dispatcher.flush()
      }
    }
  }

  class StatementSpan extends Tracer.NativeSpan {
    readonly began = performance.now()
    constructor(options: ConstructorParameters<typeof Tracer.NativeSpan>[0]) {
      super(options)
      open++
    }
    override end(time: bigint, exit: Exit.Exit<unknown, unknown>) {
      if (this.status._tag === "Started") {
        const text = this.attributes.get("db.query.text")
        if (typeof text === "string") {
          const name = text.replace(/\s+/g, " ").trim().slice(0, 60)
          const known = statements.get(name) ?? { count: 0, millis: 0 }
          statements.set(name, { count: known.count + 1, millis: known.millis + performance.now() - this.began })
        }
        if (--open === 0) answered?.()
      }
      super.end(time, exit)
    }
  }
  const tracer = Tracer.make({
    span: (options) =>
      options.kind === "client" || options.name === "sql.transaction"
        ? new StatementSpan(options)
        : new Tracer.NativeSpan(options)
  })

  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const idle = async () => {
    for (let quiet = 0; quiet < 2; ) {
      await turn()
      if (open > 0) {
        await new Promise<void>((resolve) => {
          answered = resolve
        })
        answered = undefined
      }
      quiet = open === 0 && tasks === 0 ? quiet + 1 : 0
    }
  }

  return {
    now: () => now,
    within: (effect) =>
      effect.pipe(
        Effect.provideService(Clock.Clock, clock),
        Effect.provideService(Scheduler.Scheduler, scheduler),
        Effect.provideService(Tracer.Tracer, tracer)
      ),
    pass: (until) =>
      Effect.promise(async () => {
        for (;;) {
          await idle()
          const next = sleeps.at(-1)
          if (next === undefined || next.at > until) break
          sleeps.pop()
          now = next.at
          next.wake()
        }
        now = until
      }),
    statements
  }
}
