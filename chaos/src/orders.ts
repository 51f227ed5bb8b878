/** Orders of the harness to a server process, and the report that answers them. */

export type Order = { readonly id: number } /** Only the wall clock jumps, as by a time server. Timers do not. */ & (
  | { readonly type: "skew"; readonly millis: number }
  /** That much time has passed. */
  | { readonly type: "advance"; readonly millis: number }
  | { readonly type: "disk"; readonly full: boolean }
  | { readonly type: "dns"; readonly broken: boolean }
  | { readonly type: "report" }
)

export interface Report {
  /** Writes that found the disk full, and names that were not resolved, since the process began. */
  readonly refused: { readonly disk: number; readonly dns: number }
  /** How many timers and immediates ran in the process. */
  readonly turns: number
  /** Whether the operating system works for the process. */
  readonly isBusy: boolean
  /** Milliseconds until the next timer; `null` without one. */
  readonly wait: number | null
}
