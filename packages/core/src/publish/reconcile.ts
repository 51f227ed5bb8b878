/**
 * The lookup before a file is sent again: finds what an earlier request may have created.
 *
 * Guarantees: a lookup without a result is believed after `Timing.certainDelay`, and not before.
 */
import { Duration, Effect, Option, Result } from "effect"
import type { DatabaseError } from "../database/Database.ts"
import type { Content } from "../domain/GistFile.ts"
import * as rules from "../domain/rules.ts"
import * as Timing from "../domain/Timing.ts"
import type { Claim } from "../store/Publications.ts"
import type { Store } from "../store/Store.ts"
import { contentFor } from "./content.ts"
import type { Failures } from "./failures.ts"
import { beforeResend, notThereYet } from "./outcome.ts"
import type { Read } from "./read.ts"
import type { Sink } from "./Sink.ts"
import { ending, type Settling, type State } from "./settle.ts"

interface Parts {
  readonly failures: Failures
  readonly publications: Store["Service"]["publications"]
  readonly read: Read
  readonly settling: Settling
  readonly sink: Sink["Service"]
}

/** Lookups before resends. Nothing is created while a lookup is not answered. */
export const make = ({ failures, publications, read, settling: { settle }, sink }: Parts) => {
  /** Completes what a lookup found. A sink that makes one thing by several requests may have been cut off between them. */
  const adopt = Effect.fnUntraced(function* (claim: Claim, remoteId: string): Effect.fn.Return<State, DatabaseError> {
    const adopted = { _tag: "published", how: "adopted", remoteId } as const
    const finish = sink.finishOf?.(claim.target ?? "")
    if (finish === undefined) return yield* settle(claim, { ...adopted, remark: null })
    const found = yield* Effect.result(read(claim))
    if (Result.isFailure(found) && found.failure.isGlobal) {
      return yield* failures.ofContent(claim, found.failure)
    }
    const content = Option.match(Option.flatten(Result.getSuccess(found)), {
      onNone: (): Content => ({ _tag: "Omitted", why: "GitHub does not show the file any more" }),
      onSome: ({ content }) => contentFor(claim, content)
    })
    return yield* finish(remoteId, claim, content).pipe(
      Effect.matchEffect({
        onSuccess: ({ remark = null }) => settle(claim, { ...adopted, remark }),
        onFailure: (error) => failures.ofFinish(claim, error, remoteId)
      })
    )
  })

  /** The remote ids of the items that earlier requests created. `None` when the target is gone, and its items with it. */
  const lookup = (claim: Claim, target: string, sentAt: NonNullable<Claim["sentAt"]>) =>
    sink.find(target, claim, sentAt).pipe(
      Effect.asSome,
      Effect.catchReason("SinkError", "TargetGone", () => Effect.succeedNone),
      Effect.catchTag("SinkError", (error) => ending(failures.ofSink(claim, error, { step: "lookup" })))
    )

  /** Runs the lookup for what an earlier request may have created. Answers the claim to send, or ends the attempt. */
  return Effect.fnUntraced(function* (claim: Claim) {
    const { sentAt, target } = claim
    if (!rules.lookupBeforeResend || sentAt === null || target === null) return claim
    const found = yield* lookup(claim, target, sentAt)
    if (Option.isSome(found)) {
      const [first, ...duplicates] = found.value
      if (first !== undefined) {
        yield* publications.addDuplicates(
          claim,
          duplicates.map((id) => sink.duplicateId?.(id, target) ?? id)
        )
        return yield* ending(adopt(claim, first))
      }
      const early = Duration.toMillis(Timing.certainDelay) - Math.max(claim.sentAgo ?? 0, 0) * 1_000
      if (early > 0) return yield* ending(settle(claim, notThereYet(Duration.millis(early))))
    }
    yield* publications.absent(claim)
    const absent = { ...claim, sentAt: null }
    const given = beforeResend(absent)
    return given === undefined ? absent : yield* ending(settle(absent, given))
  })
}
