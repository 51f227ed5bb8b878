/**
 * The door that every request to one service with one credential goes through, so that a limit is obeyed before it is
 * hit. It knows four things: how many requests may be under way, how many the service takes within a sliding window,
 * what the service's own headers say is left, and until when the service has closed the door altogether.
 *
 * A request's place in the window is free again that long after its answer came, not after it left: when the service
 * counted it is not known, but it was before the answer. So no window of the service is ever overrun, however long
 * requests travel.
 *
 * A wait up to `patience` is waited here, in order of arrival. A longer one fails at once with `Closed`, so that the
 * caller can say so and do something else; one that has nothing else to do waits for a place in the window, which is no
 * limit but the own pace. Headers always win over own counts: the budget may be shared with others.
 *
 * Effect's `RateLimiter` is not used since it counts alone: it cannot be told what the answers say.
 */
import { Clock, Data, Duration, Effect, Semaphore } from "effect"

/** The door stays closed longer than the gate's patience. `until` is in epoch milliseconds. */
export class Closed extends Data.TaggedError("Closed")<{ readonly until: number; readonly why: string }> {}

export interface GateState {
  /** Requests left by the service's last word, and when they are renewed (epoch milliseconds). */
  readonly budget: { readonly limit: number; readonly remaining: number; readonly resetAt: number } | undefined
  /** Epoch milliseconds; in the past when the door is open. */
  readonly closedUntil: number
  readonly why: string
}

export interface Gate {
  /** Runs the effect when its turn has come. `pace`: whether a place in the window is waited for, however long. */
  readonly pass: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: { readonly pace: "wait" | "refuse" }
  ) => Effect.Effect<A, E | Closed, R>
  /** Notes what an answer's headers said. `resetAt` is in epoch milliseconds. */
  readonly learn: (facts: { readonly limit: number; readonly remaining: number; readonly resetAt: number }) => void
  /** Sets how many requests the service takes within `millis`. */
  readonly pace: (window: { readonly limit: number; readonly millis: number }) => void
  /**
   * The same for a service whose headers tell of that sliding window itself. What own requests do not explain is others'
   * use, for which places are left until `resetAt`. `startedAt` is when the answered request left.
   */
  readonly learnWindow: (facts: {
    readonly limit: number
    readonly millis: number
    readonly remaining: number
    readonly resetAt: number
    readonly startedAt: number
  }) => void
  /** Closes the door for everybody, at least until then. */
  readonly close: (until: number, why: string) => void
  /** When the service lets anybody in again, by its own word; `now` when it does already. */
  readonly opensAt: (now: number) => number
  readonly state: () => GateState
}

export const make = (options: { readonly concurrency: number; readonly patience: Duration.Input }): Gate => {
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience))
  const places = Semaphore.makeUnsafe(options.concurrency)
  let underWay = 0
  let windowBudget: GateState["budget"]
  let budget: GateState["budget"]
  let lowest: { readonly remaining: number; readonly resetAt: number } | undefined
  let window: { readonly limit: number; readonly millis: number } | undefined
  let closedUntil = 0
  let why = ""
  /** Requests that may still be in the window, in the order they left. `endedAt` is infinite while one is under way. */
  let recent: Array<Passage> = []
  let others = { places: 0, until: 0 }

  const opensAt = (now: number): number => {
    if (closedUntil > now) return closedUntil
    if (budget !== undefined && now >= budget.resetAt) budget = undefined
    return budget !== undefined && budget.remaining <= 0 ? budget.resetAt : now
  }

  /** When there is a place in the window. */
  const placeAt = (now: number): number => {
    if (window === undefined) return now
    const { limit, millis } = window
    recent = recent.filter(({ endedAt }) => endedAt > now - millis)
    const taken = others.until > now ? others.places : 0
    if (recent.length < limit - taken) return now
    const othersLeave = taken > 0 ? others.until : Number.POSITIVE_INFINITY
    // So many have to leave the window first. One still under way leaves it no sooner than its whole length from now.
    const ends = recent.map(({ endedAt }) => endedAt).sort((a, b) => a - b)
    return Math.min(Math.min(ends[recent.length - (limit - taken)] ?? now, now) + millis, othersLeave)
  }

  const enter = Effect.fnUntraced(function* (
    interruptibly: <A>(wait: Effect.Effect<A>) => Effect.Effect<A>,
    pace: "wait" | "refuse"
  ) {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const opens = opensAt(now)
      const isPace = opens <= now
      const at = isPace ? placeAt(now) : opens
      if (at <= now) {
        if (budget !== undefined) budget = { ...budget, remaining: budget.remaining - 1 }
        const passage: Passage = { startedAt: now, endedAt: Number.POSITIVE_INFINITY }
        recent.push(passage)
        if (window === undefined && recent.length > unpaced) recent.shift()
        underWay++
        return passage
      }
      if (at - now > patience && !(isPace && pace === "wait")) {
        const spent = isPace
          ? "as many requests as it takes at a time have been sent"
          : "the budget of requests is used up"
        return yield* new Closed({ until: at, why: closedUntil > now ? why : spent })
      }
      yield* interruptibly(Effect.sleep(at - now))
    }
  })

  const leave = (passage: Passage) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      underWay--
      passage.endedAt = now
    })

  return {
    pass: (effect, { pace } = { pace: "refuse" }) =>
      places.withPermit(
        // Counting in and out cannot be cut apart, but whoever waits at the door can leave at once.
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(enter(restore, pace), (passage) => Effect.ensuring(restore(effect), leave(passage)))
        )
      ),
    learn: (facts) => {
      // Answers overtake each other: of two about the same renewal, the one with less left is the newer one.
      lowest = lowest?.resetAt === facts.resetAt && lowest.remaining < facts.remaining ? lowest : facts
      // Requests still under way may not be counted by the service yet, except the one this answer belongs to.
      budget = { ...facts, remaining: lowest.remaining - Math.max(underWay - 1, 0) }
    },
    pace: (next) => {
      if (window?.limit !== next.limit || window.millis !== next.millis) window = next
    },
    learnWindow: ({ limit, millis, remaining, resetAt, startedAt }) => {
      window = { limit, millis }
      windowBudget = { limit, remaining, resetAt }
      const own = recent.filter((one) => one.startedAt <= startedAt).length
      others = { places: Math.max(limit - remaining - own, 0), until: resetAt }
    },
    close: (until, reason) => {
      if (until > closedUntil) {
        closedUntil = until
        why = reason
      }
    },
    opensAt,
    state: () => ({ budget: budget ?? windowBudget, closedUntil, why })
  }
}

interface Passage {
  readonly startedAt: number
  endedAt: number
}

/** So many requests are remembered before a window is known: no fewer than can be under way when its size is told. */
const unpaced = 100
