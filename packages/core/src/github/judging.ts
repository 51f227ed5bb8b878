/**
 * Judges whether a refusal of GitHub concerns one thing, all things of its kind, or everything. The probe answers where
 * other requests' refusals alone do not.
 *
 * Hazard: `judge` and `reopen` must not run side by side, or both would send the probe.
 */
import { Clock, Duration, Effect } from "effect"
import * as RefusalEvidence from "../limits/refusalEvidence.ts"
import type { Blocks } from "./blocks.ts"
import type { GithubError } from "./errors.ts"
import { type About, failAsOwn, isRefusal, isWeak, refusalSignature } from "./refusals.ts"

/** How long an answer to the probe counts. */
const probeFreshness = Duration.minutes(1)

/** Judging without any evidence yet. */
export const make = (blocks: Blocks, probe: Effect.Effect<unknown, GithubError>) => {
  /** Whether anything was answered yet. */
  let isProven = false
  /** When the probe was last answered, in epoch milliseconds. */
  let probedAt = Number.NEGATIVE_INFINITY
  let evidence = RefusalEvidence.none

  const isOwnTroubleOfFeed = (error: GithubError): boolean =>
    RefusalEvidence.isOwn(evidence, { kind: "feed", thing: "feed", signature: refusalSignature(error) })

  /** Sends the probe after a refusal, and fails when everything is refused or when the probe shows nothing. */
  const confirm = (error: GithubError, now: number): Effect.Effect<void, GithubError> =>
    Effect.matchEffect(probe, {
      onSuccess: () =>
        Effect.sync(() => {
          probedAt = now
          isProven = true
        }),
      onFailure: (probed) => {
        if (!isRefusal(probed)) return Effect.fail(error)
        const isAlike = isWeak(probed) === isWeak(error) && !isOwnTroubleOfFeed(probed)
        return isAlike ? blocks.block("all", error) : Effect.void
      }
    })

  return {
    /** Fails with the refusal of everything or of the kind, or with the refusal as the thing's own. */
    judge: Effect.fnUntraced(function* (about: About, error: GithubError) {
      const now = yield* Clock.currentTimeMillis
      const all = blocks.get("all")
      // Another request has found out meanwhile.
      if (all !== undefined && all.until > now) return yield* all.error
      const refused = RefusalEvidence.refused(evidence, { ...about, signature: refusalSignature(error) })
      evidence = refused.evidence
      const { equal, isNew } = refused
      const { kind } = about
      if (equal === 0 || kind === "feed" || kind === "query") return yield* failAsOwn(error)
      // Before anything was answered, the address of the API itself may be wrong.
      if (isWeak(error) && equal < RefusalEvidence.signs && isProven) return yield* error
      const isFresh = now - probedAt < Duration.toMillis(probeFreshness) && now >= probedAt
      if (!isFresh) yield* confirm(error, now)
      if (!isWeak(error) && equal >= RefusalEvidence.signs && isNew) return yield* blocks.block(kind, error)
      return yield* failAsOwn(error)
    }),
    /** After a block of everything, the probe finds out whether the block is over: fails while it is not. */
    reopen: Effect.gen(function* () {
      const all = blocks.get("all")
      if (all === undefined) return
      const now = yield* Clock.currentTimeMillis
      if (all.until > now) return yield* all.error
      yield* Effect.catch(probe, (probed) => {
        // A failure of another kind shows nothing: the next request sends the probe again.
        if (!isRefusal(probed)) return Effect.fail(probed)
        // A server without the feed that accepts the token does answer.
        return isWeak(all.cause) || !isWeak(probed) ? blocks.block("all", all.cause) : Effect.void
      })
      probedAt = now
      evidence = RefusalEvidence.none
      yield* blocks.endAll
    }),
    /** Notes that a request was answered, which ends the block of its kind. */
    noteAnswered: (about: About): Effect.Effect<void> =>
      Effect.suspend(() => {
        isProven = true
        evidence = RefusalEvidence.answered(evidence, about)
        return blocks.end(about.kind)
      })
  }
}
