/**
 * This process's share of a window that other processes use with the same credential (see `SharedQuota.ts`).
 *
 * Guarantee: a process sends no more than it was granted, and nothing when it gets no answer for `patience`, because others
 * may count on its slots by then.
 */
import { Clock, Effect, type Fiber, Semaphore } from "effect"
import { type Grant, patience, type Quota, renewal, type Window } from "./SharedQuota.ts"
import { Throttled } from "./Throttled.ts"
import type { ShareOfSlots, SlidingWindow } from "./window.ts"

/**
 * Slots that are asked for beyond those in use, so that the next request finds one free. Few, because a killed process
 * keeps its slots for the length of the window.
 */
const headroom = ({ limit }: Window): number => Math.max(Math.ceil(limit / 16), Math.min(5, limit))

/** The window that is shared, and where shares come from. */
export interface ShareOptions {
  readonly quota: Quota
  /** The window as it is now, without requests that no longer count. */
  readonly window: (now: number) => SlidingWindow
  readonly onGrant: (grant: Grant) => void
}

/** A share of which nothing is granted yet: the first request asks for one. */
export const make = ({ onGrant, quota, window }: ShareOptions) => {
  let granted = { slots: 0, at: Number.NEGATIVE_INFINITY, isWhole: true, others: 0 }
  /** The most own requests in the window since the last grant. */
  let maxSent = 0
  const oneRenewal = Semaphore.makeUnsafe(1)

  /** Whether the share is used up, and a larger one may be granted. */
  const isShort = (now: number): boolean => {
    const { sent, size } = window(now)
    if (size === undefined || !granted.isWhole || granted.slots >= size.limit) return false
    return sent.length > 0 && sent.length >= granted.slots
  }

  const mustRenew = (now: number): boolean => now < granted.at || now >= granted.at + renewal || isShort(now)

  const isBelievable = (now: number): boolean => now >= granted.at && now < granted.at + patience

  /** Asks for a share when it is time to, so that no request has to ask by itself. */
  const renew = oneRenewal.withPermit(
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      if (!mustRenew(now)) return
      const { sent, size } = window(now)
      const wants = size === undefined ? 1 : Math.min(maxSent + headroom(size), size.limit)
      // Until an answer says less, the whole grant counts as used: the answer to this question may be lost.
      const believed = isBelievable(now) ? granted.slots : 0
      const answer = yield* quota.renew({ window: size, sent: Math.max(sent.length, believed), wants })
      // The slots of an answer that took that long may have been granted to others since.
      const lateness = (yield* Clock.currentTimeMillis) - now
      if (answer === undefined || lateness < 0 || lateness >= patience) {
        if (isBelievable(now)) return
        return yield* unknownShare(now)
      }
      granted = { slots: answer.slots, at: now, isWhole: answer.slots >= wants, others: answer.others }
      onGrant(answer)
      maxSent = window(now).sent.length
    })
  )

  return {
    mustRenew,
    renew,
    slots: (): ShareOfSlots => ({ slots: granted.slots, renewedAt: granted.at + renewal }),
    hasOthers: (): boolean => granted.others > 0,
    noteSent: (sent: number): void => {
      maxSent = Math.max(maxSent, sent)
    },
    /** Renews the share while effects run for long. Nothing else would while all requests wait for responses. */
    whileRunning: makeBeside(Effect.delay(renew, patience))
  }
}

/** Repeats `round` while any of the effects runs. A failed round does not end the repetition. */
const makeBeside = (round: Effect.Effect<void, unknown>) => {
  let running = 0
  let repeating: Fiber.Fiber<never> | undefined
  const begin = Effect.suspend(() =>
    running++ > 0
      ? Effect.void
      : Effect.map(Effect.forkDetach(Effect.forever(Effect.ignore(round))), (fiber) => {
          repeating = fiber
        })
  )
  const end = Effect.sync(() => {
    if (--running === 0) repeating?.interruptUnsafe()
  })
  /** Hazard: for an uninterruptible region, since an interruption after `begin` would repeat for ever. */
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.andThen(begin, Effect.ensuring(effect, end))
}

const unknownShare = (now: number): Throttled =>
  new Throttled({
    until: now + renewal,
    enforcedBy: "self",
    isStored: false,
    why: "the database does not say what other servers leave of the limit"
  })
