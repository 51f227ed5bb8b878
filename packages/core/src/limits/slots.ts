/**
 * The slots of this process in a service's sliding window: its own requests (`window.ts`), and its share when other
 * processes use the same credential (`share.ts`).
 */
import { Clock, Effect, Latch } from "effect"
import type { Grant, Quota, Window } from "./SharedQuota.ts"
import * as Share from "./share.ts"
import * as SlidingWindow from "./window.ts"

/** Slots in a window of unknown size. `onGrant` is called with each share that the other processes leave. */
export const make = (quota: Quota | undefined, onGrant: (grant: Grant) => void) => {
  let window = SlidingWindow.empty
  let underWay = 0
  /** Open from the first response on. */
  const answered = Latch.makeUnsafe(false)

  const current = (now: number): SlidingWindow.SlidingWindow => {
    window = SlidingWindow.forget(window, now)
    return window
  }

  const share =
    quota === undefined
      ? undefined
      : Share.make({
          quota,
          window: current,
          onGrant: (grant) => {
            if (window.size === undefined) window = { ...window, size: grant.window }
            onGrant(grant)
          }
        })

  /** While no process knows the window, one request finds out, and the others wait for its response. */
  const renewed = Effect.fnUntraced(function* (share: ReturnType<typeof Share.make>) {
    for (;;) {
      if (share.mustRenew(yield* Clock.currentTimeMillis)) yield* share.renew
      if (window.size !== undefined || !share.hasOthers() || underWay === 0 || answered.isOpen()) return
      yield* answered.await
    }
  })

  return {
    isShared: share !== undefined,
    /** Whether `freeAt` needs no answer about the share first. */
    isKnown: (now: number): boolean => share === undefined || !share.mustRenew(now),
    /** Renews the share when it is time to. Fails when the share is not known. */
    renew: share === undefined ? Effect.void : renewed(share),
    /** When a slot is free, in epoch milliseconds; `now` when one is free already. */
    freeAt: (now: number): number => SlidingWindow.freeSlotAt(current(now), { now, share: share?.slots() }),
    /** A request leaves. */
    leave: (now: number): SlidingWindow.Sent => {
      const request = { startedAt: now, endedAt: Number.POSITIVE_INFINITY }
      window = SlidingWindow.leave(window, request)
      underWay++
      share?.noteSent(window.sent.length)
      return request
    },
    /** Keeps the share while the request is under way. */
    whileRunning: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      share === undefined ? effect : share.whileRunning(effect),
    /** A request has ended. */
    end: (request: SlidingWindow.Sent) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        underWay--
        window = SlidingWindow.end(window, request, now)
        answered.openUnsafe()
      }),
    underWay: (): number => underWay,
    setSize: (size: Window): void => {
      window = { ...window, size }
    },
    learn: (facts: Parameters<typeof SlidingWindow.learn>[1]): void => {
      window = SlidingWindow.learn(window, facts)
    },
    /** Forgets all requests: their instants are those of a wrong clock. */
    clear: (): void => {
      window = { ...window, sent: [] }
    }
  }
}
