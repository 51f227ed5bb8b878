/**
 * What GitHub refuses at present: all requests, or those of one kind.
 *
 * A block stays although its time is over, until a request is answered, so that one request at a time finds out.
 */
import { Clock, Duration, Effect, Option } from "effect"
import type { Kind } from "../net/refusalEvidence.ts"
import * as Telemetry from "../telemetry/Telemetry.ts"
import type { GithubError } from "./errors.ts"
import { globalRefusal, refusalWait } from "./refusals.ts"

export interface Block {
  /** Epoch milliseconds. */
  readonly until: number
  /** How often it was renewed in a row. */
  readonly times: number
  readonly error: GithubError
}

export const make = (hasToken: boolean) => {
  const blocks = new Map<Kind | "all", Block>()
  return {
    get: (kind: Kind | "all"): Block | undefined => blocks.get(kind),
    /** Blocks one kind of requests, or all, for longer each time, and fails with what to do. */
    block: Effect.fnUntraced(function* (kind: Kind | "all", error: GithubError) {
      const times = (blocks.get(kind)?.times ?? 0) + 1
      const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(refusalWait(times, error))
      const refusal = globalRefusal(error, { hasToken, until })
      blocks.set(kind, { until, times, error: refusal })
      yield* Telemetry.log("Warn", "github.refused", {
        detail: refusal.message,
        until: new Date(until).toISOString()
      })
      return yield* refusal
    }),
    end: (kind: Kind): void => void blocks.delete(kind),
    clear: (): void => blocks.clear(),
    /** The refusal of all requests, else that of a kind. */
    refusal: (): Option.Option<GithubError> =>
      Option.fromNullishOr((blocks.get("all") ?? [...blocks.values()][0])?.error)
  }
}
