/**
 * What GitHub refuses at present: all requests, or those of one kind.
 *
 * A block stays although its time is over, until a request is answered, so that one request at a time finds out.
 */
import { Clock, Duration, Effect, Option } from "effect"
import type { Kind } from "../limits/refusalEvidence.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { GithubError } from "./errors.ts"
import { globalRefusal, kindRefusal, type RefusedKind, refusalWait } from "./refusals.ts"

/** A refusal that holds until a request is answered. */
export interface RefusalBlock {
  /** Epoch milliseconds. */
  readonly until: number
  /** How often it was renewed in a row. */
  readonly times: number
  /** What is reported: which requests are refused, and what to do. */
  readonly error: GithubError
  /** The refusal that began it. */
  readonly cause: GithubError
}

const logAccepted = Telemetry.log("Info", "github.accepted", {})

/** No block yet. `hasToken` decides what a refusal advises. */
export const make = (hasToken: boolean) => {
  const blocks = new Map<Kind | "all", RefusalBlock>()
  return {
    get: (requests: Kind | "all"): RefusalBlock | undefined => blocks.get(requests),
    /** Blocks all requests, or those of one kind, for longer each time, and fails with what to do. */
    block: Effect.fnUntraced(function* (requests: RefusedKind | "all", error: GithubError) {
      const times = (blocks.get(requests)?.times ?? 0) + 1
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(refusalWait(times, error))
      const refusal =
        requests === "all"
          ? globalRefusal(error, { hasToken, until })
          : kindRefusal(error, { hasToken, until, kind: requests })
      blocks.set(requests, { until, times, error: refusal, cause: error })
      yield* Telemetry.log("Warn", "github.refused", {
        detail: refusal.message,
        until: new Date(until).toISOString()
      })
      return yield* refusal
    }),
    /** Ends the block of a kind, one of whose requests was answered. */
    end: (kind: Kind): Effect.Effect<void> => Effect.suspend(() => (blocks.delete(kind) ? logAccepted : Effect.void)),
    /** Ends all blocks. */
    endAll: Effect.suspend(() => {
      blocks.clear()
      return logAccepted
    }),
    /** The refusal of all requests, else that of a kind. */
    refusal: (): Option.Option<GithubError> =>
      Option.fromNullishOr((blocks.get("all") ?? [...blocks.values()][0])?.error)
  }
}

export type Blocks = ReturnType<typeof make>
