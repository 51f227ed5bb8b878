/**
 * A service's sliding window, and the requests of this process in it: pure.
 *
 * A slot is freed one window after the *response*: the instant at which the service counted the request is not known, only
 * that it was before the response. So no window of the service is ever overrun, however long requests travel.
 */
import type { Window } from "./SharedQuota.ts"

/** A request that may count in the window. `endedAt` is infinite while the request is under way. Epoch milliseconds. */
export interface Sent {
  readonly startedAt: number
  readonly endedAt: number
}

/** The window as this process knows it. */
export interface SlidingWindow {
  /** Unknown until the service's headers or another process report it. */
  readonly size: Window | undefined
  /** Requests that may still count, in the order in which they left. */
  readonly sent: ReadonlyArray<Sent>
  /** Slots that others who use the credential have taken, as far as the headers show, until then (epoch milliseconds). */
  readonly others: { readonly slots: number; readonly until: number }
}

/** This process's share of the slots, and when the share may grow (epoch milliseconds). */
export interface ShareOfSlots {
  readonly slots: number
  readonly renewedAt: number
}

/** Before the first request. */
export const empty: SlidingWindow = { size: undefined, sent: [], others: { slots: 0, until: 0 } }

/** Requests remembered before the size of the window is known: no fewer than can be under way by then. */
const maxUnsized = 100

/** Forgets requests that no longer count. */
export const forget = (window: SlidingWindow, now: number): SlidingWindow => {
  const { sent, size } = window
  if (size === undefined) return window
  const counts = ({ endedAt }: Sent) => endedAt > now - size.millis
  return sent.every(counts) ? window : { ...window, sent: sent.filter(counts) }
}

/** A request leaves. */
export const leave = (window: SlidingWindow, request: Sent): SlidingWindow => {
  const sent = [...window.sent, request]
  return { ...window, sent: window.size === undefined ? sent.slice(-maxUnsized) : sent }
}

/** A request's response has come. */
export const end = (window: SlidingWindow, request: Sent, endedAt: number): SlidingWindow => {
  const index = window.sent.indexOf(request)
  return index === -1 ? window : { ...window, sent: window.sent.with(index, { ...request, endedAt }) }
}

/**
 * The headers of a response report the window itself. Use that own requests do not explain is that of others.
 *
 * @param facts `startedAt` is when the answered request left
 */
export const learn = (
  window: SlidingWindow,
  facts: Window & { readonly remaining: number; readonly resetAt: number; readonly startedAt: number }
): SlidingWindow => {
  const { limit, millis, remaining, resetAt, startedAt } = facts
  const own = window.sent.filter((one) => one.startedAt <= startedAt).length
  return {
    ...window,
    size: { limit, millis },
    others: { slots: Math.max(limit - remaining - own, 0), until: resetAt }
  }
}

/** When a slot is free, in epoch milliseconds; `now` when one is free already. Call `forget` first. */
export const freeSlotAt = (
  { others, sent, size }: SlidingWindow,
  { now, share }: { readonly now: number; readonly share?: ShareOfSlots | undefined }
): number => {
  if (size === undefined) return now
  const taken = others.until > now ? others.slots : 0
  const own = Math.min(size.limit - taken, share?.slots ?? size.limit)
  if (sent.length < own) return now
  const othersLeaveAt = taken > 0 ? others.until : Number.POSITIVE_INFINITY
  // A larger share only helps when other processes hold the missing slots.
  const shareGrowsAt =
    share !== undefined && own < size.limit - taken ? Math.max(share.renewedAt, now + 1) : Number.POSITIVE_INFINITY
  // A request under way frees its slot no sooner than a whole window from now.
  const ends = sent.map(({ endedAt }) => endedAt).sort((a, b) => a - b)
  const ownFreeAt = Math.min(ends[sent.length - own] ?? now, now) + size.millis
  return Math.min(ownFreeAt, othersLeaveAt, shareGrowsAt)
}
