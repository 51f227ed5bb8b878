/** What the harness tells a server process, and what comes back. */

export type Order = {
  readonly id: number
} /** The wall clock alone jumps, as by a time server: timers know nothing of it. */ & (
  | { readonly type: "skew"; readonly millis: number }
  /** So much time has passed. */
  | { readonly type: "advance"; readonly millis: number }
  | { readonly type: "disk"; readonly full: boolean }
  | { readonly type: "dns"; readonly broken: boolean }
  | { readonly type: "report" }
)

export interface Report {
  /** Writes that found the disk full, and names that were not resolved, since the process began. */
  readonly refused: { readonly disk: number; readonly dns: number }
  /** How often anything ran in the process. */
  readonly turns: number
  /** Whether the operating system works for it. */
  readonly isBusy: boolean
  /** Milliseconds until its next timer; `null` without one. */
  readonly wait: number | null
}
