/**
 * The throttle that every request to one service with one credential runs in, so that a limit is obeyed before it is hit.
 * It keeps four limits:
 *
 * - how many requests may be under way (`concurrency`)
 * - how many the service takes within a sliding window, and this process's share of them (`slots.ts`)
 * - what the service's own headers say is left (`statedLimits.ts`)
 * - until when the service takes no requests (`statedLimits.ts`)
 *
 * A wait up to `patience` is waited here, in order of arrival. A longer wait fails at once with `Throttled`, so that the
 * caller can report it and do something else. With `whenFull: "wait"` a request waits for the window however long.
 *
 * Effect's `RateLimiter` is not used, because it only counts by itself and takes no facts from responses.
 */
import { Clock, Duration, Effect, Semaphore } from "effect"
import * as Timing from "../domain/Timing.ts"
import type { Quota, Window } from "./SharedQuota.ts"
import * as Slots from "./slots.ts"
import * as StatedLimits from "./statedLimits.ts"
import { Throttled } from "./Throttled.ts"

export type { ThrottleState } from "./statedLimits.ts"

type WhenFull = "wait" | "fail"

export interface Throttle {
  /** Runs the effect when a request may leave. `whenFull`: whether a slot in the window is waited for, however long. */
  readonly run: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options?: { readonly whenFull: WhenFull }
  ) => Effect.Effect<A, E | Throttled, R>
  /** Notes the budget that a response's headers report. */
  readonly learn: (facts: StatedLimits.Budget) => void
  /** Sets how many requests the service takes within `millis`. */
  readonly setWindow: (window: Window) => void
  /**
   * The same for a service whose headers report that sliding window itself. Use that own requests do not explain is that
   * of others, whose slots stay taken until `resetAt`. `startedAt` is when the answered request left.
   */
  readonly learnWindow: (facts: Window & Omit<StatedLimits.Budget, "limit"> & { readonly startedAt: number }) => void
  /** Sends nothing at least until then, in epoch milliseconds. `isStored`: the block was read from the database. */
  readonly block: (until: number, why: string, options?: { readonly isStored: boolean }) => void
  readonly state: () => StatedLimits.ThrottleState
}

export const make = (options: {
  readonly concurrency: number
  readonly patience: Duration.Input
  /** This process's share of the window; without it, the whole window. */
  readonly quota?: Quota | undefined
}): Throttle => {
  const patience = Duration.toMillis(Duration.fromInputUnsafe(options.patience))
  const permits = Semaphore.makeUnsafe(options.concurrency)
  const stated = StatedLimits.make()
  let windowBudget: StatedLimits.Budget | undefined
  const slots = Slots.make(options.quota, ({ blocked }) => {
    if (blocked !== undefined) stated.block(blocked.until, blocked.why, { isStored: true })
  })

  let checkedAt = Number.NEGATIVE_INFINITY
  /** After the clock was set back, every earlier instant is wrong. */
  const forgetWrongInstants = (now: number): void => {
    if (Timing.clockWentBack(checkedAt, now)) {
      stated.clear()
      windowBudget = undefined
      slots.clear()
    }
    checkedAt = now
  }

  const admission = (now: number): Admission => {
    forgetWrongInstants(now)
    const opensAt = stated.opensAt(now)
    return opensAt > now ? { at: opensAt, enforcedBy: "service" } : { at: slots.freeAt(now), enforcedBy: "self" }
  }

  const throttled = (now: number, { at, enforcedBy }: Admission) =>
    new Throttled({
      until: at,
      enforcedBy,
      isStored: enforcedBy === "service" && stated.isStored(now),
      why: enforcedBy === "self" ? "as many requests as it takes at a time have been sent" : stated.why(now)
    })

  /** Waits until a request may leave, and counts it as sent. */
  const acquire = Effect.fnUntraced(function* (
    interruptibly: <A, E>(wait: Effect.Effect<A, E>) => Effect.Effect<A, E>,
    whenFull: WhenFull
  ) {
    const arrivedAt = yield* Clock.currentTimeMillis
    for (;;) {
      if (slots.isShared) yield* interruptibly(slots.renew)
      const now = yield* Clock.currentTimeMillis
      const next = admission(now)
      if (next.at <= now) {
        stated.spend()
        return slots.leave(now)
      }
      // A share grows in small steps, and waiting for one after the other would never end.
      const waited = slots.isShared ? now - arrivedAt : 0
      const isPatient = whenFull === "wait" && next.enforcedBy === "self"
      if (next.at - now + waited > patience && !isPatient) return yield* throttled(now, next)
      yield* interruptibly(Effect.sleep(next.at - now))
    }
  })

  /** Requests that wait for the window may hold all permits, so a request that will not wait fails before it takes one. */
  const failEarly = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const next = admission(now)
    return slots.isKnown(now) && next.at - now > patience ? Effect.fail(throttled(now, next)) : Effect.void
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
    learn: (facts) => stated.learn(facts, slots.underWay()),
    setWindow: slots.setSize,
    learnWindow: (facts) => {
      const { limit, remaining, resetAt } = facts
      slots.learn(facts)
      windowBudget = { limit, remaining, resetAt }
    },
    block: stated.block,
    state: () => {
      const state = stated.state()
      return { ...state, budget: state.budget ?? windowBudget }
    }
  }
}

/** When a request may leave (epoch milliseconds), and who keeps it back until then. */
interface Admission {
  readonly at: number
  readonly enforcedBy: "service" | "self"
}
