/**
 * What becomes of a limit that a request met: whether the other processes on the database learn of it. Pure.
 *
 * Hazard: a limit that was read from the database and is stored again never ends.
 */
import type { Throttling } from "../domain/Throttling.ts"
import type { EnforcedBy } from "./Throttled.ts"

/** The limit that a request met, at the service or in this process's throttle. */
export interface Met {
  readonly enforcedBy: EnforcedBy
  /** Missing when the service answered a request with the limit. */
  readonly throttling?: Throttling
}

/**
 * Whether the limit is news to the other processes. A throttle that keeps a request back reports a limit that was met
 * before, or this process's own judgement. Only what the service stated and nobody has stored is news.
 */
export const isNews = ({ enforcedBy, throttling }: Met): boolean =>
  throttling === undefined || (enforcedBy === "service" && !throttling.isStored)
