/** What the harness tells a server process, and what comes back. */

/** A change of the program's text, by which a rule is switched off. */
export interface Mutation {
  /** The end of the module's address. */
  readonly file: string
  /** Must occur exactly once. */
  readonly from: string
  readonly to: string
}

export type Order = { readonly id: number } & (
  | { readonly type: "skew"; readonly millis: number }
  | { readonly type: "disk"; readonly full: boolean }
  | { readonly type: "dns"; readonly broken: boolean }
  | { readonly type: "report" }
)

export interface Report {
  /** Writes that found the disk full, and names that were not resolved, since the process began. */
  readonly refused: { readonly disk: number; readonly dns: number }
  readonly heapUsed: number
  readonly rss: number
  readonly handles: Readonly<Record<string, number>>
}
