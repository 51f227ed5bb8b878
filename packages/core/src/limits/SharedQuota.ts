/**
 * The limit that processes share when they use a service with the same credential. A throttle asks for its share, and sends
 * no more than it was granted. By default a process is alone, and has no quota.
 */
import { Context, type Effect } from "effect"

/** A service's sliding window: the service takes `limit` requests within `millis`. */
export interface Window {
  readonly limit: number
  readonly millis: number
}

/** What a process reports when it asks for slots. */
export interface QuotaUse {
  /** Missing while no response has reported the window. */
  readonly window: Window | undefined
  /** Own requests that may still be in the window. */
  readonly sent: number
  /** How many slots the process wants. */
  readonly wants: number
}

/** The share that the database grants to a process until its next renewal. */
export interface Grant {
  readonly slots: number
  /** How many other processes use the credential at present. */
  readonly others: number
  /** The window, if any process knows it. */
  readonly window: Window | undefined
  /** Until when no process may send a request (epoch milliseconds), and why. */
  readonly blocked: { readonly until: number; readonly why: string } | undefined
}

/** A process's access to the slots of one window. */
export interface Quota {
  /** Asks for slots in the window, and reports those in use. `undefined` without an answer. */
  readonly renew: (use: QuotaUse) => Effect.Effect<Grant | undefined>
}

/** How often a share is renewed while requests leave, in milliseconds. */
export const renewal = 2_000

/** After that long without an answer, in milliseconds, a process sends nothing: others may use its slots. See migration 0005. */
export const patience = 5_000

/** The shared windows by the key of their limit. `undefined` for a limit that this process has alone. */
export interface Quotas {
  readonly quota: (limitKey: string) => Quota | undefined
}

/** How this process shares limits. `store/Quotas.ts` replaces the default. */
export const SharedQuota = Context.Reference<Quotas>("gitpip/SharedQuota", {
  defaultValue: () => ({ quota: () => undefined })
})
