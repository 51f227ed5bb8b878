/**
 * Time that jumps to what is due next, for the program and for its database: between two wake-ups nothing is done, so hours
 * cost as much as what happens in them.
 *
 * Hazard: the clock may only move while nothing is under way, or a request runs into its time-out for no other reason.
 */
import { Clock, Duration, Effect, Tracer } from "effect"
import type { SqlClient } from "effect/sql"
import type { TestClock } from "effect/testing"
import type { FakeService } from "../../src/testing/index.ts"

/** Reader and writer are one process, so an answer is read within a few turns, on slow machines as well. */
const maxUnread = 1_000

/** A body is read a few turns of the event loop after it has come. */
const turnsOfRest = 12

/** The instants at which something that sleeps wakes up. */
const makeSleepers = () => {
  const wakes = new Map<symbol, number>()
  return {
    next: (): number => Math.min(...wakes.values()),
    during: <A, E, R>(at: number, effect: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        const key = Symbol()
        wakes.set(key, at)
        return Effect.ensuring(
          effect,
          Effect.sync(() => wakes.delete(key))
        )
      })
  }
}

interface VirtualTime {
  readonly now: Effect.Effect<number>
  /** Until then, or until `isOver` says so when all has come to rest. */
  readonly until: (at: number, isOver?: () => boolean) => Effect.Effect<void>
  readonly tracer: Tracer.Tracer
  readonly clock: Clock.Clock
}

export const makeVirtualTime = Effect.fnUntraced(function* (options: {
  readonly fakes: ReadonlyArray<Pick<FakeService<string, unknown>, "underWay">>
  readonly sql: SqlClient.SqlClient
}) {
  const { fakes, sql } = options
  const testClock = (yield* Clock.Clock) as TestClock.TestClock
  const sleepers = makeSleepers()
  const clock: Clock.Clock = Object.assign(Object.create(testClock), {
    sleep: (duration: Duration.Duration) =>
      sleepers.during(testClock.currentTimeMillisUnsafe() + Duration.toMillis(duration), testClock.sleep(duration))
  })

  let spans = 0
  let onChange = () => {}
  const tracer = Tracer.make({
    span: (span) => {
      const own = new Tracer.NativeSpan(span)
      if (span.kind !== "client" && span.name !== "sql.transaction") return own
      spans++
      const end = own.end.bind(own)
      own.end = (at, exit) => {
        spans--
        end(at, exit)
        onChange()
      }
      return own
    }
  })

  /** Turns in which nothing of the answers under way was read: `fetch` drops the first answer of two after a 421, unread. */
  let unread = 0
  let written = 0
  const isAnswering = () => {
    const answers = fakes.map((fake) => fake.underWay()).filter(({ answering }) => answering > 0)
    const total = answers.reduce((sum, one) => sum + one.written, 0)
    unread = answers.length > 0 && total === written ? unread + 1 : 0
    written = total
    return answers.length > 0 && unread < maxUnread
  }
  const held = () => fakes.reduce((sum, fake) => sum + fake.underWay().held, 0)
  const isStill = () => !isAnswering() && spans <= held()

  const turn = Effect.promise(() => new Promise((next) => setImmediate(next)))

  /** Until a statement or a request ends; at most for a turn, or a moment, since no fake reports when it answers. */
  const change = Effect.promise(
    () =>
      new Promise<void>((next) => {
        onChange = next
        if (isAnswering()) setImmediate(next)
        else setTimeout(next, 1)
      })
  )

  /** Several turns in a row: between an answer and the next question nothing is under way either. */
  const atRest = Effect.gen(function* () {
    for (let still = 0; still < turnsOfRest; ) {
      if (isStill()) {
        yield* turn
        still++
      } else {
        still = 0
        yield* change
      }
    }
  })

  const set = Effect.fnUntraced(function* (at: number) {
    yield* sql`update virtual.clock set at = ${new Date(at)}`
    yield* testClock.setTime(at)
  })

  const until: VirtualTime["until"] = (end, isOver = () => false) =>
    Effect.gen(function* () {
      for (;;) {
        yield* atRest
        const now = testClock.currentTimeMillisUnsafe()
        if (now >= end || isOver()) return
        yield* set(Math.min(end, Math.max(sleepers.next(), now + 1)))
      }
    }).pipe(Effect.orDie)
  yield* set(Math.max(testClock.currentTimeMillisUnsafe(), 0))
  return { now: Clock.currentTimeMillis, until, tracer, clock, set }
})
