/**
 * Other processes that use a service with the same credential: its limit is theirs as well. A gate asks for its share,
 * and holds itself to what it was granted. By default there are none, and nobody is asked.
 */
import { Context, type Effect } from "effect"

/** A service's sliding window: how many requests it takes within so long. */
export interface Window {
  readonly limit: number
  readonly millis: number
}

export interface QuotaUse {
  /** As far as it is known. */
  readonly window: Window | undefined
  /** Own requests that may be in the window still. */
  readonly sent: number
  /** How many it would like to have in it at a time. */
  readonly wants: number
}

export interface Grant {
  readonly slots: number
  /** How many other processes use it at present. */
  readonly others: number
  /** The window, if anybody knows it. */
  readonly window: Window | undefined
  /** Until when, in epoch milliseconds, the service must not be asked by anybody, and why. */
  readonly blocked: { readonly until: number; readonly why: string } | undefined
}

export interface Quota {
  /** Asks for places in the window, and tells of those in use. Nothing when there is no answer. */
  readonly renew: (use: QuotaUse) => Effect.Effect<Grant | undefined>
}

/** A share is asked for again this often while requests leave, in milliseconds. */
export const renewal = 2_000

/** Without an answer for so long, in milliseconds, nothing is sent any more: others may count on it. See migration 0005. */
export const patience = 5_000

export interface Quotas {
  readonly quota: (limitKey: string) => Quota | undefined
}

export const SharedQuota = Context.Reference<Quotas>("gitpip/SharedQuota", {
  defaultValue: () => ({ quota: () => undefined })
})
