/**
 * The throttle that every request to one service with one credential runs in, so that a limit is obeyed before it is hit.
 * It keeps four limits:
 *
 * - how many requests may be under way (`concurrency`)
 * - how many the service takes within a sliding window, and this process's share of them (`slots.ts`)
 * - what the service's own headers say is left (`stated.ts`)
 * - until when no request may leave (`stated.ts`)
 *
 * A wait up to `patience` is waited here, in order of arrival. A longer wait fails at once with `Throttled`, so that the
 * caller can report it and do something else. With `whenFull: "wait"` a request waits for the window however long.
 *
 * Effect's `RateLimiter` is not used, because it only counts by itself and takes no facts from responses.
 */
import { Clock, Duration, Effect, Semaphore } from "effect"
import * as Admission from "./admission.ts"
import type { Quota, Window } from "./SharedQuota.ts"
import type * as Stated from "./stated.ts"
import type { EnforcedBy, Throttled } from "./Throttled.ts"

/** What is left of a limit, and until when nothing is sent. */
export interface ThrottleState {
  /** Requests left as the service last reported, and when they are renewed. */
  readonly budget: Stated.RequestBudget | undefined
  /** Epoch milliseconds; in the past when requests may be sent. */
  readonly blockedUntil: number
  readonly why: string
}

/** Whose limit a block is, and whether other processes know of it. */
export interface BlockOptions {
  /** Without it the service states the limit, for all who use the credential. */
  readonly enforcedBy?: EnforcedBy
  /** The block was read from the database, or is stored there. */
  readonly isStored?: boolean
}

type WhenFull = "wait" | "fail"

/** Keeps requests back until the service takes them. One for each limit and credential. */
export interface Throttle {
  /** Runs the effect when a request may leave. `whenFull`: whether a slot in the window is waited for, however long. */
  readonly run: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: { readonly whenFull: WhenFull }
  ) => Effect.Effect<A, E | Throttled, R>
  /** Notes the budget that a response's headers report. */
  readonly learn: (facts: Stated.RequestBudget) => void
  /** Sets how many requests the service takes within `millis`. */
  readonly setWindow: (window: Window) => void
  /**
   * The same for a service whose headers report that sliding window itself. Use that own requests do not explain is that
   * of others, whose slots stay taken until `resetAt`. `startedAt` is when the answered request left.
   */
  readonly learnWindow: (facts: Window & Omit<Stated.RequestBudget, "limit"> & { readonly startedAt: number }) => void
  /** Sets how many requests may be under way. */
  readonly setConcurrency: (concurrency: number) => Effect.Effect<void>
  /** Sends nothing at least until then, in epoch milliseconds. */
  readonly block: (until: number, why: string, options?: BlockOptions) => void
  readonly state: () => ThrottleState
}

/** A throttle without any limit yet. `concurrency`: requests under way at a time, until `setConcurrency`. */
export const make = (options: {
  readonly concurrency: number
  readonly patience: Duration.Input
  /** This process's share of the window; without it, the whole window. */
  readonly quota?: Quota | undefined
}): Throttle => {
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience))
  const permits = Semaphore.makeUnsafe(options.concurrency)
  const admission = Admission.make(options.quota)
  const { slots } = admission

  /** Waits until a request may leave, and counts it as sent. */
  const acquire = Effect.fnUntraced(function* (
    interruptibly: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>,
    whenFull: WhenFull
  ) {
    const arrivedAt = yield* Clock.currentTimeMillis
    for (;;) {
      if (slots.isShared) yield* interruptibly(slots.renew)
      const now = yield* Clock.currentTimeMillis
      const next = admission.next(now)
      if (next.at <= now) return admission.leave(now)
      // A share grows in small steps, and waiting for one after the other would never end.
      const waited = slots.isShared ? now - arrivedAt : 0
      const isPatient = whenFull === "wait" && next.held === undefined
      if (next.at - now + waited > patience && !isPatient) return yield* Admission.throttled(next)
      yield* interruptibly(Effect.sleep(next.at - now))
    }
  })

  /** Requests that wait for the window may hold all permits, so a request that will not wait fails before it takes one. */
  const failEarly = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const next = admission.next(now)
    return slots.isKnown(now) && next.at - now > patience ? Effect.fail(Admission.throttled(next)) : Effect.void
  })

  return {
    run: (effect, { whenFull } = { whenFull: "fail" }) =>
      Effect.andThen(
        whenFull === "fail" ? failEarly : Effect.void,
        permits.withPermit(
          // Counting a request in and out cannot be interrupted, but its wait can.
          Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(acquire(restore, whenFull), (request) =>
              Effect.ensuring(slots.whileRunning(restore(effect)), slots.end(request))
            )
          )
        )
      ),
    learn: admission.learn,
    setWindow: slots.setSize,
    learnWindow: admission.learnWindow,
    setConcurrency: (concurrency) => permits.resize(concurrency),
    block: admission.block,
    state: admission.state
  }
}
