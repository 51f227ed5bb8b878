/**
 * What becomes of a limit or a pause that this process met: what the other processes on the database obey, what they only
 * show, and what they never learn. Pure.
 *
 * Hazard: a limit that was read from the database and is stored again never ends.
 */
import { Duration } from "effect"
import type { Throttling } from "../domain/Throttling.ts"
import type { EnforcedBy } from "./Throttled.ts"

/**
 * Why requests wait:
 *
 * - `limit`: requests are limited.
 * - `fault`: the service cannot be reached.
 * - `restored`: a limit that another process or an earlier request met. It is not stored again.
 * - `suspicion`: several failures seem global. Users of whom nothing has failed are still tried, slowly.
 */
export type WaitCause = "limit" | "fault" | "restored" | "suspicion"

/** Why requests wait, and for whom that holds. */
export interface WaitReason {
  readonly message: string
  /** `service`: the service holds every process until then. `self`: this process waits by its own judgement. */
  readonly enforcedBy: EnforcedBy
  readonly cause: WaitCause
  /** Whether the limit is GitHub's secondary one, of requests and queries together. */
  readonly isSecondary?: true
}

/** The limit that a request met, at the service or in this process's throttle. */
export interface MetLimit {
  readonly message: string
  readonly enforcedBy: EnforcedBy
  /** Missing when the service answered a request with the limit. */
  readonly throttling?: Throttling
  readonly isSecondary?: true
}

/**
 * Whether the limit is news to the other processes. A throttle that keeps a request back reports a limit that was met
 * before, or this process's own judgement. Only what the service stated and nobody has stored is news.
 */
export const isNews = ({ enforcedBy, throttling }: Pick<MetLimit, "enforcedBy" | "throttling">): boolean =>
  throttling === undefined || (enforcedBy === "service" && !throttling.isStored)

/** Why requests wait after a limit. Of a request that the throttle kept back, the reason of the limit itself. */
export const afterLimit = (met: MetLimit, cause: "limit" | "fault" = "limit"): WaitReason => ({
  message: met.throttling?.why ?? met.message,
  enforcedBy: met.enforcedBy,
  cause: isNews(met) ? cause : "restored",
  ...(met.isSecondary === true ? { isSecondary: true } : {})
})

/** A shorter wait is over before a person can read about it. */
const minSharedWait = Duration.seconds(15)

/** How a wait is stored: as a limit that holds every process, as a refusal that every process shows, or not at all. */
export const storedAs = (
  { cause, enforcedBy }: Pick<WaitReason, "cause" | "enforcedBy">,
  wait: Duration.Duration
): "limit" | "refusal" | "nothing" => {
  if (cause === "restored") return "nothing"
  if (cause === "limit") return enforcedBy === "service" ? "limit" : "nothing"
  return Duration.isLessThan(wait, minSharedWait) ? "nothing" : "refusal"
}
