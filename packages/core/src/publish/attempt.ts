/**
 * One attempt to publish a claimed file: a lookup when an earlier request may have created the item (reconcile.ts), then read
 * (read.ts), find the target, send, settle.
 *
 * Guarantees: however an attempt ends, the row says truthfully whether something may have been created. The request and
 * the storing of its outcome cannot be interrupted.
 */
import { Clock, Effect, Option } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import { skippedByRule } from "../domain/Publication.ts"
import type { ContentCache } from "../github/ContentCache.ts"
import type { Github } from "../github/Github.ts"
import type { Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import { contentFor } from "./content.ts"
import { release } from "./decision.ts"
import type { Failures } from "./failures.ts"
import { missing } from "./githubOutcome.ts"
import type { Pausing } from "./pausing.ts"
import * as Read from "./read.ts"
import * as Reconcile from "./reconcile.ts"
import type { Delivery, Sink, SinkError } from "./Sink.ts"
import { ending, type Settling, type State } from "./settle.ts"

export const make = Effect.fnUntraced(function* (parts: {
  readonly contents: ContentCache["Service"]
  readonly failures: Failures
  readonly github: Github["Service"]
  readonly pausing: Pausing
  readonly publications: Store["Service"]["publications"]
  readonly settling: Settling
  readonly sink: Sink["Service"]
}) {
  const { failures, publications, sink } = parts
  const { pauses } = parts.pausing
  const { settle } = parts.settling
  const read = yield* Read.make(parts)
  const reconcile = Reconcile.make({ ...parts, read })

  /** Ends the attempt when publishing, or the claim's user, is paused. */
  const holdBack = Effect.fnUntraced(function* (claim: Claim, { isProbe }: { readonly isProbe: boolean }) {
    const at = yield* Clock.currentTimeMillis
    const pause = pauses.current(at)
    if (pause !== undefined && !isProbe) yield* ending(settle(claim, release("Paused", pause.message)))
    if (!pauses.isBlocked(claim.userKey, at)) return
    const message = claim.errorMessage ?? "The last files of this user failed, one after the other"
    yield* ending(settle(claim, release(claim.errorReason ?? "Paused", message)))
  })

  const send = Effect.fnUntraced(function* (claim: Claim) {
    const found = yield* Effect.catchTag(read(claim), "GithubError", (error) => ending(failures.ofGithub(claim, error)))
    if (Option.isNone(found)) {
      return yield* settle(
        claim,
        missing(claim, { once: "FileNotFound", twice: "FileGone", message: "The gist no longer has this file" })
      )
    }
    const { content, description, isFork, type } = found.value
    if (isFork === true && claim.skipIfFork !== null) {
      return yield* settle(claim, { _tag: "skip", reason: skippedByRule, message: claim.skipIfFork })
    }
    const delivery: Delivery = { ...claim, description, type }
    const target = yield* Effect.catchTag(sink.target(delivery), "SinkError", (error) =>
      ending(failures.ofSink(claim, error, { step: "target" }))
    )
    // Runs right before the request, behind every wait: a process that slept past its lease must not send.
    const begin = Effect.catch(publications.beginSend(claim, target), () => Effect.succeed(false))
    return yield* sink.create({ target, delivery, content: contentFor(claim, content), begin }).pipe(
      Effect.matchEffect({
        onSuccess: ({ remark = null, remoteId }) => {
          failures.targetWorks(claim.userKey)
          return settle({ ...claim, target }, { _tag: "published", how: "published", remoteId, remark })
        },
        onFailure: (error: SinkError) => failures.ofSink(claim, error, { step: "create", target })
      }),
      Effect.uninterruptible
    )
  })

  return (claim: Claim, { isProbe }: { readonly isProbe: boolean }): Effect.Effect<State, DatabaseError> =>
    holdBack(claim, { isProbe }).pipe(
      Effect.andThen(reconcile(claim)),
      Effect.flatMap(send),
      Effect.catchTag("Ended", ({ state }) => Effect.succeed(state))
    )
})
