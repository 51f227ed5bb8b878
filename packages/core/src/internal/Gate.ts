/**
 * The door that every request to one service with one credential goes through, so that a limit is obeyed before it is
 * hit. It knows four things: how many requests may be under way, how many may start within a sliding window, what the
 * service's own headers say is left, and until when the service has closed the door altogether.
 *
 * A wait up to `patience` is waited here, in order of arrival. A longer one fails at once with `Closed`, so that the
 * caller can say so and do something else. Headers always win over own counts: the budget may be shared with others.
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
  /** Runs the effect when its turn has come. */
  readonly pass: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | Closed, R>
  /** Notes what an answer's headers said. `resetAt` is in epoch milliseconds. */
  readonly learn: (facts: { readonly limit: number; readonly remaining: number; readonly resetAt: number }) => void
  /** Sets how many requests may start within `millis`. */
  readonly pace: (window: { readonly limit: number; readonly millis: number }) => void
  /** Closes the door for everybody, at least until then. */
  readonly close: (until: number, why: string) => void
  readonly state: () => GateState
}

export const make = (options: { readonly concurrency: number; readonly patience: Duration.Input }): Gate => {
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience))
  const places = Semaphore.makeUnsafe(options.concurrency)
  let underWay = 0
  let budget: GateState["budget"]
  let lowest: { readonly remaining: number; readonly resetAt: number } | undefined
  let window: { readonly limit: number; readonly millis: number } | undefined
  let closedUntil = 0
  let why = ""
  /** When the last `window.limit` requests started, oldest first. */
  const starts: Array<number> = []

  /** When the next request may start. */
  const opensAt = (now: number): number => {
    if (closedUntil > now) return closedUntil
    if (budget !== undefined && now >= budget.resetAt) budget = undefined
    if (budget !== undefined && budget.remaining <= 0) return budget.resetAt
    if (window !== undefined) {
      const { limit, millis } = window
      while (starts.length > 0 && (starts[0] as number) <= now - millis) starts.shift()
      if (starts.length >= limit) return (starts[starts.length - limit] as number) + millis
    }
    return now
  }

  const enter = Effect.fnUntraced(function* (interruptibly: <A>(wait: Effect.Effect<A>) => Effect.Effect<A>) {
    for (;;) {
      const now = yield* Clock.currentTimeMillis
      const at = opensAt(now)
      if (at <= now) {
        if (budget !== undefined) budget = { ...budget, remaining: budget.remaining - 1 }
        if (window !== undefined) starts.push(now)
        underWay++
        return
      }
      if (at - now > patience) {
        return yield* new Closed({ until: at, why: closedUntil > now ? why : "the budget of requests is used up" })
      }
      yield* interruptibly(Effect.sleep(at - now))
    }
  })

  const leave = Effect.sync(() => {
    underWay--
  })

  return {
    pass: (effect) =>
      places.withPermit(
        // Counting in and out cannot be cut apart, but whoever waits at the door can leave at once.
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(enter(restore), () => Effect.ensuring(restore(effect), leave))
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
    close: (until, reason) => {
      if (until > closedUntil) {
        closedUntil = until
        why = reason
      }
    },
    state: () => ({ budget, closedUntil, why })
  }
}
